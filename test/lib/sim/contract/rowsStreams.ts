// Statements about both WebSockets and their tokens, through our streams: section 10 of the reference, and 1.3 for
// upgrades.
import { expect } from "vitest";
import { epochMs } from "../../../../lib/core/time.ts";
import type { Script } from "../../../sim/script.ts";
import { accepted, at, codeOf, coins, orderOf, PRICE, type Row, row } from "./world.ts";

const RISING = { btc: (s: Script) => s.to(PRICE + 60_000, 60).flat(30) };
const FALLING = { btc: (s: Script) => s.to(PRICE - 60_000, 10).flat(60) };

export const STREAM_ROWS: readonly Row[] = [
  row(
    "1.3",
    "D",
    "maintenance closes the sockets and is HTTP 503 on upgrade; our stream comes back after it",
    async (w) => {
      const { stream, until } = await w.market((s) => s.subscribe("ticker", "BTC_JPY"));
      w.venue.advance(60);
      await until(() => stream.state.kind === "down");
      await expect(w.venue.publicEar()).rejects.toThrow("HTTP 503");
      w.venue.advance(60);
      await until(() => stream.state.kind === "live");
    },
    { faults: { closures: [{ kind: "maintenance", fromMs: 60_000, untilMs: 120_000 }] } },
  ),
  row("1", "M", "leaving /v1 out of a WebSocket address is HTTP 404 on upgrade", async (w) => {
    await expect(w.venue.connect(w.venue.server.addresses.wsPublic.replace("/v1", ""))).rejects.toThrow("HTTP 404");
  }),

  row(
    "10.1",
    "M",
    "one socket carries all symbols and channels",
    async (w) => {
      const { events, until } = await w.market((s) => {
        for (const symbol of ["BTC_JPY", "BTC"])
          for (const channel of ["ticker", "orderbooks", "trades"] as const) s.subscribe(channel, symbol);
      });
      w.venue.advance(30);
      const seen = (): number => new Set(events.map((event) => `${event.kind} ${event.symbol}`)).size;
      await until(() => seen() === 6);
      expect(w.venue.server.sockets()).toBe(1);
    },
    RISING,
  ),
  row(
    "10.1",
    "M",
    "an error frame says code and text; the socket stays open and the other channels go on",
    async (w) => {
      const { stream, events, problems, until } = await w.market((s) => {
        s.subscribe("ticker", "ZZZ");
        s.subscribe("orderbooks", "BTC_JPY");
      });
      await until(() => problems.length > 0);
      expect(problems[0]!.code).toBe("ERR-5106");
      w.venue.advance(1);
      await until(() => events.length > 0);
      expect([stream.state.kind, w.venue.server.sockets()]).toEqual(["live", 1]);
    },
  ),
  row(
    "10.1",
    "DM",
    "a channel without permission is ERR-5012 in an error frame",
    async (w) => {
      const { problems, until } = await w.account();
      await until(() => problems.length > 0);
      expect(problems.map(({ code }) => code)).toContain("ERR-5012");
    },
    { server: { denied: ["orderEvents"] } },
  ),
  row(
    "10.1",
    "D",
    "one command a second per address: too fast is an ERR-5003 frame, and our stream asks again",
    async (w) => {
      const { stream, events, until } = await w.market((s) => {
        s.subscribe("ticker", "BTC_JPY");
        s.subscribe("orderbooks", "BTC_JPY");
      });
      expect(stream.state.kind).toBe("live");
      w.venue.advance(5);
      await until(() => new Set(events.map(({ kind }) => kind)).size === 2);
    },
    { server: { commandIntervalMs: 20 } },
  ),
  row(
    "10.1",
    "DM",
    "a cut (1006) is survived: our stream reconnects and subscribes again",
    async (w) => {
      const { stream, events, states, until } = await w.market((s) => s.subscribe("orderbooks", "BTC_JPY"));
      w.venue.advance(1);
      await until(() => states.includes("down"));
      await until(() => stream.state.kind === "live");
      const before = events.length;
      w.venue.advance(10);
      await until(() => events.length > before);
    },
    { faults: { sockets: [{ match: { on: "time", fromMs: 1_000 }, fault: { kind: "cut" } }] } },
  ),

  row(
    "10.2",
    "M",
    "orderbooks: 30 levels a side, whole in each frame",
    async (w) => {
      const { events, until } = await w.market((s) => s.subscribe("orderbooks", "BTC_JPY"));
      // Of a burst our stream keeps the newest book.
      for (let count = 1; count <= 5; count++) {
        w.venue.advance(6);
        await until(() => events.length >= count);
      }
      for (const event of events) {
        if (event.kind !== "orderBook") throw new Error(event.kind);
        expect([event.asks.length, event.bids.length]).toEqual([30, 30]);
        expect(event.timestampMs! % 505).toBe(0);
      }
    },
    RISING,
  ),
  row(
    "10.2",
    "D",
    "ticker: as REST says it",
    async (w) => {
      const { events, until } = await w.market((s) => s.subscribe("ticker", "BTC_JPY"));
      const { server } = w.venue;
      server.advanceTo(epochMs((Math.floor(server.simulator.nowMs() / 2_020) + 1) * 2_020));
      await until(() => events.length > 0);
      expect(events).toEqual([{ kind: "ticker", ...(await w.api.ticker("BTC_JPY")) }]);
    },
    RISING,
  ),
  row(
    "10.2",
    "DM",
    "trades with TAKER_ONLY: one frame a match",
    async (w) => {
      const { events, until } = await w.market((s) => s.subscribe("trades", "BTC_JPY"));
      w.venue.advance(120);
      await until(() => events.length >= 8);
      const keys = events.map((event) => (event.kind === "trade" ? `${event.timestampMs}` : event.kind));
      expect(new Set(keys).size).toBe(keys.length);
    },
    RISING,
  ),

  row("10.3", "D", "a token lives 60 minutes; PUT makes that 60 from now", async (w) => {
    const token = accepted(await w.api.issueToken());
    w.venue.wall.advance(59 * 60_000);
    expect(codeOf(await w.api.extendToken(token))).toBe("accepted");
    w.venue.wall.advance(59 * 60_000);
    expect(codeOf(await w.api.extendToken(token))).toBe("accepted");
    w.venue.wall.advance(60 * 60_000);
    expect((await w.api.extendToken(token)).kind).toBe("refused");
  }),
  row(
    "10.3",
    "D",
    "at most five tokens: the sixth deletes the one nearest to expiry and cuts its stream",
    async (w) => {
      const { stream, states, until } = await w.account();
      w.venue.wall.advance(1);
      for (let i = 0; i < 5; i++) {
        accepted(await w.api.issueToken());
        w.venue.wall.advance(1);
      }
      await until(() => states.includes("down"));
      await until(() => stream.state.kind === "live");
    },
  ),
  row("10.3", "D", "a deleted token lets nobody in", async (w) => {
    const token = accepted(await w.api.issueToken());
    accepted(await w.api.deleteToken(token));
    await expect(w.venue.privateEar(token)).rejects.toThrow(/HTTP 40[14]/);
  }),

  row("10.4", "D", "private channels take no symbol; all symbols arrive together", async (w) => {
    const { events, until } = await w.account(["orderEvents"]);
    await w.order({ price: at(-10_000) });
    await w.order({ symbol: "BTC", price: at(-100_000) });
    await until(() => events.length === 2);
    expect(events.map(({ symbol }) => symbol)).toEqual(["BTC_JPY", "BTC"]);
  }),
  row("10.4", "D", "orderEvents never carry EXECUTED: a full fill is in executionEvents, sizes equal", async (w) => {
    const { events, until } = await w.account();
    const id = await w.order({ size: coins("0.001") });
    await until(() => events.some(({ kind }) => kind === "position"));
    const orders = events.filter((event) => event.kind === "order");
    expect(orders.map(({ status }) => status)).toEqual(["ORDERED"]);
    const [execution] = events.filter((event) => event.kind === "execution");
    expect(execution).toMatchObject({ orderId: id, orderExecutedSize: coins("0.001"), orderSize: coins("0.001") });
    expect((await w.shown(id)).status).toBe("EXECUTED");
  }),
  row(
    "10.4",
    "D",
    "orderExecutedSize is cumulative over the fills of an order",
    async (w) => {
      const { events, until } = await w.account(["executionEvents"]);
      const id = await w.order({ price: at(-10_000), size: coins("0.1") });
      w.venue.advance(900);
      await until(() =>
        events.some((event) => event.kind === "execution" && event.orderExecutedSize === event.orderSize),
      );
      let sum = 0n;
      for (const event of events) {
        if (event.kind !== "execution") throw new Error(event.kind);
        sum += event.size;
        expect([event.orderId, event.orderExecutedSize]).toEqual([id, sum]);
      }
      expect(events.length).toBeGreaterThan(1);
    },
    { ...FALLING, volume: 0.2, venue: { partialFills: true } },
  ),
  row("10.4", "M", "orderTimestamp is the creation time, not the event's", async (w) => {
    const { events, until } = await w.account(["orderEvents"]);
    const createdMs = w.venue.server.simulator.nowMs();
    const id = await w.order({ price: at(-10_000) });
    w.venue.advance(30);
    accepted(await w.api.cancelOrder(id));
    await until(() => events.length === 2);
    expect(events.map((event) => event.kind === "order" && [event.status, event.orderTimestampMs])).toEqual([
      ["ORDERED", createdMs],
      ["CANCELED", createdMs],
    ]);
  }),
  row("10.4", "D", "SOK that crosses tells EXPIRED with EXPIRED_SOK", async (w) => {
    const { events, until } = await w.account(["orderEvents"]);
    await w.order({ timeInForce: "SOK", price: at(50_000) });
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_SOK", executedSize: 0n });
  }),
  row("10.4", "D", "positionEvents: OPR opened, UPR reserved, ULR loss-cut changed, CPR closed", async (w) => {
    const { events, until } = await w.account(["positionEvents"]);
    const { positionId, size } = await w.position();
    const close = { ...orderOf({ side: "SELL", size }), positionId };
    accepted(await w.api.changeLosscutPrice({ positionId, losscutPrice: at(-1_000_000) }));
    accepted(await w.api.closeOrder({ ...close, executionType: "STOP", price: at(-50_000) }));
    accepted(await w.api.closeOrder({ ...close, cancelBefore: true }));
    await until(() => events.some((event) => event.kind === "position" && event.msgType === "CPR"));
    const types = events.map((event) => event.kind === "position" && event.msgType);
    expect([types[0], types.includes("ULR"), types.includes("UPR"), types.at(-1)]).toEqual(["OPR", true, true, "CPR"]);
  }),
  row("10.4", "D", "positionSummaryEvents: INIT after the subscription, then UPDATE", async (w) => {
    await w.position();
    const { events, until } = await w.account(["positionSummaryEvents"]);
    await w.position();
    await until(() => events.length >= 2);
    expect(events.map((event) => event.kind === "positionSummary" && [event.msgType, event.size])).toEqual([
      ["INIT", coins("0.001")],
      ["UPDATE", coins("0.002")],
    ]);
  }),
  row(
    "10.4",
    "D",
    "a loss cut is told with settleType LOSS_CUT",
    async (w) => {
      const { events, until } = await w.account();
      await w.position();
      w.venue.advance(600);
      await until(() => events.some((event) => event.kind === "position" && event.msgType === "CPR"));
      const cut = events.filter(
        (event) => event.kind !== "position" && event.kind !== "positionSummary" && event.side === "SELL",
      );
      expect(cut.some((event) => "settleType" in event && event.settleType === "LOSS_CUT")).toBe(true);
    },
    { btc: (s) => s.to(7_000_000, 5).flat(30) },
  ),
  row(
    "10.4",
    "M",
    "events can come before the reply of the POST that caused them: the order is ours all the same",
    async (w) => {
      const { events, until, stream } = await w.account();
      // An order as old as the last repair may have ended since: events of it would prove nothing.
      w.venue.advance(10);
      const reply = w.order({ price: at(-10_000) });
      await until(() => events.length > 0);
      // The gap is the wall's, which stands: the reply is still on its way.
      expect(w.last.request.path).not.toBe("/v1/order");
      w.venue.wall.advance(50);
      const id = await reply;
      expect(stream.view.order(id)?.status).toBe("ORDERED");
    },
    { venue: { eventOrder: "before" }, server: { eventGapMs: 50 } },
  ),
];
