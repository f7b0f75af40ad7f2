// The worker as systemd runs it: it notifies when it runs and when it stops, a stop in the middle of its jobs loses and
// repeats none, its exit codes are what the unit counts on. The notify program is a stand-in; the signals and processes
// are real.
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { realClock } from "../../lib/io/clock.ts";
import { isLocked, lockFolder } from "../../lib/io/lock.ts";
import { type PublicServer, startPublicServer } from "../sim/publicServer.ts";
import { type FakeNotify, fakeNotify } from "./fakeNotify.ts";
import { type Gate, startGate } from "./gate.ts";
import { type Ended, type Running, startTrader, tempFolder } from "./trader.ts";

let server: PublicServer | undefined;
let gate: Gate;
let cwd: string;
let notify: FakeNotify;
let running: Running | undefined;
beforeEach(async () => {
  gate = await startGate();

  cwd = tempFolder();
  notify = fakeNotify(tempFolder());
});
afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.ended;
  running = undefined;
  await gate.close();
  await server?.close();
  server = undefined;
});

const start = (settings: Record<string, string> = {}): Running => {
  running = startTrader(["worker", "--var", "var", "--json"], {
    cwd,
    env: {
      GMO_PUBLIC_URL: gate.url,
      GMO_PUBLIC_PER_SECOND: "1000",
      PATH: notify.path,
      NOTIFY_SOCKET: "@test",
      WATCHDOG_USEC: "1000000",
      ...settings,
    },
  });
  return running;
};
/** Ends a worker whose jobs wait at the shut gate, without waiting for the grace. */
const stopNow = async (worker: Running): Promise<Ended> => {
  worker.child.kill("SIGTERM");
  await worker.saying('"stopping"');
  worker.child.kill("SIGTERM");
  return worker.ended;
};
const openGate = async (): Promise<void> => {
  server ??= await startPublicServer();
  gate.open(server.url);
};
const until = async (what: string, condition: () => boolean): Promise<void> => {
  const deadline = realClock.monotonicMs() + 60_000;
  while (!condition()) {
    if (realClock.monotonicMs() > deadline)
      throw new Error(`waited in vain for: ${what}; told: ${notify.told().join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const toldOf = (name: string): string[] => notify.told().filter((line) => line.includes(name));
const query = <T>(sql: string): T[] => {
  const db = openDatabase(join(cwd, "var", "trader.db"), { readonly: true });
  try {
    return db.sql.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
};
const history = () =>
  query<{ state: string; attempts: number }>(
    "SELECT state, attempts FROM jobs WHERE name = 'collectHistory' ORDER BY id",
  );
/** Starts a worker whose two history jobs wait at the gate. */
const inTheMiddle = async (): Promise<Running> => {
  const worker = start();
  await worker.saying('"started"');
  await until("READY", () => toldOf("READY=1").length > 0);
  await until(
    "both history jobs at the gate",
    () => query("SELECT 1 FROM jobs WHERE state = 'running'").length >= 2 && gate.waiting() >= 1,
  );
  return worker;
};
/** No attempt in the ledger was lost, failed, or is still open. */
const expectCleanLedger = (ended: Ended): void => {
  expect({ code: ended.code, signal: ended.signal, stderr: ended.stderr }).toEqual({
    code: 0,
    signal: null,
    stderr: "",
  });
  expect(query("SELECT * FROM jobs WHERE state = 'running'")).toEqual([]);
  expect(query("SELECT * FROM attempts WHERE ended_ms IS NULL OR outcome IN ('lost', 'retry', 'dead')")).toEqual([]);
  expect(query("SELECT * FROM workers WHERE stopped_ms IS NULL")).toEqual([]);
};
const expectAllGoesOn = async (): Promise<void> => {
  await openGate();
  const again = start();
  await again.saying('"started"');
  // What went back is done; where the first worker had finished a symbol's, the second one began it anew.
  await until("the rest of the work", () => history().every((job) => job.state === "done"));
  // One attempt each counts, those that were cut off are none, and nothing was done twice.
  expect(history().length).toBeGreaterThanOrEqual(2);
  for (const job of history()) expect(job.attempts).toBe(1);
  expect(query("SELECT job_id FROM attempts WHERE outcome = 'done' GROUP BY job_id HAVING count(*) > 1")).toEqual([]);
  expectCleanLedger(await stopNow(again));
};

describe("the worker as a service", () => {
  test("reports READY once when it runs, then watchdog pings and its state, STOPPING once at SIGTERM; exit 0", async () => {
    const worker = start();
    await until("signs of life", () => toldOf("WATCHDOG=1").length >= 2);
    expect(await stopNow(worker)).toMatchObject({ code: 0, signal: null, stderr: "" });
    const told = notify.told();
    expect(told[0]).toMatch(/^@test READY=1 STATUS=running, healthy, mode paper, no market data yet/);
    expect(toldOf("READY=1")).toHaveLength(1);
    expect(toldOf("STOPPING=1")).toHaveLength(1);
    expect(toldOf("STOPPING=1")[0]).toMatch(/STATUS=stopping, healthy/);
  });

  test("without a service manager it reports nothing, and without systemd-notify it continues and logs that once", async () => {
    const plain = start({ NOTIFY_SOCKET: "" });
    await plain.saying('"started"');
    expect((await stopNow(plain)).code).toBe(0);
    expect(notify.told()).toEqual([]);

    const lonely = start({ PATH: tempFolder(), WATCHDOG_USEC: "100000" });
    await lonely.saying("systemd-notify");
    await lonely.saying('"started"');
    const ended = await stopNow(lonely);
    expect(ended.code).toBe(0);
    expect(ended.stderr.match(/expected systemd-notify/g)).toHaveLength(1);
  });

  test("invariant 20: SIGTERM in the middle of jobs: within the grace they go on, and what is left goes back unspent", async () => {
    server = await startPublicServer(); // before the signal: its making must not use up the grace
    const worker = await inTheMiddle();
    worker.child.kill("SIGTERM");
    await until("STOPPING", () => toldOf("STOPPING=1").length === 1);
    await openGate(); // the answers come after the signal, and count
    const ended = await worker.ended;
    expectCleanLedger(ended);
    expect(query<{ n: number }>("SELECT count(*) AS n FROM candles")[0]?.n).toBeGreaterThan(0);
    for (const job of history())
      expect(job.state === "done" ? job.attempts : `${job.state} ${job.attempts}`).toSatisfy(
        (v) => v === 1 || v === "ready 0",
      );
    await expectAllGoesOn();
  });

  test("invariant 20: a second SIGTERM does not wait for the grace; nothing is lost either", async () => {
    const worker = await inTheMiddle();
    expectCleanLedger(await stopNow(worker));
    expect(history()).toEqual([
      { state: "ready", attempts: 0 },
      { state: "ready", attempts: 0 },
    ]);
  });

  test("SIGTERM during the start is a graceful stop too", async () => {
    const worker = start();
    await until("the folder is held", () => isLocked(join(cwd, "var")));
    expectCleanLedger(await stopNow(worker));
  });

  test("health is red while the database is locked, green afterwards, and the worker process stays the same", async () => {
    const worker = start();
    await worker.saying('"started"');
    const other = openDatabase(join(cwd, "var", "trader.db"));
    other.sql.exec("BEGIN IMMEDIATE");
    await worker.saying('"event":"health","ok":false');
    await until("the status line", () => toldOf("STATUS=running, RED for").length > 0);
    other.sql.exec("ROLLBACK");
    other.close();
    await worker.saying('"event":"health","ok":true');
    const ended = await stopNow(worker);
    expect(ended.code).toBe(0);
    expect(ended.stdout.match(/"ok":false/g)?.length).toBe(ended.stdout.match(/"ok":true/g)?.length);
  });

  test.each<[string, Record<string, string>, number, RegExp]>([
    ["wrong settings: 2, not to be restarted", { MAX_DAILY_TRADES: "many" }, 2, /MAX_DAILY_TRADES/],
    ["live mode: 2", { MODE: "live" }, 2, /LIVE_NOT_AVAILABLE/],
  ])("exit code of %s", async (_name, settings, code, message) => {
    const ended = await start(settings).ended;
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(message);
    expect(notify.told()).toEqual([]);
  });

  test("exit code of a file from a newer version: 2", async () => {
    const db = openDatabase(join(cwd, "var", "trader.db"));
    db.sql.prepare("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'later', 'x')").run();
    db.close();
    const ended = await start().ended;
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("DB_TOO_NEW") });
  });

  test("exit code of what may pass (another runner holds the folder): 1, to be tried again", async () => {
    openDatabase(join(cwd, "var", "trader.db")).close();
    const unlock = lockFolder(join(cwd, "var"));
    const refused = await start().ended;
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("ALREADY_RUNNING") });
    unlock();
    const worker = start();
    await worker.saying('"started"');
    expect((await stopNow(worker)).code).toBe(0);
  });
});
