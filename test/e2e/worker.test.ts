// The real worker process on a public API on loopback: a bar is judged, the owner answers at the command line, the trade is
// opened and protected; SIGTERM and kill -9 leave nothing behind.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { barOpen } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import { projectPath } from "../../lib/io/paths.ts";
import { type PublicServer, startPublicServer } from "../sim/publicServer.ts";
import { shiftedClock, untilBarClose } from "./shiftedClock.ts";
import { lastJson, type Running, startTrader, tempFolder, trader } from "./trader.ts";

// Every gate wide open: this test is about what follows a proposal, whatever today's clock says.
const OPEN_GATES = {
  LONG_MIN_CONFIDENCE: "0",
  SHORT_MIN_CONFIDENCE: "1",
  CONFIDENCE_RANK: "1",
  MAX_SPREAD_BPS: "1000",
  MIN_VOLUME_RATIO: "0",
  AVOID_NEWS_TIME: "false",
  MARGIN_ROLLOVER: "charge",
  MAINTENANCE_LEAD_HOURS: "0",
  ENTRY_BAND_PCT: "0.05",
  QUOTE_POLL_SECONDS: "1",
};

let server: PublicServer;
let cwd: string;
let aheadMs: number;
let running: Running | undefined;
beforeEach(async () => {
  aheadMs = untilBarClose();
  server = await startPublicServer(shiftedClock(aheadMs));
  cwd = tempFolder();
});
afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.ended;
  await server.close();
});

