// The worker's health light as the terminal, the log and systemd see it, and as `trader status` sees it from outside.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openDatabase } from "../../../db/open.ts";
import { type Light, watchLight } from "../../../handlers/cli/light.ts";
import { epochMs } from "../../../lib/core/time.ts";
import { type Clock, realClock } from "../../../lib/io/clock.ts";
import { lockFolder } from "../../../lib/io/lock.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import { ownIdentity } from "../../../lib/io/process.ts";
import type { Notice } from "../../../lib/io/systemd.ts";
import type { Health } from "../../../queue/health.ts";
import { lastJson, traderHere } from "../../e2e/trader.ts";

describe("the light inside the worker", () => {
  let nowMs: number;
  let health: Health;
  let polls: boolean;
  let polledMs: number;
  let said: { fact: object; text: string }[];
  let told: Notice[];
  let light: Light;
  const start = (watchdogEveryMs: number | undefined, describe = () => "mode paper"): void => {
    const clock: Clock = { nowMs: () => epochMs(nowMs), realNowMs: () => epochMs(nowMs), monotonicMs: () => nowMs };
    light = watchLight({
      worker: { health: () => health, polledMs: () => polledMs },
      notifier: { watchdogEveryMs, tell: (notice) => void told.push(notice), close: async () => {} },
      clock,
      log: silentLogger(),
      describe,
      say: (fact, text) => void said.push({ fact, text }),
    });
  };
  const pass = (ms: number): void => {
    for (let i = 0; i < ms; i += 500) {
      nowMs += 500;
      if (polls) polledMs = nowMs;
      vi.advanceTimersByTime(500);
    }
  };
  const signsOfLife = (): number => told.filter((notice) => notice.WATCHDOG === "1").length;
  beforeEach(() => {
    vi.useFakeTimers();
    nowMs = 1_000_000;
    polledMs = nowMs;
    polls = true;
    health = { ok: true };
    said = [];
    told = [];
  });
  afterEach(() => {
    light.end();
    vi.useRealTimers();
  });

  test("says once that it is red and once that it is green again, with how long it was", () => {
    start(30_000);
    pass(3_000);
    health = { ok: false, sinceMs: nowMs, why: "queue.recordFailed: database or disk is full" };
    pass(20_000);
    health = { ok: true };
    pass(5_000);
    expect(said.map((s) => s.text)).toEqual([
      "RED: queue.recordFailed: database or disk is full; trying again until it works",
      "green again after 21 s",
    ]);
    expect(said.map((s) => s.fact)).toEqual([
      { event: "health", ok: false, why: "queue.recordFailed: database or disk is full" },
      { event: "health", ok: true, redMs: 21_000 },
    ]);
    expect(told[0]?.STATUS).toMatch(/RED for \d+ s: queue.recordFailed: database or disk is full, mode paper$/);
    expect(told[1]?.STATUS).toMatch(/, healthy, mode paper$/);
  });

  test("a red light is no hang: signs of life go on, and a restart mends no full disk", () => {
    start(30_000);
    health = { ok: false, sinceMs: nowMs, why: "disk full" };
    pass(120_000);
    expect(signsOfLife()).toBe(4);
  });

  test("a queue that has stopped looking gets no sign of life; when it looks again it does", () => {
    start(30_000);
    pass(60_000);
    expect(signsOfLife()).toBe(2);
    polls = false;
    pass(30_000); // it still looked in the 30 s before
    told = [];
    pass(90_000);
    expect(signsOfLife()).toBe(0);
    expect(told.at(-1)?.STATUS).toMatch(/^HUNG: the queue has stopped looking, \d+ s ago$/);
    polls = true;
    pass(30_000);
    expect(signsOfLife()).toBe(1);
  });

  test("where no watchdog asks, the status line is kept fresh and no sign of life is sent", () => {
    start(undefined);
    pass(90_000);
    expect(told).toHaveLength(3);
    expect(signsOfLife()).toBe(0);
  });

  test("the phases: starting, READY when it runs, STOPPING at the stop; a file that does not answer hides none", () => {
    start(30_000, () => {
      throw new Error("SQLITE_IOERR");
    });
    pass(30_000);
    light.ready();
    light.stopping();
    expect(told).toEqual([
      { STATUS: "starting, healthy", WATCHDOG: "1" },
      { READY: "1", STATUS: "running, healthy" },
      { STOPPING: "1", STATUS: "stopping, healthy" },
    ]);
  });
});

