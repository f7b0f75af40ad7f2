// The real worker process on a public API on loopback: a bar is judged, the owner answers at the command line, the
// trade is opened and protected; SIGTERM and kill -9 leave nothing behind.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { PaperWorker } from "./paperWorker.ts";
import { lastJson, startTrader, trader } from "./trader.ts";

let worker: PaperWorker;
beforeEach(async () => {
  worker = await PaperWorker.prepare();
});
afterEach(() => worker.close());
const start = (settings: Record<string, string> = {}) => worker.start(settings);
const cli = (...args: string[]) => worker.cli(...args);
const query = <T>(sql: string): T[] => worker.query<T>(sql);
const until = (what: string, condition: () => boolean) => worker.until(what, condition);
const judgeLastBar = (symbol = "BTC_JPY") => worker.judgeLastBar(symbol);

describe("trader worker", () => {
  test("a proposal is modified and approved at the command line, traded, protected; SIGTERM ends with 0", async () => {
    const running = await start();
    await judgeLastBar();
    await until(
      "a waiting proposal",
      () => query("SELECT id FROM jobs WHERE name = 'awaitApproval' AND state = 'parked'").length === 1,
    );
    const status = lastJson<{ proposals: { id: string }[]; mode: string }>(await cli("status"));
    expect(status.mode).toBe("paper");
    const id = status.proposals[0]?.id ?? "";

    expect(await cli("modify", id, "--size", "9")).toMatchObject({
      code: 2,
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
    const answers = await Promise.all(
      ["approve", "reject"].map((answer) =>
        trader([answer, modified.id, "--var", "var"], { cwd: worker.cwd, env: worker.env }),
      ),
    );
    expect(answers.map((a) => a.code).sort()).toEqual([0, 1]);
    expect(query<{ n: number }>("SELECT count(*) AS n FROM approvals WHERE proposal_id LIKE '%m1'")).toEqual([
      { n: 1 },
    ]);
    if (answers[0]?.code === 0)
      await until(
        "the entry order",
        () => query("SELECT id FROM orders WHERE purpose = 'entry' AND state <> 'intended'").length >= 1,
      );

    running.child.kill("SIGTERM");
    const ended = await running.ended;
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
    const running = await start({ PRODUCT: "spot" });
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
    running.child.kill("SIGTERM");
    expect((await running.ended).code).toBe(0);
  });

  test("an API that fails is retried with backoff, shows in jobs, and heals", async () => {
    worker.server.break({ status: 502, body: "<html>bad gateway</html>" });
    await start();
    await until(
      "a failed attempt",
      () => query("SELECT 1 FROM attempts WHERE outcome = 'retry' OR error IS NOT NULL").length > 0,
    );
    worker.server.break(undefined);
    await until(
      "the history after all",
      () =>
        query<{ n: number }>("SELECT count(*) AS n FROM jobs WHERE name = 'collectHistory' AND state = 'done'")[0]
          ?.n === 2,
    );
  });
});

test.each([
  "SIGTERM",
  "SIGHUP", // truth 18: a closed terminal or ssh session
] as const)("the command itself starts without any settings or network and stops on %s", async (signal) => {
  const running = startTrader(["worker", "--var", "var", "--json"], {
    cwd: worker.cwd,
    env: { GMO_PUBLIC_URL: "http://127.0.0.1:9" },
  });
  await running.saying('"started"');
  running.child.kill(signal);
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
    const ended = await trader(["worker", "--var", "var"], { cwd: worker.cwd, env: { ...worker.env, ...settings } });
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
  });
  test.each([
    ["a file where the state folder should be", "var"],
    ["a file where the logs should be", join("var", "logs")],
  ])("%s", async (_name, file) => {
    mkdirSync(dirname(join(worker.cwd, file)), { recursive: true });
    writeFileSync(join(worker.cwd, file), "x");
    const ended = await trader(["worker", "--var", "var"], { cwd: worker.cwd, env: worker.env });
    expect(ended.stderr).toMatch(/^trader: (VAR_DIR|LOG_DIR): expected a folder.*\n$/);
    expect(ended.code).toBe(2); // No restart removes it.
  });
  test("a folder of the other product", async () => {
    const db = openDatabase(join(worker.cwd, "var", "trader.db"));
    db.transaction((tx) => tx.meta.set("mode", "paper")); // begun before there were two
    db.close();
    const ended = await trader(["worker", "--var", "var"], {
      cwd: worker.cwd,
      env: { ...worker.env, PRODUCT: "spot" },
    });
    expect(ended.stderr).toMatch(/PRODUCT_MISMATCH/);
    expect(ended.code).toBe(2);
  });
  test("a folder that holds a replay", async () => {
    const db = openDatabase(join(worker.cwd, "var", "trader.db"));
    db.transaction((tx) => tx.meta.set("mode", "replay"));
    db.close();
    const ended = await trader(["worker", "--var", "var"], { cwd: worker.cwd, env: worker.env });
    expect(ended.stderr).toMatch(/MODE_MISMATCH/);
    expect(ended.code).toBe(2);
  });
});
