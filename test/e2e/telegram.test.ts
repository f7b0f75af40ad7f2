// The whole way with a real worker, telegraf over HTTP to the fake Bot API, and the venue simulator behind public
// prices: a signal comes to the phone, is tapped, becomes an order; kill -9 in between; what a person sees when the
// token is refused. The way on to the stops and the end of the trade is in telegramTrade.test.ts, on prices a test
// decides.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Owner } from "../sim/telegram/owner.ts";
import { FakeTelegram, TOKEN } from "../sim/telegram/server.ts";
import { PaperWorker } from "./paperWorker.ts";
import { lastJson, traderHere } from "./trader.ts";

let telegram: FakeTelegram;
let owner: Owner;
let worker: PaperWorker;
beforeEach(async () => {
  telegram = await FakeTelegram.start();
  owner = new Owner(telegram);
  worker = await PaperWorker.prepare(telegram.settings);
});
afterEach(async () => {
  await worker.close();
  await telegram.close();
});

const status = async () =>
  lastJson<{ telegram: { ok: boolean; bot: string; why: string | null } | null; problems: string[] }>(
    await worker.cli("status"),
  );
const says = (pattern: RegExp) => telegram.texts.some((text) => pattern.test(text));
const everythingWritten = (): string => {
  const files = readdirSync(join(worker.cwd, "var"), { recursive: true, withFileTypes: true }).filter((f) =>
    f.isFile(),
  );
  return files.map((f) => readFileSync(join(f.parentPath, f.name), "latin1")).join("\n");
};

test("signal, chart, kill -9, a tap while no worker runs, the order, the day's report, a stop command", async () => {
  const first = await worker.start();
  await worker.judgeLastBar();
  await worker.until("the proposal on the phone", () => says(/Approve|\/approve_/));
  const message = telegram.messages.find((m) => m.keyboard !== undefined)!;
  expect([...(message.photo ?? []).slice(1, 4)]).toEqual([...Buffer.from("PNG")]);
  expect(message.keyboard?.inline_keyboard.flat().map((b) => b.text)).toEqual(["✅ Approve", "❌ Reject", "✏️ Modify"]);
  expect(await status()).toMatchObject({ telegram: { ok: true, bot: "@test_bot" } });
  expect(Object.keys(telegram.commands).sort()).toEqual(["", "ja"]);

  first.child.kill("SIGKILL");
  await first.ended;
  owner.taps(message, "Approve");
  owner.taps(message, "Reject");
  const second = await worker.start();
  await worker.until("the answer of the first tap", () => /^✅ APPROVED/.test(message.text));
  expect(message.keyboard).toBeUndefined();
  expect(worker.query("SELECT decision, actor FROM approvals")).toEqual([
    { decision: "approved", actor: "telegram:42" },
  ]);
  await worker.until(
    "the entry order",
    () => worker.query("SELECT id FROM orders WHERE purpose = 'entry' AND state <> 'intended'").length >= 1,
  );
  owner.says("/daily");
  owner.says("/orders");
  await worker.until("the report", () => says(/^Daily report/) || says(/日次/));
  owner.says("/stop");
  await worker.until("the entry is cancelled and told", () => says(/STOP|\/stop/));

  second.child.kill("SIGTERM");
  const ended = await second.ended;
  expect({ code: ended.code, signal: ended.signal }).toEqual({ code: 0, signal: null });
  expect(new Set(telegram.texts).size).toBe(telegram.texts.length); // nothing was sent twice
  expect(worker.query("SELECT state FROM orders WHERE state IN ('sending', 'unknown')")).toEqual([]);
  const secret = TOKEN.split(":")[1]!;
  for (const text of [ended.stdout, ended.stderr, everythingWritten()]) expect(text).not.toContain(secret);
  expect((await worker.cli("audit", "verify")).code).toBe(0);
}, 120_000);

test("a refused token: the worker goes on, and log, status, doctor and their exit codes say so; healed, they are content", async () => {
  telegram.token = "another";
  const running = await worker.start();
  await running.saying("TELEGRAM 401");
  expect(await status()).toMatchObject({
    telegram: { ok: false, why: expect.stringContaining("give TELEGRAM_BOT_TOKEN a valid one") },
  });
  const check = await worker.cli("status", "--check");
  expect(check).toMatchObject({ code: 1, stderr: expect.stringContaining("TELEGRAM 401") });
  const doctor = await traderHere(["doctor", "--var", join(worker.cwd, "v")], worker.env);
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toMatch(/FAIL {2}telegram token +TELEGRAM 401/);
  expect(doctor.stdout + doctor.stderr + check.stderr).not.toContain(TOKEN.split(":")[1]);
  running.child.kill("SIGKILL");
  await running.ended;

  telegram.token = TOKEN;
  const healed = await traderHere(["doctor", "--var", join(worker.cwd, "v")], worker.env);
  expect(healed.stdout).toMatch(/ok {4}telegram token +@test_bot\n[\s\S]*private chat 42[\s\S]*no webhook in the way/);
  telegram.webhook = true;
  const webhook = await traderHere(["doctor", "--var", join(worker.cwd, "v")], worker.env);
  expect(webhook.stdout).toMatch(/FAIL {2}telegram poll +TELEGRAM 409/);
}, 120_000);

test("trader config never shows the token", async () => {
  for (const json of [[], ["--json"]]) {
    const ended = await traderHere(["config", ...json], worker.env);
    expect(ended.stdout).toContain("(set, not shown)");
    expect(ended.stdout).not.toContain(TOKEN.split(":")[1]);
  }
});
