// Files from outside never fill the memory: too large ones are refused before they are read, gzip while it unpacks.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseEventsCsv } from "../../../lib/core/events.ts";
import { FileTooBig, readCapped, readCappedText } from "../../../lib/io/cappedFile.ts";
import { readCandleFile } from "../../../lib/sim/market/candleFile.ts";

const file = (bytes: Buffer | string): string => {
  const path = join(mkdtempSync(join(tmpdir(), "capped-")), "file");
  writeFileSync(path, bytes);
  return path;
};

describe("truth 19: a file with a cap", () => {
  test.each([0, 1, 999, 1_000])("of %d bytes is read", (size) => {
    expect(readCapped(file("x".repeat(size)), 1_000).toString()).toBe("x".repeat(size));
  });
  test("one byte more is refused, with both sizes", () => {
    expect(() => readCapped(file("x".repeat(1_001)), 1_000)).toThrow(
      new FileTooBig("2 kB, of which at most 1 kB are read; split the file"),
    );
  });
  test("without a size of its own it is read up to the cap", () => {
    expect(() => readCapped("/dev/zero", 1_000_000)).toThrow(FileTooBig);
    expect(readCapped("/dev/null", 1_000)).toHaveLength(0);
  });
  test("a gzip is unpacked up to the cap", () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000, 0x31));
    expect(bomb.length).toBeLessThan(30_000);
    expect(() => readCappedText(file(bomb), 1_000_000)).toThrow("more once unpacked, of which at most 1 MB are read");
    expect(readCappedText(file(gzipSync("hello")), 1_000).toString()).toBe("hello");
    expect(() => readCappedText(file(Buffer.from([0x1f, 0x8b, 1, 2])), 1_000)).not.toThrow(FileTooBig);
  });
  test("a missing one is the system's error", () => {
    expect(() => readCapped("/nowhere/at/all", 1_000)).toThrow("ENOENT");
  });
});

test("truth 19: a candle file that unpacks beyond its cap is one clear error", () => {
  const path = file(gzipSync(Buffer.alloc(5_000_000, 0x31)));
  expect(() => readCandleFile(path, 1_000_000)).toThrow(
    expect.objectContaining({ code: "CANDLE_FILE", message: expect.stringContaining("at most 1 MB are read") }),
  );
});

test("truth 19: of two hundred thousand wrong lines twenty are kept and all are counted", () => {
  const text = `time_utc,currency,importance,title\n${"x,y\n".repeat(200_000)}`;
  let thrown: unknown;
  try {
    parseEventsCsv(text);
  } catch (e) {
    thrown = e;
  }
  const { message, data } = thrown as { message: string; data: { problems: number } };
  expect(data.problems).toBe(200_000);
  expect(message.split("\n")).toHaveLength(1 + 20 + 1);
  expect(message).toMatch(/and 199980 more$/);
});

test("truth 19: a problem with a long field is cut", () => {
  const text = `time_utc,currency,importance,title\n2026-01-01T00:00:00Z,${"A".repeat(100_000)},high,x\n`;
  expect(() => parseEventsCsv(text)).toThrow(expect.objectContaining({ message: expect.not.stringMatching(/A{400}/) }));
});
