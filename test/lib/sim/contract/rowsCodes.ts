// Section 11, the codes of the trading engine (below 1000), one row each.
import { expect } from "vitest";
import { epochMs, MINUTE_MS } from "../../../../lib/core/time.ts";
import { closing, coded, failedRead, nothingOfOurs, REST, refusedWrite, scripted } from "./codeRow.ts";
import { accepted, at, coins, orderOf, PRICE, type Row } from "./world.ts";

export const ENGINE_CODE_ROWS: readonly Row[] = [
  coded("ERR-70", "the side of a close order does not fit the position", async (w) => {
    const close = await closing(w);
    await refusedWrite(w, "ERR-70", () => w.api.closeOrder({ ...close, side: "BUY" }));
  }),
  coded("ERR-151", "a cancel of an id that does not exist looks like an outage", async (w) => {
    await refusedWrite(w, "ERR-151", () => w.api.cancelOrder("1"));
  }),
  coded("ERR-189", "a close of more than the position", async (w) => {
    const close = await closing(w);
    await refusedWrite(w, "ERR-189", () => w.api.closeOrder({ ...close, size: coins("0.002") }));
  }),
  coded("ERR-200", "resting close orders reserve the quantity, for single and for bulk closes", async (w) => {
    const close = await closing(w);
    accepted(await w.api.closeOrder({ ...close, executionType: "STOP", price: at(-50_000) }));
    await refusedWrite(w, "ERR-200", () => w.api.closeOrder(close));
    const { positionId: _, ...bulk } = close;
    await refusedWrite(w, "ERR-200", () => w.api.closeBulkOrder(bulk));
  }),
  coded("ERR-201", "more than the margin there is", async (w) => {
    await refusedWrite(w, "ERR-201", () => w.api.order(orderOf({ size: coins("1") })));
    await nothingOfOurs(w);
  }),
  coded("ERR-208", "yen that a resting spot order locks", async (w) => {
    const buy = orderOf({ symbol: "BTC", price: at(-100_000), size: coins("0.09") });
    accepted(await w.api.order(buy));
    await refusedWrite(w, "ERR-208", () => w.api.order(buy));
  }),
  coded("ERR-254", "a position that does not exist", async (w) => {
    const close = await closing(w);
    await refusedWrite(w, "ERR-254", () => w.api.closeOrder({ ...close, positionId: "1" }));
  }),
  coded("ERR-422", "a bulk close without a position on the other side", async (w) => {
    await w.position("BUY");
    await refusedWrite(w, "ERR-422", () => w.api.closeBulkOrder(orderOf({ side: "BUY" })));
  }),
  coded("ERR-423", "a bulk close of more than there is", async (w) => {
    await w.position("BUY");
    await refusedWrite(w, "ERR-423", () => w.api.closeBulkOrder(orderOf({ side: "SELL", size: coins("0.002") })));
  }),
  coded("ERR-430", "an order id in executions that is none", async (w) => {
    await failedRead(w, "ERR-430", () => w.api.executions("x"));
  }),
  scripted("ERR-554", "server unavailable: a write is unknown, a read goes again"),
  scripted("ERR-626", "server busy: a write is unknown, a read goes again"),
  coded(
    "ERR-635",
    "too many active orders; a cancel makes room",
    async (w) => {
      const id = await w.order(REST);
      await w.order(REST);
      await refusedWrite(w, "ERR-635", () => w.api.order(orderOf(REST)));
      accepted(await w.api.cancelOrder(id));
      await w.order(REST);
    },
    { venue: { maxActiveOrders: 2 } },
  ),
  coded(
    "ERR-683",
    "while a margin call is processed everything waits; ERR-682: then whatever adds risk, closing works",
    async (w) => {
      await w.position("BUY", coins("0.06"));
      const [position] = await w.api.openPositions("BTC_JPY");
      const close = orderOf({ side: "SELL", size: coins("0.001") });
      const exit = { ...close, positionId: position!.positionId };
      // 06:30 JST of the next day.
      w.venue.advance(21.5 * 3_600 - 120);
      expect((await w.api.margin()).callStatus).toBe("MARGIN_CALL");
      await refusedWrite(w, "ERR-683", () => w.api.order(orderOf({ size: coins("0.001") })));
      await refusedWrite(w, "ERR-683", () => w.api.closeOrder(exit));
      w.venue.advance(60);
      await refusedWrite(w, "ERR-682", () => w.api.order(orderOf({ size: coins("0.001") })));
      accepted(await w.api.closeOrder(exit));
    },
    {
      equity: 320_000,
      btc: (s) =>
        s
          .flat(30)
          .to(PRICE - 700_000, 10)
          .flat(1_400),
      venue: { marginCallPercent: 100 },
    },
  ),
  scripted("ERR-754", "the transferable amount is too small (there are no transfers here: by script)"),
  coded(
    "ERR-846",
    "a history window over 30 minutes; our connector does not even send one",
    async (w) => {
      const fromMs = epochMs(1_751_328_000_000);
      const window = { fromMs, toMs: epochMs(fromMs + 31 * MINUTE_MS) };
      await expect(w.api.fiatDeposits(window)).rejects.toMatchObject({ code: "VENUE_REQUEST", verdict: "permanent" });
      expect(w.wire).toEqual([]);
      await failedRead(w, "ERR-846", () => w.api.fiatDeposits({ fromMs }));
    },
    {
      faults: {
        rules: [
          {
            match: { path: "/v1/account/fiatDeposit/history" },
            fault: { kind: "error", phase: "before", code: "ERR-846" },
          },
        ],
      },
    },
  ),
  scripted("ERR-913", "a collateral sale must be all or leave the minimum (coins are no collateral here: by script)"),
];
