// A whole trade with a real worker, telegraf over HTTP to the fake Bot API, and prices the test decides: signal, tap,
// kill -9, fill, STOP at the venue, both targets or the stop, final state, day's report. What is asserted is what the
// phone shows and what the venue's own file holds.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { seededRandom } from "../../lib/io/random.ts";
import { openSqlite } from "../../lib/io/sqlite.ts";
import { LONG } from "../long.ts";
import { Owner } from "../sim/telegram/owner.ts";
import { FakeTelegram, type Fault, type Shown } from "../sim/telegram/server.ts";
import { PaperWorker } from "./paperWorker.ts";
import type { Running } from "./trader.ts";

let telegram: FakeTelegram;
let owner: Owner;
let worker: PaperWorker;
const begin = async (): Promise<void> => {
  telegram = await FakeTelegram.start();
  owner = new Owner(telegram);
  worker = await PaperWorker.prepare(telegram.settings);
};
const end = async (): Promise<void> => {
  await worker.close();
  await telegram.close();
};
beforeEach(begin);
afterEach(end);

/** The simulated account, from its own file: its orders of a symbol in words, and what it still holds. */
const account = (symbol: string): { readonly orders: readonly string[]; readonly held: number } => {
  const file = openSqlite(join(worker.cwd, "var", "venue.db"), { readonly: true });
  try {
    const orders = file.prepare(
      "SELECT settle_type || ' ' || execution_type || ' ' || status FROM orders WHERE symbol = ? ORDER BY order_id",
    );
    const held = file.prepare("SELECT coalesce(sum(size_e8), 0) FROM positions WHERE symbol = ?");
    return { orders: orders.pluck().all(symbol) as string[], held: held.pluck().get(symbol) as number };
  } finally {
    file.close();
  }
};
const count = (symbol: string, order: string): number => account(symbol).orders.filter((o) => o === order).length;
const says = (pattern: RegExp): boolean => telegram.texts.some((text) => pattern.test(text));
const isTrade = (symbol: string, status: string): boolean =>
  worker.query(`SELECT id FROM trades WHERE symbol LIKE '${symbol.slice(0, 3)}%' AND status = '${status}'`).length ===
  1;
const waiting = (kind: string): number =>
  worker.query(`SELECT id FROM outbox WHERE kind = '${kind}' AND state <> 'sent'`).length;

interface Proposed {
  readonly message: Shown;
  readonly entry: number;
  readonly stop: number;
  readonly tp2: number;
}
const proposed = async (symbol: string): Promise<Proposed> => {
  await worker.judgeLastBar(symbol);
  const open = (): Shown | undefined =>
    telegram.messages.find((m) => m.keyboard !== undefined && m.text.includes(symbol.replace("_", "/")));
  await worker.until("the proposal on the phone", () => open() !== undefined);
  const prices = ["entry", "stop", "tp2"].map((name) => `${name}_e8 / 100000000 AS ${name}`);
  const [row] = worker.query<Proposed>(`SELECT ${prices} FROM proposals WHERE symbol = '${symbol}'`);
  return { ...row!, message: open()! };
};
const killed = async ({ child, ended }: Running): Promise<void> => {
  child.kill("SIGKILL");
  await ended;
};

