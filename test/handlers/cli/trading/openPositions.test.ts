// `trader positions`, `trades`, `status` and the phone's /positions, /status, /risk, /health: the newest price with its
// age and the open P&L, or since when there is none.
import { afterEach, expect, test } from "vitest";
import { runTrader } from "../../../../handlers/cli/program.ts";
import { answers } from "../../../../handlers/telegram/answers/index.ts";
import { defaultConfig } from "../../../../lib/core/config.ts";
import { type YenE8, yen } from "../../../../lib/core/money.ts";
import type { StoredQuote } from "../../../../lib/core/openResult.ts";
import { epochMs, MINUTE_MS } from "../../../../lib/core/time.ts";
import { World, type WorldOptions } from "../../../sim/world.ts";

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
const begin = async (options: Partial<WorldOptions> = {}): Promise<World> => {
  const w = new World({ btc: (s) => s.to(9_998_000, 2).flat(200), ...options });
  worlds.push(w);
  w.approve();
  await w.advance(4);
  return w;
};
/** The worker's look: prices of `ageMs` ago. */
const quoted = (w: World, symbol: string, bid: number, ageMs: number, change: Partial<StoredQuote> = {}): void => {
  const atMs = epochMs(w.nowMs - ageMs);
  const quote = {
    symbol,
    bid: yen(bid),
    ask: yen(bid + 1_000),
    last: yen(bid),
    venueMs: atMs,
    seenMs: atMs,
    currentMs: 10_000,
  };
  w.db.transaction((tx) => tx.quotes.record({ ...quote, ...change }));
};
/** The last bar's snapshot, the price that used to be shown as the current one. */
const bar = (w: World, symbol: string, price: YenE8, ageMs: number): void =>
  w.db.transaction((tx) =>
    tx.snapshots.insert({
      id: `${symbol}:${ageMs}`,
      symbol,
      barOpenMs: epochMs(w.nowMs - ageMs - 15 * MINUTE_MS),
      takenMs: epochMs(w.nowMs - ageMs),
      venueStatus: "OPEN",
      bid: price,
      ask: price,
      last: price,
      spreadBps: 0,
      volumeRatio: undefined,
      tradesSeen: 0,
      traceId: "t",
    }),
  );
const phone = (w: World, name: "positions" | "status" | "risk" | "health", locale: "en" | "ja" = "en"): string =>
  answers[name]({
    db: w.db.read,
    config: { ...w.config, LOCALE: locale },
    account: "paper",
    nowMs: w.nowMs,
    arg: "",
  });
/** The command line on the world's folder and clock. */
const trader = async (w: World, ...args: string[]): Promise<string> => {
  const out: string[] = [];
  const err: string[] = [];
  // The clock of a folder without a replay is the real one; a replay's is what its row says.
  w.db.transaction((tx) => tx.meta.set("virtual_now_ms", String(w.nowMs)));
  const code = await runTrader([...args, "--var", w.dir], {
    config: () => defaultConfig(),
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
  });
  expect(err).toEqual([]);
  expect(code).toBe(0);
  return out.join("\n");
};

test("truth 11: the newest look wins over the last bar, with the right sign, in every place", async () => {
  const w = await begin();
  const entry = w.trade().entryPrice;
  w.db.transaction((tx) => tx.equity.record(w.nowMs, yen(1_000_000)));
  bar(w, "BTC_JPY", yen(entry + 50_000), 14 * MINUTE_MS);
  quoted(w, "BTC_JPY", entry - 25_000, 4_000);
  // 0.004 BTC × −25,000 yen
  expect(phone(w, "positions")).toMatch(/now ¥[\d,]+ \(4 s ago\)\n {2}open P&L -¥100 \(-0\.25%\)/);
  expect(phone(w, "positions")).toMatch(/, held \d+ min/);
  expect(phone(w, "positions")).toMatch(/\nOpen P&L -¥100 \(-0\.25%\)$/);
  expect(phone(w, "positions", "ja")).toContain("含み損益の合計 -¥100（-0.25%）");
  for (const name of ["status", "risk"] as const) expect(phone(w, name)).toContain("Open P&L -¥100 (-0.25%)");
  const text = await trader(w, "positions");
  expect(text).toMatch(/held \d+ min[^;]*; now ¥[\d,]+ \(4\.0 s ago\): open P&L -¥100 \(-0\.25%\)/);
  expect(text).toMatch(/\nopen P&L -¥100 \(-0\.25%\)\n/);
  expect(await trader(w, "trades")).toMatch(/now ¥9,\d+,\d+ +-¥100 open/);
  expect(await trader(w, "status")).toMatch(/trade 1: open long .*open P&L -¥100/);
  const open = { size: 0.004, price: entry - 25_000, pnlJpy: -100, priceAgeMs: 4_000 };
  expect(JSON.parse(await trader(w, "positions", "--json"))).toMatchObject([{ open }]);
  expect(JSON.parse(await trader(w, "trades", "--json"))).toMatchObject([{ open }]);
  expect(JSON.parse(await trader(w, "status", "--json"))).toMatchObject({ trades: [{ open }] });
});

