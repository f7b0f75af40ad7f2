// Nobody reads the output any more (trader start | head; a tee that died): a replay stops between two steps and can be
// continued, a worker goes on.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { lastJson, startTrader, tempFolder, trader } from "./trader.ts";

test("truth 18: a replay whose reader has gone ends with 1, no job runs, and the next start finishes it", async () => {
  const cwd = tempFolder();
  const args = ["start", "--days", "1", "--var", "var", "--json"];
  const replay = startTrader(args, { cwd });
  await replay.saying('"event":"audit"');
  replay.child.stdout!.destroy();
  const ended = await replay.ended;
  expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/trader: OUT_CLOSED: .*continues it\n$/)]);
  const db = openDatabase(join(cwd, "var", "trader.db"), { readonly: true });
  expect(db.read.jobs.list({ state: "running", limit: 1 })).toEqual([]);
  db.close();
  const whole = await trader(args, { cwd });
  expect(whole.code).toBe(0);
  expect(lastJson(whole)).toMatchObject({ ledgerMatchesVenue: true, auditChainOk: true });
});

test("truth 18: a worker goes on without a reader, says so in its log, and stops on SIGTERM as ever", async () => {
  const cwd = tempFolder();
  const env = { GMO_PUBLIC_URL: "http://127.0.0.1:1" };
  const worker = startTrader(["worker", "--var", "var", "--json"], { cwd, env });
  await worker.saying('"event":"started"');
  worker.child.stdout!.destroy();
  worker.child.stderr!.destroy();
  const logs = join(cwd, "var", "logs");
  const log = (): string =>
    readdirSync(logs)
      .map((file) => readFileSync(join(logs, file), "utf8"))
      .join("");
  await expect.poll(log, { timeout: 60_000 }).toContain("worker.outClosed");
  worker.child.kill("SIGTERM");
  expect(await worker.ended).toMatchObject({ code: 0, signal: null });
  expect(log()).toContain("worker.stopped");
});

test("truth 18: a command whose errors nobody reads keeps its exit code", async () => {
  const command = startTrader(["status", "--var", "nowhere"], { cwd: tempFolder() });
  command.child.stderr!.destroy();
  expect((await command.ended).code).toBe(2);
});
