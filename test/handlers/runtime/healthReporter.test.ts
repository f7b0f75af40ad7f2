// The worker's health as the terminal, the log and systemd get it, and as `trader status` reads it from outside.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openDatabase } from "../../../db/open.ts";
import { registry } from "../../../handlers/registry.ts";
import { type HealthReporter, startHealthReporter } from "../../../handlers/runtime/healthReporter.ts";
import { epochMs } from "../../../lib/core/time.ts";
import { type Clock, realClock } from "../../../lib/io/clock.ts";
import { lockFolder } from "../../../lib/io/lock.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import { ownIdentity } from "../../../lib/io/process.ts";
import type { Notice } from "../../../lib/io/systemd.ts";
import { type Health, worstHealth } from "../../../queue/health.ts";
import { JobStore } from "../../../queue/store.ts";
import { lastJson, traderHere } from "../../e2e/trader.ts";

describe("health inside the worker", () => {
  let nowMs: number;
  let health: Health;
  let polls: boolean;
  let polledMs: number;
  let said: { fact: object; text: string }[];
  let told: Notice[];
  let light: HealthReporter;
  const start = (watchdogEveryMs: number | undefined, describe = () => "mode paper"): void => {
    const clock: Clock = { nowMs: () => epochMs(nowMs), realNowMs: () => epochMs(nowMs), monotonicMs: () => nowMs };
    light = startHealthReporter({
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
      { event: "health", ok: false, why: "queue.recordFailed: database or disk is full", redMs: null },
      { event: "health", ok: true, why: null, redMs: 21_000 },
    ]);
    expect(told[0]?.STATUS).toMatch(/RED for \d+ s: queue.recordFailed: database or disk is full, mode paper$/);
    expect(told[1]?.STATUS).toMatch(/, healthy, mode paper$/);
  });

  test("red health is not a hang: watchdog pings continue, and a restart does not fix a full disk", () => {
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

  test("is red when one of several parts is, for the oldest reason", () => {
    const red = (sinceMs: number) => (): Health => ({ ok: false, sinceMs, why: String(sinceMs) });
    const green = (): Health => ({ ok: true });
    start(undefined);
    expect(worstHealth(green, green)).toEqual({ ok: true });
    expect(worstHealth(green, red(5))).toMatchObject({ why: "5" });
    expect(worstHealth(red(7), green, red(5))).toMatchObject({ why: "5" });
  });

  test("each failure of its status line can be reported at once", () => {
    let market = "last market data 04:07";
    start(30_000, () => market);
    light.ready();
    market = "NO PRICES";
    light.refresh();
    expect(told.at(-1)).toEqual({ STATUS: "running, healthy, NO PRICES" });
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

describe("health in trader status", () => {
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
    expect([json.code, text.code]).toEqual([0, 0]); // red health is a result, not a failure of the command
    return {
      health: lastJson<{ health: { light: string; heartbeatAgeMs: number | null; why: string | null } }>(json).health,
      text: text.stdout,
    };
  };

  test("green with the heartbeat's age", async () => {
    unlock = lockFolder(dir);
    worker({ heartbeatAgeMs: 9_000 });
    const { health, text } = await status();
    expect(health).toMatchObject({ light: "green", why: null });
    expect(health.heartbeatAgeMs).toBeGreaterThanOrEqual(9_000);
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
    expect(health).toEqual({ light: "off", heartbeatAgeMs: null, why: null });
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
    expect(health).toEqual({ light: "starting", heartbeatAgeMs: null, why: null });
    expect(text).toContain("starting");
  });

  test("a replay is never red: it has no heartbeat", async () => {
    setMode("replay");
    worker({ heartbeatAgeMs: 600_000 });
    unlock = lockFolder(dir);
    expect((await status()).health.light).toBe("green");
  });
});

describe("trader status --check", () => {
  let dir: string;
  let unlock: (() => void) | undefined;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "trader-check-"));
    unlock = undefined;
  });
  afterEach(() => unlock?.());
  const inFile = (work: (db: ReturnType<typeof openDatabase>) => void): void => {
    const db = openDatabase(join(dir, "trader.db"));
    work(db);
    db.close();
  };
  /** As a healthy worker leaves it. */
  const healthy = (): void => {
    inFile((db) => {
      const { pid, host } = ownIdentity();
      const atMs = realClock.realNowMs();
      db.sql
        .prepare("INSERT INTO workers (boot_id, pid, host, started_ms, heartbeat_ms) VALUES ('b', ?, ?, ?, ?)")
        .run(pid, host, atMs, atMs);
    });
    unlock = lockFolder(dir);
  };
  const check = () => traderHere(["status", "--check", "--var", dir]);

  test("prints nothing and ends with 0 when everything is healthy", async () => {
    healthy();
    expect(await check()).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  test("a warning does not turn health red", async () => {
    healthy();
    inFile((db) =>
      db.transaction((tx) => tx.alerts.raise({ key: "k", severity: "warning", text: "w", atMs: realClock.nowMs() })),
    );
    expect((await check()).code).toBe(0);
  });

  test.each<[string, RegExp, () => void]>([
    ["nothing runs", /NOT_WELL: no worker is running$/, () => inFile(() => {})],
    [
      "it is only starting",
      /only starting/,
      () => {
        inFile(() => {});
        unlock = lockFolder(dir);
      },
    ],
    [
      "the light is red",
      /RED: for \d+ s: disk full/,
      () => {
        healthy();
        inFile((db) => db.sql.exec("UPDATE workers SET trouble = 'disk full', trouble_since_ms = heartbeat_ms"));
      },
    ],
    [
      "there is a dead job",
      /1 dead jobs \(trader jobs list --state dead\)/,
      () => {
        healthy();
        inFile((db) => {
          new JobStore(db, registry, realClock).enqueue({ name: "reconcile", key: "k", input: {} });
          db.sql.exec("UPDATE jobs SET state = 'dead', finished_ms = 1");
        });
      },
    ],
    [
      "there is a critical alert",
      /ALERT entries are paused/,
      () => {
        healthy();
        const alert = { key: "k", severity: "critical", text: "entries are paused", atMs: realClock.nowMs() } as const;
        inFile((db) => db.transaction((tx) => tx.alerts.raise(alert)));
      },
    ],
    [
      "there are no prices",
      /NO PRICES of BTC_JPY since 2026-11-24 04:08 JST \(dns: x\)/,
      () => {
        healthy();
        const none = { sinceMs: Date.parse("2026-11-23T19:08:00Z"), why: "dns: x", symbols: ["BTC_JPY"] };
        inFile((db) => db.transaction((tx) => tx.meta.set("no_prices", JSON.stringify(none))));
      },
    ],
  ])("ends with 1 and says so when %s", async (_name, text, make) => {
    make();
    const ended = await check();
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(text);
    // Without --check it is an answer.
    const status = await traderHere(["status", "--var", dir, "--json"]);
    expect(status.code).toBe(0);
    expect(lastJson<{ problems: string[] }>(status).problems).toHaveLength(1);
  });

  test("status shows missing prices and, for a day, a restored backup whose quarantine has ended", async () => {
    healthy();
    const atMs = realClock.nowMs();
    const none = { sinceMs: atMs, why: "timeout: x", symbols: ["BTC_JPY", "ETH_JPY"] };
    inFile((db) =>
      db.transaction((tx) => {
        tx.meta.set("no_prices", JSON.stringify(none));
        tx.halts.raise({ kind: "quarantine", reason: "a restored backup: b.db", atMs });
        tx.halts.clear("quarantine", "reconcile", atMs);
      }),
    );
    const text = async () => (await traderHere(["status", "--var", dir])).stdout;
    expect(await text()).toMatch(/NO PRICES of BTC_JPY, ETH_JPY since .* JST \(timeout: x\)/);
    expect(await text()).toMatch(/RESTORED BACKUP: quarantined from .* to .* \(a restored backup: b\.db\)/);
    inFile((db) => db.sql.exec("UPDATE halts SET cleared_ms = cleared_ms - 86400001"));
    expect(await text()).not.toContain("RESTORED");
    // Without a worker the state of the prices is unknown.
    unlock?.();
    unlock = undefined;
    expect(await text()).not.toContain("NO PRICES");
  });
});
