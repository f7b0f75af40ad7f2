// `trader jobs watch`: the frame as exact text, the screen as the exact bytes a terminal gets, and that looking only
// looks.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../../../db/open.ts";
import { META } from "../../../../db/tables/meta.ts";
import type { Terminal } from "../../../../handlers/cli/terminal.ts";
import { cutTo, openScreen, textWidth } from "../../../../handlers/cli/terminal.ts";
import { AppError } from "../../../../lib/core/errors.ts";
import { epochMs, HOUR_MS, isoUtc, MINUTE_MS, SECOND_MS } from "../../../../lib/core/time.ts";
import type { Outcome } from "../../../../queue/types.ts";
import { startTrader, tempFolder } from "../../../e2e/trader.ts";
import { closeWorlds, done, gate, handler, job, T0, type World, world } from "../../../queue/world.ts";
import { commandsOn } from "../commands.ts";

afterEach(closeWorlds);

const fakeTerminal = (columns: number, rows: number, colour = false) => {
  const written: string[] = [];
  const listeners = new Set<() => void>();
  const size = { columns, rows };
  const terminal: Terminal = {
    columns: () => size.columns,
    rows: () => size.rows,
    colour,
    write: (text) => void written.push(text),
    onResize: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const resize = (to: { columns: number; rows: number }): void => {
    Object.assign(size, to);
    for (const listener of listeners) listener();
  };
  return { terminal, written, listeners, resize };
};

/** One job of every kind, an entry under a halt, two schedules, a worker that is in the middle of a job. */
const busyWorld = async () => {
  const running = gate();
  const release = gate();
  const w = world([
    handler("fetch", () => done),
    handler("broken", () => {
      throw new AppError("permanent", "REFUSED", "the venue said no");
    }),
    handler("ask", (): Outcome => ({ kind: "park", deadlineMs: epochMs(T0 + HOUR_MS) })),
    handler("enter", () => done, { risk: "adding" }),
    handler("slow", async () => {
      running.open();
      await release.opened;
      return done;
    }),
  ]);
  w.db.transaction((tx) => tx.halts.raise({ kind: "stop", reason: "owner", atMs: T0, untilMs: epochMs(T0 + HOUR_MS) }));
  const schedule = { input: {}, handler: "fetch", everyMs: HOUR_MS, policy: "skip" } as const;
  w.scheduler.declareSchedule({ ...schedule, name: "hourly", offsetMs: 7 * MINUTE_MS });
  w.scheduler.declareSchedule({ ...schedule, name: "held", offsetMs: 0 });
  w.scheduler.setPaused("held", true);
  for (const name of ["fetch", "broken", "ask", "enter"]) w.store.enqueue(job(name, `${name}-1`));
  w.clock.pass(3 * SECOND_MS);
  w.store.enqueue(job("slow", "s"));
  const drain = w.worker({ bootId: "boot" }).drain();
  await running.opened;
  w.clock.pass(95 * SECOND_MS);
  w.ledger("boot").heartbeat();
  w.clock.pass(4 * SECOND_MS);
  const end = async (): Promise<void> => {
    release.open();
    await drain;
  };
  return { w, end };
};
const lines = async (w: World, ...args: string[]) =>
  (await commandsOn(w).trader("jobs", "watch", "--once", ...args)).split("\n");

describe("trader jobs watch --once", () => {
  test("the whole frame", async () => {
    const { w, end } = await busyWorld();
    const frame = await lines(w);
    await end();
    expect(frame).toEqual([
      `2026-11-02 09:01:42 JST  ${w.dir} (no mode yet)`,
      "ready 1  running 1  parked 1  dead 1  done 1  cancelled 0  expired 0",
      "due now 1, the oldest since 1 min 42 s; ended in the last minute 0, hour 2",
      "HALT stop: owner (until 2026-11-02 10:00:00 JST)",
      `worker (pid ${process.pid}): heartbeat 4.0 s ago, up 1 min 39 s`,
      "running",
      "  ID  HANDLER  KEY  TRY  FOR",
      "  5   slow     s    1/3  1 min 39 s",
      "failed attempts of the last 24 h: 1, the newest",
      "  ID  HANDLER  AGO         TRY  JOB IS  ERROR",
      "  2   broken   1 min 39 s  1/3  dead    REFUSED: the venue said no",
      "  NEXT TICK  IN          JST",
      "  hourly     5 min 18 s  09:07:00",
      "  held       PAUSED      09:00:00",
    ]);
  });

  test("--json is one object a frame with the same facts", async () => {
    const { w, end } = await busyWorld();
    const frame = JSON.parse((await lines(w, "--json")).join(""));
    await end();
    expect(frame).toMatchObject({
      at: isoUtc(epochMs(T0 + 102 * SECOND_MS)),
      mode: null,
      states: { ready: 1, running: 1, parked: 1, dead: 1, done: 1 },
      due: 1,
      oldestDueAt: isoUtc(epochMs(T0)),
      finishedLastMinute: 0,
      finishedLastHour: 2,
      halts: [{ kind: "stop", reason: "owner", endsAt: isoUtc(epochMs(T0 + HOUR_MS)) }],
      workers: [{ bootId: "boot", pid: process.pid, process: "alive", heartbeatAgeMs: 4_000 }],
      running: [{ job: { id: 5, name: "slow", key: "s", attempts: 1, maxAttempts: 3, worker: "boot" }, ageMs: 99_000 }],
      failures: [{ jobId: 2, state: "dead", error: { code: "REFUSED" } }],
      failuresLastDay: 1,
      schedules: [
        { name: "hourly", nextTickAt: isoUtc(epochMs(T0 + 7 * MINUTE_MS)), paused: false },
        { name: "held", paused: true },
      ],
    });
  });

  test("an empty folder is reported, as is a worker that stopped, died or hangs", async () => {
    const w = world([handler("fetch", () => done)]);
    expect((await lines(w)).slice(3)).toEqual([
      "NO WORKER RUNS: none has ever run here",
      "nothing runs",
      "no failed attempt in the last 24 h",
      "no schedules: the worker declares them when it first starts",
    ]);
    const ledger = w.ledger("a");
    w.clock.pass(31 * SECOND_MS);
    expect((await lines(w))[3]).toBe(`worker (pid ${process.pid}) is SILENT: heartbeat 31 s ago, up 31 s`);
    ledger.heartbeat();
    ledger.stopWorker();
    w.clock.pass(2 * MINUTE_MS);
    expect((await lines(w))[3]).toBe(`NO WORKER RUNS: worker (pid ${process.pid}) stopped 2 min ago`);
    const child = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => child.on("close", resolve));
    w.db.sql
      .prepare("INSERT INTO workers (boot_id, pid, host, started_ms, heartbeat_ms) VALUES ('b', ?, ?, ?, ?)")
      .run(child.pid, w.db.sql.prepare("SELECT host FROM workers").pluck().get(), w.clock.realMs, w.clock.realMs);
    w.clock.pass(5 * SECOND_MS);
    expect((await lines(w))[3]).toBe(`NO WORKER RUNS: worker (pid ${child.pid}) is gone, its last heartbeat 5.0 s ago`);
  });
});