test.each([
  ["the look is too old", (w: World) => quoted(w, "BTC_JPY", 10_000_000, 11_000)],
  [
    "the exchange repeats an old reply",
    (w: World) => quoted(w, "BTC_JPY", 10_000_000, 0, { venueMs: epochMs(w.nowMs - 90_000) }),
  ],
  ["only the last bar is known", (w: World) => bar(w, "BTC_JPY", yen(10_000_000), 9 * MINUTE_MS)],
  ["the clock was set back since", (w: World) => quoted(w, "BTC_JPY", 10_000_000, -120_000)],
])("truth 11: no price is said with its time, and no P&L, when %s", async (_name, store) => {
  const w = await begin();
  store(w);
  for (const text of [phone(w, "positions"), await trader(w, "positions"), await trader(w, "trades")]) {
    expect(text).toMatch(/no price since [\d-]*\s?\d\d:\d\d/);
    expect(text).not.toMatch(/\bnow ¥|P&L [+-]?¥/);
  }
  expect(phone(w, "positions")).toContain("Open P&L not known: no current price of BTC/JPY");
  expect(JSON.parse(await trader(w, "positions", "--json"))).toMatchObject([
    { open: { price: null, pnlJpy: null, pnlPercent: null, priceAgeMs: null, priceAt: expect.any(String) } },
  ]);
});

test("truth 11: long and short, two symbols: one total, and none while one of them has no price", async () => {
  const w = await begin({ eth: (s) => s.flat(5).to(500_400, 2).flat(200) });
  w.approve({ symbol: "ETH_JPY", direction: "short", size: "0.04" });
  await w.advance(4);
  expect(w.db.read.trades.alive()).toHaveLength(2);
  const [btc, eth] = w.db.read.trades.alive();
  quoted(w, "BTC_JPY", btc!.entryPrice + 10_000, 1_000);
  expect(phone(w, "positions")).toContain("not known: no current price of ETH/JPY");
  // A short is closed at the ask.
  quoted(w, "ETH_JPY", eth!.entryPrice + 1_999, 1_000, { ask: yen(eth!.entryPrice + 2_000) });
  const ofEth = -2_000 * eth!.positionSize;
  const held = JSON.parse(await trader(w, "positions", "--json"));
  expect(held.map((h: { open: { pnlJpy: number } }) => h.open.pnlJpy)).toEqual([
    expect.closeTo(40, 6),
    expect.closeTo(ofEth, 6),
  ]);
  expect(phone(w, "positions")).toMatch(/Open P&L -¥40 \(-0\.07%\)$/);
});

test("truth 11: /status, /risk and /health say of when their numbers are", async () => {
  const w = await begin();
  w.db.transaction((tx) => tx.equity.record(epochMs(w.nowMs - 9 * MINUTE_MS), yen(1_000_000)));
  expect(phone(w, "status")).toMatch(/Equity ¥1,000,000, today .*, as of \d\d:\d\d$/m);
  expect(phone(w, "risk")).toMatch(/^Losses as of \d\d:\d\d/m);
  expect(JSON.parse(await trader(w, "status", "--json")).equityAt).toBe(
    new Date(w.nowMs - 9 * MINUTE_MS).toISOString(),
  );
  quoted(w, "BTC_JPY", 10_000_000, 20_000);
  expect(phone(w, "health")).toContain("✅ prices are current (20 s old)");
  quoted(w, "ETH_JPY", 500_000, 20 * MINUTE_MS);
  expect(phone(w, "health")).toMatch(/❌ no price of ETH\/JPY since \d\d:\d\d/);
});

test("truth 11: a limit that is reached since the last account reading is shown as reached", async () => {
  const w = await begin();
  w.db.transaction((tx) => tx.equity.record(w.nowMs, yen(1_000_000)));
  expect(phone(w, "risk")).not.toContain("REACHED");
  w.halt("loss-day");
  expect(phone(w, "risk")).toMatch(/loss ¥0 of .* REACHED/);
});

test("truth 11: a report of the running day names the time of its equity and of its loss limits", async () => {
  const w = await begin();
  w.db.transaction((tx) => tx.equity.record(epochMs(w.nowMs - 2 * MINUTE_MS), yen(1_000_000)));
  const daily = answers.daily({ db: w.db.read, config: w.config, account: "paper", nowMs: w.nowMs, arg: "" });
  expect(daily).toMatch(/Equity ¥1,000,000 \(07-01 09:04\)/);
  expect(daily).toMatch(/^Loss limits \(07-01 09:04\):$/m);
});
