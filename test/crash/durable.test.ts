// Between the INSERT of a job and its acknowledgement the WAL is written and synced: seen from under the database.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ActorStage } from "./actorStage.ts";
import type { ChildOptions } from "./child.ts";
import { buildFilesLibrary, hasStrace } from "./underTest.ts";

const COUNT = 20;
const tools = mkdtempSync(join(tmpdir(), "durable-"));
afterAll(() => rmSync(tools, { recursive: true }));
const library = buildFilesLibrary(tools);
const stage = new ActorStage();

type Event = "write wal" | "sync wal" | `before ${number}` | `acked ${number}`;
interface Watch {
  readonly why: string;
  readonly possible: boolean;
  options(marksPath: string): ChildOptions;
  events(marksPath: string): readonly Event[];
}
const linesOf = (path: string): readonly string[] => readFileSync(path, "utf8").split("\n");

/** A line of strace -y: `123 pwrite64(20</tmp/x/test.db-wal>, ...`. */
const straceEvent = (line: string): readonly Event[] => {
  const mark = /\bwrite\(\d+<[^>]*marks>, "((?:before|acked) \d+)\\n"/.exec(line)?.[1];
  if (mark) return [mark as Event];
  const call = /\b(pwrite64|fdatasync|fsync)\(\d+<[^>]*-wal>/.exec(line)?.[1];
  return call === undefined ? [] : [call === "pwrite64" ? "write wal" : "sync wal"];
};
const watches: Readonly<Record<string, Watch>> = {
  strace: {
    why: "no strace that may trace",
    possible: hasStrace(),
    options: (marksPath) => {
      const calls = "trace=write,pwrite64,fdatasync,fsync";
      return { under: ["strace", "-f", "-y", "-e", calls, "-e", "signal=none", "-o", `${marksPath}.trace`] };
    },
    events: (marksPath) => linesOf(`${marksPath}.trace`).flatMap(straceEvent),
  },
  "a preloaded library": {
    why: "no C compiler",
    possible: library !== undefined,
    // It notes the database's calls in the very file that the process writes its marks to.
    options: (marksPath) => ({ env: { LD_PRELOAD: library!, FILES_LOG: marksPath } }),
    events: (marksPath) => linesOf(marksPath).filter((line): line is Event => line !== ""),
  },
};

/** The enqueues whose last write to the WAL was synced before they were acknowledged. */
const durable = (events: readonly Event[]): readonly number[] =>
  Array.from({ length: COUNT }, (_, i) => i).filter((i) => {
    const from = events.indexOf(`before ${i}`);
    const to = events.indexOf(`acked ${i}`);
    if (from < 0 || to < from) throw new Error(`enqueue ${i} was not seen: ${events.slice(0, 20).join(", ")}`);
    const during = events.slice(from, to);
    const written = during.lastIndexOf("write wal");
    return written >= 0 && during.lastIndexOf("sync wal") > written;
  });

describe.each(Object.entries(watches))("invariant 2, seen by %s", (_, { why, possible, options, events }) => {
  const seen = async (synchronous: "FULL" | "OFF"): Promise<readonly number[]> => {
    const marksPath = join(stage.dir, "marks");
    const peer = stage.peer(options(marksPath));
    expect(await stage.command(peer, { do: "push", count: COUNT, marksPath, synchronous })).toBe("pushed");
    return durable(events(marksPath));
  };
  const skipped = possible ? "" : ` (skipped: ${why})`;
  test.skipIf(!possible)(`an enqueue is synced to the disk before it is acknowledged${skipped}`, async () => {
    expect(await seen("FULL")).toHaveLength(COUNT);
  });
  test.skipIf(!possible)(`without synchronous=FULL the same look finds none${skipped}`, async () => {
    expect(await seen("OFF")).toEqual([]);
  });
});
