// One text per reply kind and channel, said by the simulated venue to a client that uses every endpoint once.
import { parseCoin, yen, yenE8 } from "../../../lib/core/money.ts";
import { epochMs, MINUTE_MS } from "../../../lib/core/time.ts";
import { kindOf } from "../../../lib/io/gmo/decodeKinds.ts";
import type { Transport } from "../../../lib/io/gmo/transport.ts";
import type { OpenVenue } from "../../../lib/sim/server/openVenue.ts";
import { type GmoApi, RESTING_ORDERS, restingOrder, START_MS, SYMBOL, unpacedApi } from "./world.ts";

/** By the name of the kind ("public/ticker", "ws/orderEvents"); the last success of each. */
export type Captures = ReadonlyMap<string, string>;

export const capture = async ({ simulator }: OpenVenue): Promise<Captures> => {
  const texts = new Map<string, string>();
  const stopEvents = simulator.onEvent((event) => {
    for (const { channel, frame } of simulator.views.privateFrames(event))
      texts.set(`ws/${channel}`, JSON.stringify(frame));
  });
  const inProcess = simulator.transport();
  const recording: Transport = {
    async send(request) {
      const reply = await inProcess.send(request);
      const kind = kindOf(`${request.area}${request.path.slice("/v1".length)}`);
      if (kind && reply.body.startsWith(`{"status":0`)) texts.set(kind.name, reply.body);
      return reply;
    },
  };
  const api = unpacedApi(recording, simulator.credentials());
  await trade(api);
  await readAll(api);
  stopEvents();
  const { views } = simulator;
  texts.set("ws/ticker", JSON.stringify(views.tickerFrame(SYMBOL)));
  texts.set("ws/orderbooks", JSON.stringify(views.bookFrame(SYMBOL)));
  const lately = epochMs(simulator.nowMs() - 10 * MINUTE_MS);
  texts.set("ws/trades", JSON.stringify(views.tradeFrames(SYMBOL, lately, "TAKER_ONLY").at(-1)));
  // The server's own, not the simulator's: access tokens.
  texts.set("private/ws-auth", views.success("a".repeat(64)).body);
  texts.set("error", views.refusal("ERR-5106", "Invalid request parameter. symbol").body);
  texts.set("ws/error", JSON.stringify({ error: "ERR-5106 Invalid request parameter. symbol" }));
  return texts;
};

const trade = async (api: GmoApi): Promise<void> => {
  const resting = restingOrder((await api.ticker(SYMBOL)).last);
  const place = async (): Promise<string> => accepted(await api.order(resting));
  for (let i = 0; i < RESTING_ORDERS; i += 1) await place();
  const market = { symbol: SYMBOL, executionType: "MARKET", size: parseCoin("0.01") } as const;
  for (let i = 0; i < 3; i += 1) accepted(await api.order({ ...market, side: "BUY" }));
  const positions = await api.openPositions(SYMBOL);
  // An order may fill in pieces, each a position.
  const first = positions[0]!;
  const losscutPrice = yenE8(first.losscutPrice! + yen(1_000));
  await api.changeLosscutPrice({ positionId: first.positionId, losscutPrice });
  accepted(await api.closeOrder({ ...market, size: first.size, side: "SELL", positionId: first.positionId }));
  accepted(await api.closeBulkOrder({ ...market, side: "SELL" }));
  const changed = await place();
  await api.changeOrder({ orderId: changed, price: yenE8(resting.price! - yen(1_000)) });
  await api.cancelOrder(changed);
  await api.cancelOrders([await place(), await place()]);
  await api.cancelBulkOrder({ symbols: [SYMBOL] });
  for (let i = 0; i < RESTING_ORDERS; i += 1) await place();
  const live = (await api.activeOrders(SYMBOL)).map(({ orderId }) => orderId);
  await api.orders(live.slice(0, 10));
  await api.executions((await api.latestExecutions(SYMBOL))[0]!.orderId);
};

const readAll = async (api: GmoApi): Promise<void> => {
  const window = { fromMs: epochMs(START_MS - 10 * MINUTE_MS) };
  await api.status();
  await api.symbols();
  await api.tickers();
  await api.orderBook(SYMBOL);
  await api.trades(SYMBOL);
  await api.klines(SYMBOL, "1min", "20250702");
  await api.margin();
  await api.assets();
  await api.tradingVolume();
  await api.fiatDeposits(window);
  await api.fiatWithdrawals(window);
  await api.deposits("BTC", window);
  await api.withdrawals("BTC", window);
  await api.exchangeFees({ fromDate: "20250702", toDate: "20250703" });
  await api.positionSummary();
};

const accepted = <T>(result: { kind: string; value?: T; message?: string }): T => {
  if (result.kind === "accepted") return result.value as T;
  throw new Error(`expected an accepted write, found ${result.message}`);
};