describe("the light in trader status", () => {
  let dir: string;
  let unlock: (() => void) | undefined;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "trader-light-"));
    openDatabase(join(dir, "trader.db")).close();
    unlock = undefined;
  });
  afterEach(() => unlock?.());
  const worker = (row: { heartbeatAgeMs: number; pid?: number; stopped?: boolean }): void => {
    const db = openDatabase(join(dir, "trader.db"));
    const { pid, host } = ownIdentity();
    const atMs = realClock.realNowMs() - row.heartbeatAgeMs;
    db.sql
      .prepare("INSERT INTO workers (boot_id, pid, host, started_ms, heartbeat_ms, stopped_ms) VALUES (?,?,?,?,?,?)")
      .run(`boot${row.heartbeatAgeMs}`, row.pid ?? pid, host, atMs, atMs, row.stopped ? atMs : null);
    db.close();
  };
  const setMode = (mode: string): void => {
    const db = openDatabase(join(dir, "trader.db"));
    db.transaction((tx) => tx.meta.set("mode", mode));
    db.close();
  };
  const status = async () => {
    const json = await traderHere(["status", "--var", dir, "--json"]);
    const text = await traderHere(["status", "--var", dir]);
    expect([json.code, text.code]).toEqual([0, 0]); // a red light is an answer, not a failure
    return {
      health: lastJson<{ health: { light: string; heartbeatAgeSeconds: number | null; why: string | null } }>(json)
        .health,
      text: text.stdout,
    };
  };

  test("green with the heartbeat's age", async () => {
    unlock = lockFolder(dir);
    worker({ heartbeatAgeMs: 9_000 });
    const { health, text } = await status();
    expect(health).toMatchObject({ light: "green", why: null });
    expect(health.heartbeatAgeSeconds).toBeGreaterThanOrEqual(9);
    expect(text).toMatch(/running \(heartbeat \d+ s ago\)/);
    expect(text).not.toMatch(/RED|NOT RUNNING/);
  });

  test("red when the folder is held and the heartbeat is old, with the reason and what to do", async () => {
    unlock = lockFolder(dir);
    worker({ heartbeatAgeMs: 45_000 });
    const { health, text } = await status();
    expect(health.light).toBe("red");
    expect(health.why).toMatch(/last heartbeat is 4\d s old.*hangs.*restart is safe/);
    expect(text).toMatch(/running, RED \(heartbeat 4\d s ago\)\nRED: process \d+ holds the folder/);
  });

  test("red when the heartbeat lies in the future: the clock was set back and the runner has not spoken since", async () => {
    unlock = lockFolder(dir);
    worker({ heartbeatAgeMs: -3_600_000 });
    expect((await status()).health).toMatchObject({ light: "red", why: expect.stringContaining("clock was set back") });
  });

  test("off when nothing holds the folder, however young the heartbeat", async () => {
    worker({ heartbeatAgeMs: 1_000 });
    const { health, text } = await status();
    expect(health).toEqual({ light: "off", heartbeatAgeSeconds: null, why: null });
    expect(text).toContain("NOT RUNNING");
  });

  test.each([
    ["no worker has registered", () => {}],
    ["the last one stopped cleanly", () => worker({ heartbeatAgeMs: 60_000, stopped: true })],
    ["the last one was killed", () => worker({ heartbeatAgeMs: 60_000, pid: 2 ** 22 + 1 })],
  ])("starting when the folder is held and %s", async (_name, rows) => {
    rows();
    unlock = lockFolder(dir);
    const { health, text } = await status();
    expect(health).toEqual({ light: "starting", heartbeatAgeSeconds: null, why: null });
    expect(text).toContain("starting");
  });

  test("a replay is never red: it has no heartbeat", async () => {
    setMode("replay");
    worker({ heartbeatAgeMs: 600_000 });
    unlock = lockFolder(dir);
    expect((await status()).health.light).toBe("green");
  });
});