const env = (): Record<string, string> => ({
  ...OPEN_GATES,
  GMO_PUBLIC_URL: server.url,
  GMO_PUBLIC_PER_SECOND: "1000",
});
const CHILD = [
  "--import",
  pathToFileURL(projectPath("node_modules", "tsx", "dist", "esm", "index.mjs")).href,
  projectPath("test", "e2e", "workerChild.ts"),
];
/** The worker ten seconds after a bar close, whatever the time of day. */
const start = async (settings: Record<string, string> = {}): Promise<Running> => {
  running = startTrader([join(cwd, "var"), String(aheadMs)], { cwd, env: { ...env(), ...settings }, program: CHILD });
  await running.saying("worker started");
  return running;
};
const cli = (...args: string[]) => trader([...args, "--var", "var", "--json"], { cwd, env: env() });
const query = <T>(sql: string): T[] => {
  const db = openDatabase(join(cwd, "var", "trader.db"), { readonly: true });
  try {
    return db.sql.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
};
/** Waits for a condition of the worker's database; polling it is what a person with `trader status` does. */
const until = async (what: string, condition: () => boolean): Promise<void> => {
  const deadline = realClock.monotonicMs() + 45_000;
  while (!condition()) {
    if (realClock.monotonicMs() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
const judgeLastBar = async (symbol = "BTC_JPY"): Promise<void> => {
  await until(
    "the history",
    () =>
      query<{ n: number }>("SELECT count(*) AS n FROM jobs WHERE name = 'collectHistory' AND state = 'done'")[0]?.n ===
      2,
  );
  const tickMs = barOpen(shiftedClock(aheadMs).nowMs()) + 5_000;
  const enqueued = await cli("enqueue", "fetchMarket", JSON.stringify({ symbol, tickMs }), "--key", "test");
  expect(`${enqueued.code} ${enqueued.stderr}`).toBe("0 ");
};

describe("trader worker", () => {
  test("a proposal is modified and approved at the command line, traded, protected; SIGTERM ends with 0", async () => {
    const worker = await start();
    await judgeLastBar();
    await until(
      "a waiting proposal",
      () => query("SELECT id FROM jobs WHERE name = 'awaitApproval' AND state = 'parked'").length === 1,
    );
    const status = lastJson<{ proposals: { id: string }[]; mode: string }>(await cli("status"));
    expect(status.mode).toBe("paper");
    const id = status.proposals[0]?.id ?? "";

    expect(await cli("modify", id, "--size", "9")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("MODIFY_REFUSED"),
    });
    const modified = lastJson<{ id: string }>(await cli("modify", id, "--size", "0.002"));
    expect(modified.id).toBe(`${id}m1`);
    expect(await cli("approve", id)).toMatchObject({ code: 1, stderr: expect.stringContaining("superseded") });
    await until(
      "the modified proposal waits",
      () => query("SELECT id FROM jobs WHERE name = 'awaitApproval' AND state = 'parked'").length === 1,
    );
    // Two devices at once: one answer counts.
    const answers = await Promise.all([cli("approve", modified.id), cli("reject", modified.id)]);
    expect(answers.map((a) => a.code).sort()).toEqual([0, 1]);
    expect(query<{ n: number }>("SELECT count(*) AS n FROM approvals WHERE proposal_id LIKE '%m1'")).toEqual([
      { n: 1 },
    ]);
    if (answers[0]?.code === 0)
      await until(
        "the entry order",
        () => query("SELECT id FROM orders WHERE purpose = 'entry' AND state <> 'intended'").length >= 1,
      );

    worker.child.kill("SIGTERM");
    const ended = await worker.ended;
    expect({ code: ended.code, signal: ended.signal }).toEqual({ code: 0, signal: null });
    expect(query("SELECT id FROM jobs WHERE state = 'running'")).toEqual([]);
    expect(query("SELECT state FROM orders WHERE state IN ('sending', 'unknown')")).toEqual([]);
    expect((await cli("audit", "verify")).code).toBe(0);
  });

  test("kill -9 while a proposal waits: it is still there after the restart and can be rejected", async () => {
    const first = await start();
    await judgeLastBar();
    await until(
      "a waiting proposal",
      () => query("SELECT id FROM jobs WHERE name = 'awaitApproval' AND state = 'parked'").length === 1,
    );
    first.child.kill("SIGKILL");
    await first.ended;
    const [proposal] = query<{ id: string }>("SELECT id FROM proposals WHERE state = 'pending'");
    await start();
    const rejected = await cli("reject", proposal?.id ?? "");
    expect(`${rejected.code} ${rejected.stderr}`).toBe("0 ");
    expect(query("SELECT approved, approved_by FROM signals WHERE approved IS NOT NULL")).toEqual([
      { approved: 0, approved_by: "human" },
    ]);
  });

  test("spot: the coin's own bars are judged, a yes buys it with the simulated account's yen", async () => {
    const worker = await start({ PRODUCT: "spot" });
    await judgeLastBar("BTC");
    await until(
      "a waiting proposal",
      () => query("SELECT id FROM jobs WHERE name = 'awaitApproval' AND state = 'parked'").length === 1,
    );
    const [proposal] = query<{ id: string; symbol: string }>("SELECT id, symbol FROM proposals");
    expect(proposal?.symbol).toBe("BTC");
    expect((await cli("approve", proposal?.id ?? "")).code).toBe(0);
    const sent = "SELECT symbol, side, time_in_force FROM orders WHERE purpose = 'entry' AND state <> 'intended'";
    await until("the entry order", () => query(sent).length >= 1);
    expect(query(sent)[0]).toEqual({ symbol: "BTC", side: "BUY", time_in_force: "SOK" });
    worker.child.kill("SIGTERM");
    expect((await worker.ended).code).toBe(0);
  });

  test("an API that fails is retried with backoff, shows in jobs, and heals", async () => {
    server.break({ status: 502, body: "<html>bad gateway</html>" });
    await start();
    await until(
      "a failed attempt",
      () => query("SELECT 1 FROM attempts WHERE outcome = 'retry' OR error IS NOT NULL").length > 0,
    );
    server.break(undefined);
    await until(
      "the history after all",
      () =>
        query<{ n: number }>("SELECT count(*) AS n FROM jobs WHERE name = 'collectHistory' AND state = 'done'")[0]
          ?.n === 2,
    );
  });
});

test("the command itself starts without any settings or network and stops on SIGTERM", async () => {
  running = startTrader(["worker", "--var", "var", "--json"], { cwd, env: { GMO_PUBLIC_URL: "http://127.0.0.1:9" } });
  await running.saying('"started"');
  running.child.kill("SIGTERM");
  const ended = await running.ended;
  expect(ended.code).toBe(0);
  const events = ended.stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { event: string }).event);
  expect([events[0], events.at(-1)]).toEqual(["started", "stopped"]);
});

describe("what trader worker refuses", () => {
  test.each([
    ["live mode, in this version", { MODE: "live" }, 2, /LIVE_NOT_AVAILABLE/],
    ["replay as a worker mode", { MODE: "replay" }, 2, /trader start/],
  ])("%s", async (_name, settings, code, message) => {
    const ended = await trader(["worker", "--var", "var"], { cwd, env: { ...env(), ...settings } });
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
  });
  test.each([
    ["a file where the state folder should be", "var"],
    ["a file where the logs should be", join("var", "logs")],
  ])("%s", async (_name, file) => {
    mkdirSync(dirname(join(cwd, file)), { recursive: true });
    writeFileSync(join(cwd, file), "x");
    const ended = await trader(["worker", "--var", "var"], { cwd, env: env() });
    expect(ended.stderr).toMatch(/^trader: (VAR_DIR|LOG_DIR): expected a folder.*\n$/);
    expect(ended.code).toBe(2); // No restart removes it.
  });
  test("a folder of the other product", async () => {
    const db = openDatabase(join(cwd, "var", "trader.db"));
    db.transaction((tx) => tx.meta.set("mode", "paper")); // begun before there were two
    db.close();
    const ended = await trader(["worker", "--var", "var"], { cwd, env: { ...env(), PRODUCT: "spot" } });
    expect(ended.stderr).toMatch(/PRODUCT_MISMATCH/);
    expect(ended.code).toBe(2);
  });
  test("a folder that holds a replay", async () => {
    const db = openDatabase(join(cwd, "var", "trader.db"));
    db.transaction((tx) => tx.meta.set("mode", "replay"));
    db.close();
    const ended = await trader(["worker", "--var", "var"], { cwd, env: env() });
    expect(ended.stderr).toMatch(/MODE_MISMATCH/);
    expect(ended.code).toBe(2);
  });
});
