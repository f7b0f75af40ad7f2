// The real worker in MODE=live against a simulated exchange over HTTP and WebSocket: a whole trade whose every order goes
// over the wire, the worker killed while it holds the position. The exchange runs on recorded days moved to now.
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../../db/open.ts";
import { yen } from "../../lib/core/money.ts";
import { barOpen, epochMs } from "../../lib/core/time.ts";
import { fastClock, fastClockText, realClock } from "../../lib/io/clock.ts";
import { fingerprint } from "../../lib/io/gmo/sign.ts";
import { ALL_RULES } from "../../lib/sim/engine/symbolRules.ts";
import { bundledCandles } from "../../lib/sim/market/bundled.ts";
import { shiftCandles } from "../../lib/sim/market/shiftCandles.ts";
import { SteeredMarket } from "../../lib/sim/market/steeredMarket.ts";
import { SERVED_VENUE_OPTIONS } from "../../lib/sim/server/optionTable.ts";
import { startVenueServer, type VenueServer } from "../../lib/sim/server/server.ts";
import { Simulator } from "../../lib/sim/simulator.ts";
import { Owner } from "../sim/telegram/owner.ts";
import { FakeTelegram } from "../sim/telegram/server.ts";
import { OPEN_GATES } from "./paperWorker.ts";
import { untilBarClose } from "./shiftedClock.ts";
import { type Running, startTrader, tempFolder, traderHere } from "./trader.ts";

/** Of exchange and worker alike. */
const SPEED = 10;

let telegram: FakeTelegram | undefined;
let server: VenueServer | undefined;
let running: Running | undefined;
let looking: Database | undefined;
afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.ended;
  looking?.close();
  await server?.close();
  await telegram?.close();
});

test("live: one approval, a whole trade over the wire, killed while it holds; book and exchange agree to the yen", async () => {
  const wallMs = realClock.nowMs();
  const fromMs = epochMs(wallMs + untilBarClose());
  const time = { wallMs, fromMs, speed: SPEED };
  const clock = fastClock(time);
  const steered = new SteeredMarket(shiftCandles(bundledCandles(), fromMs), ALL_RULES);
  const simulator = Simulator.open({
    path: ":memory:",
    market: steered.market,
    rules: ALL_RULES,
    seed: "live",
    startEquity: yen(1_000_000),
    startMs: fromMs,
    options: { ...SERVED_VENUE_OPTIONS, authClock: () => clock.nowMs(), signatureWindowMs: 60_000 },
  });
  steered.steer("BTC_JPY", fromMs, [0]);
  simulator.advanceTo(clock.nowMs());
  server = await startVenueServer({
    simulator,
    market: steered.market,
    rules: ALL_RULES,
    seed: "live",
    startMs: fromMs,
    speed: SPEED,
    clockMs: () => clock.nowMs(),
  });
  const { addresses } = server;
  const { apiKey, secret } = simulator.credentials();
  telegram = await FakeTelegram.start();
  const owner = new Owner(telegram);
  const env: Record<string, string> = {
    ...telegram.settings,
    MODE: "live",
    GMO_API_KEY: apiKey,
    GMO_API_SECRET: secret,
    GMO_PUBLIC_URL: addresses.restPublic,
    GMO_PRIVATE_URL: addresses.restPrivate,
    GMO_WS_PUBLIC_URL: addresses.wsPublic,
    GMO_WS_PRIVATE_URL: addresses.wsPrivate,
    GMO_PUBLIC_PER_SECOND: "1000",
    CAPITAL_LIMIT_JPY: "1000000",
    LIVE_CONFIRM: `real orders on account ${fingerprint(apiKey)}, margin, at most 1000000 JPY`,
    ...OPEN_GATES,
    QUOTE_MAX_AGE_SECONDS: "60",
  };
  const cwd = tempFolder();
  const varDir = join(cwd, "var");
  const start = async (): Promise<Running> => {
    running = startTrader(["worker", "--var", varDir, "--clock", fastClockText(time)], { cwd, env });
    await running.saying("worker started: mode live");
    return running;
  };
  const rows = <T>(sql: string): T[] => {
    looking ??= openDatabase(join(varDir, "trader.db"), { readonly: true });
    return looking.sql.prepare(sql).all() as T[];
  };
  const until = (what: string, condition: () => boolean) =>
    expect.poll(condition, { timeout: 90_000, interval: 50, message: what }).toBe(true);
  const trader = (...args: string[]) => traderHere([...args, "--var", varDir, "--json"], env);

  const first = await start();
  await until(
    "the history",
    () => rows("SELECT id FROM jobs WHERE name = 'collectHistory' AND state = 'done'").length >= 2,
  );
  const tick = JSON.stringify({ symbol: "BTC_JPY", tickMs: barOpen(clock.nowMs()) + 5_000 });
  expect((await trader("enqueue", "fetchMarket", tick, "--key", "test")).code).toBe(0);
  const proposal = () => telegram?.messages.find((m) => m.keyboard !== undefined);
  await until("a proposal on the phone", () => proposal() !== undefined);
  owner.taps(proposal()!, "Approve");
  await until("the entry rests", () => simulator.orders().some((o) => o.status === "ORDERED"));
  steered.steer("BTC_JPY", simulator.nowMs(), [-0.001]);
  await until("the position and its stops at the exchange", () => {
    const stops = simulator.orders().filter((o) => o.executionType === "STOP" && o.status === "WAITING");
    const held = simulator.positions().reduce((sum, p) => sum + p.size, 0n);
    return held > 0n && stops.reduce((sum, o) => sum + o.size, 0n) === held;
  });
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await start();
  steered.steer("BTC_JPY", simulator.nowMs(), [0.004, 0.012]);
  await until("the end at the targets", () => rows("SELECT id FROM trades WHERE status = 'closed'").length === 1);
  second.child.kill("SIGTERM");
  expect(await second.ended).toMatchObject({ code: 0, signal: null });

  expect(simulator.orders().filter((o) => o.settleType === "OPEN" && o.status === "EXECUTED")).toHaveLength(1);
  expect(simulator.positions().filter((p) => p.size > 0n)).toEqual([]);
  expect(simulator.orders().filter((o) => ["ORDERED", "WAITING"].includes(o.status))).toEqual([]);
  const gained = simulator.executions().reduce((sum, e) => sum + e.lossGain - e.fee, 0n);
  const [trade] = rows<{ e8: number | bigint }>("SELECT sum(loss_gain_e8 - fee_e8) AS e8 FROM executions");
  expect(BigInt(trade!.e8)).toBe(gained);
  expect(rows("SELECT id FROM alerts WHERE severity = 'critical'")).toEqual([]);
  expect((await trader("audit", "verify")).code).toBe(0);
}, 240_000);
