import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { META } from "../../../../db/tables/meta.ts";
import { registerEvents } from "../../../../handlers/cli/setup/events.ts";
import { UsageError } from "../../../../lib/core/errors.ts";
import { newsGate } from "../../../../lib/core/events.ts";
import { parseInstant } from "../../../../lib/core/time.ts";
import { type Book, openBook } from "../../report/book.ts";

const HEADER = "time_utc,currency,importance,title";
let book: Book;
let folder: string;
let lines: string[];
let notes: string[];
beforeEach(() => {
  book = openBook(parseInstant("2025-07-30T00:00:00Z"));
  folder = mkdtempSync(join(tmpdir(), "events-"));
  lines = [];
  notes = [];
});
afterEach(() => {
  book.close();
  rmSync(folder, { recursive: true });
});

const trader = (...words: string[]): readonly string[] => {
  lines = [];
  const program = new Command("trader").exitOverride();
  registerEvents(program, {
    open: () => ({ db: book.db, clock: book.clock, close: () => undefined }),
    out: (text) => lines.push(text),
    err: (text) => notes.push(text),
  });
  program.parse(["node", "trader", "events", ...words]);
  return lines;
};
const file = (text: string | Uint8Array): string => {
  const path = join(folder, "events.csv");
  writeFileSync(path, text);
  return path;
};
const rows = () => book.db.sql.prepare("SELECT count(*) FROM economic_events").pluck().get();
const GOOD = `${HEADER}\n2025-07-30T18:00:00Z,USD,high,FOMC Decision\n2025-07-31T03:00:00Z,JPY,high,BOJ Statement on Monetary Policy\n`;

describe("trader events import", () => {
  test("a folder without a database is reported: the path may be mistyped", () => {
    trader("import", file(GOOD), "--json");
    expect(notes).toEqual([
      expect.stringMatching(/^note: .*trader\.db has never been used by a worker; .*this --var folder$/),
    ]);
    notes = [];
    book.db.transaction((tx) => tx.meta.set(META.mode, "paper"));
    trader("import", file(GOOD));
    expect(notes).toEqual([]);
  });
  test("a calendar without a future event is reported: the news gate is blind", () => {
    book.db.transaction((tx) => tx.meta.set(META.mode, "paper"));
    trader("import", file(`${HEADER}\n2025-07-29T18:00:00Z,USD,high,FOMC Decision\n`));
    expect(notes).toEqual([
      expect.stringMatching(
        /^note: .*: ENDED 2025-07-30 03:00 JST, the news gate sees no events: .* with events to come$/,
      ),
    ]);
    notes = [];
    trader("import", file(GOOD));
    expect(notes).toEqual([]);
  });
  test("adds, then changes nothing, then changes what changed; each real change is audited", () => {
    const path = file(GOOD);
    expect(JSON.parse(trader("import", path, "--json")[0]!)).toEqual({
      file: path,
      added: 2,
      changed: 0,
      unchanged: 0,
      firstAt: "2025-07-30T18:00:00.000Z",
      lastAt: "2025-07-31T03:00:00.000Z",
    });
    expect(trader("import", path)[0]).toMatch(
      /0 added, 0 changed, 2 unchanged; 2025-07-31 03:00 JST to 2025-07-31 12:00 JST$/,
    );
    file(GOOD.replace("USD,high", "USD,low"));
    expect(trader("import", path)[0]).toContain("0 added, 1 changed, 1 unchanged");
    expect(rows()).toBe(2);
    const audit = book.db.read.audit.after(0);
    expect(audit.map((a) => [a.kind, a.data["added"], a.data["changed"]])).toEqual([
      ["events.imported", 2, 0],
      ["events.imported", 0, 1],
    ]);
    expect(book.db.read.audit.firstBroken()).toBeUndefined();
  });

  test("one bad line refuses the whole file and leaves the table as it was", () => {
    trader("import", file(GOOD));
    const bad = file(`${GOOD}2025-08-01T12:30:00Z,USD,high,NFP\n2025-08-01,USD,high,CPI\n`);
    expect(() => trader("import", bad)).toThrow(/line 5: time_utc/);
    expect(rows()).toBe(2);
  });

  test.each<[string, () => string, string]>([
    ["a missing file", () => join(folder, "none.csv"), "EVENTS_FILE"],
    ["a folder", () => folder, "EVENTS_FILE"],
    ["bytes that are no UTF-8", () => file(Uint8Array.of(0xff, 0xfe, 0x00)), "EVENTS_FILE"],
    ["another CSV", () => file("a,b\n1,2\n"), "EVENTS_INVALID"],
  ])("%s is one clear error", (_, path, code) => {
    expect(() => trader("import", path())).toThrow(expect.objectContaining({ code, verdict: "permanent" }));
    expect(rows()).toBe(0);
  });

  test("what was imported is what the news gate sees, BOJ with its wide window", () => {
    trader("import", file(GOOD));
    const blockedAt = (time: string) => {
      const at = parseInstant(time);
      return newsGate(book.db.read.events.near(at), at, 30).event?.title;
    };
    expect(blockedAt("2025-07-30T17:30:00Z")).toBe("FOMC Decision");
    expect(blockedAt("2025-07-30T17:29:59Z")).toBeUndefined();
    expect(blockedAt("2025-07-31T04:30:00Z")).toBe("BOJ Statement on Monetary Policy");
    expect(blockedAt("2025-07-31T04:30:01Z")).toBeUndefined();
  });
});

describe("trader events list", () => {
  beforeEach(() => {
    trader("import", file(GOOD));
  });
  test("by default the next 30 days, with the calendar's end", () => {
    expect(trader("list")).toEqual([
      "2025-07-31 03:00 JST  USD  high    FOMC Decision",
      "2025-07-31 12:00 JST  JPY  high    BOJ Statement on Monetary Policy  ±90 min",
      "the calendar ends 2025-07-31 12:00 JST",
    ]);
  });
  test("a range of JST dates or instants, as one JSON array", () => {
    const json = (...words: string[]) =>
      (JSON.parse(trader("list", "--json", ...words).join("")) as { title: string }[]).map((event) => event.title);
    expect(json("--from", "2025-07-31", "--to", "2025-08-01")).toHaveLength(2);
    expect(json("--from", "2025-07-31T03:00:00Z")).toEqual(["BOJ Statement on Monetary Policy"]);
    expect(json("--from", "2025-07-30T18:00:00Z", "--to", "2025-07-31T03:00:00Z")).toEqual(["FOMC Decision"]);
    expect(json("--from", "2026-01-01")).toEqual([]);
  });
  test("nothing there is said, with where the calendar ends", () => {
    expect(trader("list", "--from", "2026-01-01")).toEqual([
      "no events from 2026-01-01 00:00 JST to 2026-01-31 00:00 JST",
      "the calendar ends 2025-07-31 12:00 JST",
    ]);
  });
  test.each([
    [["--from", "yesterday"], /--from: expected an ISO-8601 time/],
    [["--to", "2025-02-30"], /--to: expected a date/],
    [["--from", "2025-08-02", "--to", "2025-08-01"], /expected --to after --from/],
  ])("%j is wrong use", (words, message) => {
    expect(() => trader("list", ...words)).toThrow(UsageError);
    expect(() => trader("list", ...words)).toThrow(message);
  });
});