test("two trades, the worker killed during each entry: one reaches its targets while Telegram refuses, one its stop; both notified once and reported", async () => {
  let running = await worker.start();
  const btc = await proposed("BTC_JPY");
  worker.server.steer("BTC_JPY", btc.entry + 500);
  owner.taps(btc.message, "Approve");
  await worker.until("the entry rests", () => count("BTC_JPY", "OPEN LIMIT ORDERED") === 1);
  // Between the tap and the fill.
  await killed(running);
  running = await worker.start();
  await worker.until(
    "the start is complete",
    () => worker.query("SELECT kind FROM halts WHERE cleared_ms IS NULL").length === 0,
  );
  worker.server.steer("BTC_JPY", btc.entry - 2_000);
  await worker.until("the fill and its stops", () => count("BTC_JPY", "CLOSE STOP WAITING") === 2);
  expect(worker.query("SELECT sum(size_e8) AS n FROM orders WHERE purpose = 'stop' AND state = 'open'")).toEqual([
    { n: account("BTC_JPY").held },
  ]);
  await worker.until("the fill is reported", () => says(/^FILLED LONG BTC/) && waiting("trade") === 0);
  const told = telegram.messages.length;

  telegram.fault = ({ method }) =>
    method.startsWith("send")
      ? { kind: "error", code: 429, description: "Too Many Requests: retry after 1", retryAfterSeconds: 1 }
      : undefined;
  worker.server.steer("BTC_JPY", btc.tp2 + 5_000);
  await worker.until("the end at the targets", () => isTrade("BTC_JPY", "closed") && waiting("trade") > 0);
  // Coins are not traded here: a job that can only fail.
  const failing = JSON.stringify({ symbol: "BTC", tickMs: 0 });
  expect((await worker.cli("enqueue", "fetchMarket", failing, "--key", "fails")).code).toBe(0);
  await worker.until("the alert waits", () => waiting("alert") === 1);
  expect(telegram.messages.length).toBe(told);
  telegram.fault = undefined;
  await worker.until("the end is reported", () => says(/^CLOSED LONG BTC/) && /🏁 CLOSED/.test(btc.message.text));
  // What waited longer comes after the alert.
  const afterwards = telegram.texts.slice(told).map((text) => text.split("\n")[0]);
  expect(afterwards[0]).toMatch(/^WARNING job \d+ \(fetchMarket\) has failed permanently/);
  expect(afterwards.at(-1)).toMatch(/^CLOSED LONG BTC\/JPY/);

  const eth = await proposed("ETH_JPY");
  worker.server.steer("ETH_JPY", eth.entry + 500);
  owner.taps(eth.message, "Approve");
  await worker.until("the entry rests", () => count("ETH_JPY", "OPEN LIMIT ORDERED") === 1);
  worker.server.steer("ETH_JPY", eth.entry - 600);
  await worker.until("the fill", () => account("ETH_JPY").held > 0);
  // Between the fill and its stop, or just after it.
  await killed(running);
  running = await worker.start();
  await worker.until("its stops", () => count("ETH_JPY", "CLOSE STOP WAITING") === 2);
  worker.server.steer("ETH_JPY", eth.stop - 2_000);
  await worker.until("the end at the stop", () => isTrade("ETH_JPY", "closed") && /🏁 CLOSED/.test(eth.message.text));
  await worker.until("everything is told", () => waiting("trade") + waiting("alert") + waiting("info") === 0);
  owner.says("/daily");
  await worker.until("the report", () => says(/^Daily report/));
  running.child.kill("SIGTERM");
  expect(await running.ended).toMatchObject({ code: 0, signal: null });

  // At the venue: one entry each, nothing held, nothing resting.
  const ends = { filled: 0, stopped: 0 };
  for (const symbol of ["BTC_JPY", "ETH_JPY"]) {
    const { orders, held } = account(symbol);
    expect([symbol, held, orders.filter((o) => /^OPEN .* EXECUTED$/.test(o)).length]).toEqual([symbol, 0, 1]);
    expect(orders.filter((o) => /(ORDERED|WAITING|MODIFYING|CANCELLING)$/.test(o))).toEqual([]);
    ends.filled += orders.filter((o) => o === "CLOSE LIMIT EXECUTED").length;
    ends.stopped += orders.filter((o) => o === "CLOSE STOP EXECUTED").length;
  }
  expect(ends).toEqual({ filled: 2, stopped: 2 });
  // On the phone: both in their final state without buttons, every message sent once.
  for (const { message } of [btc, eth])
    expect([/^✅ APPROVED .*\n🏁 CLOSED /.test(message.text), message.keyboard]).toEqual([true, undefined]);
  expect(btc.message.text).toMatch(/🏁 CLOSED .*second target/);
  expect(eth.message.text).toMatch(/🏁 CLOSED .*stop/);
  const outbox = worker.query<{ text: string; state: string; kind: string }>("SELECT text, state, kind FROM outbox");
  expect(outbox.filter(({ state, kind }) => state !== "sent" && kind !== "info")).toEqual([]);
  const titles = telegram.texts.map((text) => text.split("\n")[0]!);
  const only = (pattern: RegExp): number => titles.filter((title) => pattern.test(title)).length;
  expect([only(/^(\(again\) )?FILLED LONG BTC/), only(/^(\(again\) )?CLOSED LONG BTC/)]).toEqual([1, 1]);
  expect(only(/^FILLED LONG ETH/)).toBeLessThanOrEqual(1);
  expect([only(/FILLED LONG ETH/) > 0, only(/^(\(again\) )?CLOSED LONG ETH/)]).toEqual([true, 1]);
  expect(new Set(telegram.texts).size).toBe(telegram.texts.length);
  expect(telegram.message(/^Daily report/).text).toMatch(/\nTrades 2: 1 won, 1 lost\n/);
  expect((await worker.cli("audit", "verify")).code).toBe(0);
}, 180_000);