test("no prices of the exchange stand out while a worker runs, as in trader status; of one that stopped they are no news", async () => {
  const w = world([handler("fetch", () => done)]);
  const ledger = w.ledger("a");
  const none = { sinceMs: T0, why: "dns: ENOTFOUND", symbols: ["BTC_JPY"] };
  w.db.transaction((tx) => tx.meta.set(META.noPrices, JSON.stringify(none)));
  expect(await lines(w)).toContain("NO PRICES of BTC_JPY since 2026-11-02 09:00 JST (dns: ENOTFOUND)");
  expect(JSON.parse((await lines(w, "--json")).join(""))).toMatchObject({
    noPrices: { sinceAt: isoUtc(epochMs(T0)), why: none.why, symbols: none.symbols },
  });
  w.db.transaction((tx) => tx.meta.set(META.noPrices, ""));
  expect((await lines(w)).join("\n")).not.toContain("NO PRICES");
  w.db.transaction((tx) => tx.meta.set(META.noPrices, JSON.stringify(none)));
  ledger.stopWorker();
  expect((await lines(w)).join("\n")).not.toContain("NO PRICES");
  expect(JSON.parse((await lines(w, "--json")).join(""))).toMatchObject({ noPrices: null });
});

describe("trader jobs watch", () => {
  /** Watches for `frames` frames; the sleep in between moves the clock, then `between` happens. */
  const watched = async (
    w: World,
    frames: number,
    terminal?: Terminal,
    between: (round: number) => unknown = () => {},
  ) => {
    const controller = new AbortController();
    const slept: number[] = [];
    let released = false;
    const commands = commandsOn(w, {
      ...(terminal ? { terminal } : {}),
      sleep: async (ms) => {
        slept.push(ms);
        w.clock.pass(ms);
        await between(slept.length);
        if (slept.length === frames) controller.abort();
      },
      interruption: () => ({
        signal: controller.signal,
        release: () => {
          released = true;
        },
      }),
    });
    await commands.trader("jobs", "watch", "--interval", "1.5");
    return { out: commands.out, slept, released };
  };

  test("without a terminal: a frame per interval, no escape codes, an end without an error", async () => {
    const w = world([handler("fetch", () => done)]);
    const { out, slept, released } = await watched(w, 3);
    expect(slept).toEqual([1_500, 1_500, 1_500]);
    expect(
      out.filter((text) => text.startsWith("2026")).map((text) => /\d{4}-\d\d-\d\d \S+ JST/.exec(text)?.[0]),
    ).toEqual(["2026-11-02 09:00:00 JST", "2026-11-02 09:00:01 JST", "2026-11-02 09:00:03 JST"]);
    expect(out.join("")).not.toContain("\u001b");
    expect(released).toBe(true);
  });

  test("on a terminal: drawn in place in one write a frame, and the terminal is given back", async () => {
    const { w, end } = await busyWorld();
    const { terminal, written, listeners } = fakeTerminal(60, 10);
    const { out } = await watched(w, 2, terminal);
    await end();
    expect(out).toEqual([]);
    expect(written[0]).toBe("\u001b[?1049h\u001b[?25l\u001b[2J");
    expect(written.at(-1)).toBe("\u001b[0m\u001b[?25h\u001b[?1049l");
    const frames = written.slice(1, -1);
    expect(frames).toHaveLength(2);
    for (const frame of frames) {
      expect(frame.startsWith("\u001b[H")).toBe(true);
      expect(frame.endsWith("\u001b[K\u001b[J")).toBe(true);
      const shown = frame.slice(3, -6).split("\u001b[K\r\n");
      expect(shown).toHaveLength(10);
      expect(shown.map(textWidth).every((width) => width < 60)).toBe(true);
      expect(shown.at(-1)).toMatch(/^… \d+ more lines$/);
    }
    expect(listeners.size).toBe(0);
  });

  test("a resized terminal is redrawn at once from what was read; colours only where they are wanted", async () => {
    const { w, end } = await busyWorld();
    const plain = fakeTerminal(100, 30);
    await watched(w, 1, plain.terminal, () => plain.resize({ columns: 40, rows: 5 }));
    expect(plain.written).toHaveLength(4);
    expect(plain.written[2]!.split("\r\n")).toHaveLength(5);
    // Only the end sets a colour: none.
    const codes = plain.written.slice(0, -1).flatMap((text) => text.split("\u001b["));
    expect(codes.filter((code) => /^\d+m/.test(code))).toEqual([]);
    const coloured = fakeTerminal(100, 30, true);
    await watched(w, 1, coloured.terminal);
    await end();
    expect(coloured.written[1]).toContain("\u001b[31mHALT stop: owner");
  });

  test("an error in a look ends it with the terminal given back", async () => {
    const w = world([handler("fetch", () => done)]);
    const { terminal, written } = fakeTerminal(80, 24);
    const breakIt = () => w.db.sql.exec("DROP TABLE schedules");
    await expect(watched(w, 5, terminal, breakIt)).rejects.toThrow(/schedules/);
    expect(written.at(-1)).toBe("\u001b[0m\u001b[?25h\u001b[?1049l");
  });

  test("between frames it holds no lock and no old state: another process writes, truncates the WAL, and is seen", async () => {
    const w = world([handler("fetch", () => done)]);
    const busy: unknown[] = [];
    const { out } = await watched(w, 2, undefined, () => {
      w.db.sql.exec("BEGIN EXCLUSIVE; COMMIT");
      w.store.enqueue(job("fetch", `k${busy.length}`));
      busy.push(w.db.sql.pragma("wal_checkpoint(TRUNCATE)"));
    });
    // A reader in the middle of a transaction would make the checkpoint busy.
    expect(busy).toMatchObject([[{ busy: 0, log: 0 }], [{ busy: 0, log: 0 }]]);
    expect(out.filter((text) => text.includes("ready")).map((text) => /ready (\d+)/.exec(text)?.[1])).toEqual([
      "0",
      "1",
    ]);
  });

  test("a writer that holds the file does not hold up a look", async () => {
    const w = world([handler("fetch", () => done)]);
    w.db.sql.exec("BEGIN IMMEDIATE");
    const { trader } = commandsOn(w);
    for (const args of [
      ["jobs", "watch", "--once"],
      ["jobs", "list"],
      ["jobs", "stats"],
      ["schedules", "list"],
    ])
      expect(await trader(...args)).not.toBe("");
    w.db.sql.exec("ROLLBACK");
  });
});

describe("trader jobs watch as a process", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("%s ends it well", async (signal) => {
    const dir = tempFolder();
    openDatabase(join(dir, "trader.db")).close();
    const { child, ended, saying } = startTrader(["jobs", "watch", "--interval", "0.1", "--var", dir]);
    await saying("NO WORKER RUNS");
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: "" });
  });
});

describe("the terminal", () => {
  test.each([
    ["short", 10, "short"],
    ["exactly ten", 11, "exactly ten"],
    ["exactly ten", 10, "exactly t…"],
    ["取引所が停止", 12, "取引所が停止"],
    ["取引所が停止", 11, "取引所が停…"],
    ["取引所が停止", 10, "取引所が…"],
    ["anything", 0, ""],
  ])("%s in %i columns is %s", (text, width, cut) => {
    expect(cutTo(text, width)).toBe(cut);
    expect(textWidth(cut)).toBeLessThanOrEqual(width);
  });

  test("a closed screen draws no more and closes once", () => {
    const { terminal, written } = fakeTerminal(20, 3);
    const screen = openScreen(terminal);
    screen.close();
    screen.close();
    screen.draw([{ text: "late" }]);
    expect(written).toHaveLength(2);
  });
});