const FAULTS: readonly Fault[] = [
  { kind: "error", code: 429, description: "Too Many Requests: retry after 1", retryAfterSeconds: 1 },
  { kind: "error", code: 502, description: "Bad Gateway" },
  { kind: "reset" },
  { kind: "lost" },
];

// The short version is above, and in virtual time in test/crash/telegram.test.ts.
test.runIf(LONG)(
  "twenty trades, each killed twice at any moment, with faults of Telegram (npm run test:long)",
  { timeout: 3_600_000 },
  async () => {
    const seed = process.env["TEST_SEED"] ?? "telegramTrade";
    const random = seededRandom(seed);
    for (let round = 0; round < 20; round += 1) {
      if (round > 0) {
        await end();
        await begin();
      }
      let running = await worker.start();
      const { message, entry, stop, tp2 } = await proposed("BTC_JPY");
      const label = `seed ${seed}, round ${round}`;
      telegram.fault = ({ method }) =>
        method !== "getUpdates" && random.int(5) === 0 ? FAULTS[random.int(FAULTS.length)] : undefined;
      worker.server.steer("BTC_JPY", entry + 500);
      owner.taps(message, "Approve");
      owner.taps(message, "Reject");
      await delay(random.int(1_500));
      await killed(running);
      running = await worker.start();
      await worker.until(`the entry (${label})`, () => count("BTC_JPY", "OPEN LIMIT ORDERED") === 1);
      worker.server.steer("BTC_JPY", entry - 2_000);
      if (random.int(2) === 0) await worker.until(`the fill (${label})`, () => account("BTC_JPY").held > 0);
      await delay(random.int(1_500));
      await killed(running);
      running = await worker.start();
      await worker.until(`its stops (${label})`, () => count("BTC_JPY", "CLOSE STOP WAITING") === 2);
      worker.server.steer("BTC_JPY", random.int(2) === 0 ? tp2 + 5_000 : stop - 5_000);
      await worker.until(`the end (${label})`, () => isTrade("BTC_JPY", "closed"));
      telegram.fault = undefined;
      await worker.until(`the final state (${label})`, () => /🏁 CLOSED/.test(message.text));
      await worker.until(`everything told (${label})`, () => waiting("trade") + waiting("alert") === 0);

      const { orders, held } = account("BTC_JPY");
      expect([held, orders.filter((o) => /^OPEN .* EXECUTED$/.test(o)).length], label).toEqual([0, 1]);
      expect([message.keyboard, telegram.unconfirmed], label).toEqual([undefined, []]);
      const decided = worker.query("SELECT decision FROM approvals");
      expect(decided, label).toEqual([{ decision: "approved" }]);
      // Sent twice only with the mark of a message that may have arrived before.
      const unmarked = telegram.texts.filter((text) => !/^(\(again\) |[✅❌⌛✏])/u.test(text));
      expect(new Set(unmarked).size, label).toBe(unmarked.length);
      for (const { text } of worker.query<{ text: string }>("SELECT text FROM outbox WHERE kind IN ('trade', 'alert')"))
        expect(
          telegram.texts.some((told) => told.replace("(again) ", "") === text),
          `${label}: ${text}`,
        ).toBe(true);
    }
  },
);
