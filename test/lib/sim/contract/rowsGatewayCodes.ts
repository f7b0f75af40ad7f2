// Section 11, the codes of the gateway (5003 and up), one row each, and what is no code at all.
import { expect } from "vitest";
import type { WriteResult } from "../../../../lib/core/venue.ts";
import {
  clockOff,
  closed,
  closing,
  coded,
  failedRead,
  nothingOfOurs,
  REST,
  refusedWrite,
  scripted,
  wireCode,
} from "./codeRow.ts";
import { accepted, at, codeOf, coins, orderOf, PRICE, type Row, row } from "./world.ts";

export const GATEWAY_CODE_ROWS: readonly Row[] = [
  coded(
    "ERR-5003",
    "too many requests: a read waits and goes again, a write may go later",
    async (w) => {
      for (let i = 0; i < 20; i++) await w.api.margin();
      await failedRead(w, "ERR-5003", () => w.api.margin());
      for (let i = 0; i < 20; i++) accepted(await w.api.order(orderOf({ ...REST, size: coins("0.001") })));
      await refusedWrite(w, "ERR-5003", () => w.api.order(orderOf(REST)));
      expect(w.venue.server.simulator.orders()).toHaveLength(20);
    },
    { server: { privateLimit: "tier" } },
  ),
  coded("ERR-5007", "API-TIMESTAMP missing or not numeric", async (w) => {
    for (const timestamp of ["", "soon", "1.5", "-1"])
      expect(
        await wireCode(w.venue.send("GET", "/v1/account/margin", { headers: { "API-TIMESTAMP": timestamp } })),
      ).toEqual([200, "ERR-5007"]);
  }),
  coded("ERR-5008", "a timestamp ahead: a read signs anew, once; a write may go later", async (w) => {
    await failedRead(w, "ERR-5008", () => clockOff(w, 3_600_000).margin());
    await refusedWrite(w, "ERR-5008", () => clockOff(w, 3_600_000).order(orderOf()));
    const [first, second] = w.wire.map(({ request }) => request.headers["API-SIGN"]);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toMatch(/^[0-9a-f]{64}$/);
    await nothingOfOurs(w);
  }),
  coded("ERR-5009", "a timestamp behind: a read signs anew, once; a write may go later", async (w) => {
    await failedRead(w, "ERR-5009", () => clockOff(w, -3_600_000).margin());
    await refusedWrite(w, "ERR-5009", () => clockOff(w, -3_600_000).order(orderOf()));
    await nothingOfOurs(w);
  }),
  coded("ERR-5010", "a bad signature: stop and tell", async (w) => {
    const { apiKey } = w.venue.server.simulator.credentials();
    const api = w.apiWith({ credentials: { apiKey, secret: "another" } });
    await failedRead(w, "ERR-5010", () => api.margin());
    await refusedWrite(w, "ERR-5010", () => api.order(orderOf()));
    await nothingOfOurs(w);
  }),
  coded("ERR-5011", "API-KEY missing", async (w) => {
    const { restPrivate } = w.venue.server.addresses;
    expect(await wireCode(w.venue.fetch(`${restPrivate}/v1/account/margin`))).toEqual([200, "ERR-5011"]);
  }),
  coded("ERR-5012", "an unknown key: stop and tell", async (w) => {
    const { secret } = w.venue.server.simulator.credentials();
    const api = w.apiWith({ credentials: { apiKey: "another", secret } });
    await failedRead(w, "ERR-5012", () => api.margin());
    await refusedWrite(w, "ERR-5012", () => api.order(orderOf()));
    await nothingOfOurs(w);
  }),
  scripted("ERR-5014", "terms or documents pending on the member page"),
  scripted("ERR-5016", "a history query timed out: a read goes again"),
  coded("ERR-5106", "an invalid parameter, its name in the text", async (w) => {
    await refusedWrite(w, "ERR-5106", () => w.api.order(orderOf({ symbol: "ZZZ" })));
    await failedRead(w, "ERR-5106", () => w.api.activeOrders("ZZZ"));
    expect(w.last.json.messages[0].message_string).toBe("Invalid request parameter. symbol");
  }),
  coded("ERR-5111", "a timeInForce that this kind of order does not have", async (w) => {
    for (const timeInForce of ["FAS", "FOK", "SOK"] as const) {
      await refusedWrite(w, "ERR-5111", () => w.api.order(orderOf({ timeInForce })));
      const stop = orderOf({ executionType: "STOP", price: at(50_000), timeInForce });
      await refusedWrite(w, "ERR-5111", () => w.api.order(stop));
    }
    await nothingOfOurs(w);
  }),
  coded("ERR-5114", "more decimals than the step or the tick", async (w) => {
    await refusedWrite(w, "ERR-5114", () => w.api.order(orderOf({ size: coins("0.0105") })));
  }),
  coded("ERR-5118", "losscutPrice on a MARKET order or on spot", async (w) => {
    await refusedWrite(w, "ERR-5118", () => w.api.order(orderOf({ losscutPrice: at(-100_000) })));
    const spot = orderOf({ symbol: "BTC", ...REST, losscutPrice: at(-100_000) });
    await refusedWrite(w, "ERR-5118", () => w.api.order(spot));
  }),
  coded("ERR-5121", "a price outside the limit", async (w) => {
    await refusedWrite(w, "ERR-5121", () => w.api.order(orderOf({ price: at(-PRICE / 2) })));
  }),
  coded("ERR-5122", "the state of the order forbids it: filled, cancelled and expired ones alike", async (w) => {
    const cancelled = await w.order(REST);
    accepted(await w.api.cancelOrder(cancelled));
    const expired = await w.order({ timeInForce: "SOK", price: at(50_000) });
    for (const id of [await w.order(), cancelled, expired]) {
      await refusedWrite(w, "ERR-5122", () => w.api.cancelOrder(id));
      await refusedWrite(w, "ERR-5122", () => w.api.changeOrder({ orderId: id, price: at(-20_000) }));
    }
  }),
  coded("ERR-5123", "a change of an order that does not exist", async (w) => {
    await refusedWrite(w, "ERR-5123", () => w.api.changeOrder({ orderId: "1", price: at(-20_000) }));
  }),
  scripted("ERR-5125", "API trading restricted: halt and tell"),
  coded(
    "ERR-5126",
    "a size outside minimum and maximum, or positions beyond the cap of 50 BTC a side",
    async (w) => {
      await refusedWrite(w, "ERR-5126", () => w.api.order(orderOf({ size: coins("5.001") })));
      await refusedWrite(w, "ERR-5126", () => w.api.order(orderOf({ symbol: "ETH", size: coins("0.0005") })));
      const largest = orderOf({ ...REST, size: coins("5") });
      for (let i = 0; i < 10; i++) accepted(await w.api.order(largest));
      await refusedWrite(w, "ERR-5126", () => w.api.order({ ...largest, size: coins("0.001") }));
      accepted(await w.api.order({ ...largest, side: "SELL", price: at(10_000) }));
    },
    { eth: true, equity: 1_000_000_000, venue: { positionCapCountsOrders: true } },
  ),
  scripted("ERR-5127", "account or API connection restricted: halt and tell"),
  coded("ERR-5129", "a STOP that would trigger at once, to open and to close", async (w) => {
    await refusedWrite(w, "ERR-5129", () =>
      w.api.order(orderOf({ executionType: "STOP", side: "SELL", price: at(50_000) })),
    );
    const close = await closing(w);
    await refusedWrite(w, "ERR-5129", () => w.api.closeOrder({ ...close, executionType: "STOP", price: at(50_000) }));
  }),
  scripted("ERR-5133", "transfer restricted (by script)"),
  coded("ERR-5135", "no FX account to transfer to; our connector has no transfer at all", async (w) => {
    const body = { amount: "1000", transferType: "WITHDRAWAL" };
    expect(await wireCode(w.venue.post("/v1/account/transfer", body))).toEqual([200, "ERR-5135"]);
    expect(Object.keys(w.api).filter((name) => /transfer/i.test(name))).toEqual([]);
  }),
  coded(
    "ERR-5201",
    "regular maintenance: nothing is asked again by the connector, a write may go later",
    async (w) => {
      await failedRead(w, "ERR-5201", () => w.api.margin());
      await failedRead(w, "ERR-5201", () => w.api.symbols());
      await refusedWrite(w, "ERR-5201", () => w.api.order(orderOf()));
      await refusedWrite(w, "ERR-5201", () => w.api.cancelOrder("1"));
      await nothingOfOurs(w);
      w.venue.advance(60);
      await w.order(REST);
    },
    closed("maintenance"),
  ),
  coded(
    "ERR-5202",
    "emergency maintenance",
    async (w) => {
      await failedRead(w, "ERR-5202", () => w.api.margin());
      await refusedWrite(w, "ERR-5202", () => w.api.order(orderOf()));
      await nothingOfOurs(w);
    },
    closed("emergency"),
  ),
  coded(
    "ERR-5203",
    "pre-open: everything that orders or changes",
    async (w) => {
      const write = (act: () => Promise<WriteResult<unknown>>) => refusedWrite(w, "ERR-5203", act);
      const close = { ...orderOf({ side: "SELL" }), positionId: "1" };
      await write(() => w.api.order(orderOf()));
      await write(() => w.api.closeOrder(close));
      await write(() => w.api.closeBulkOrder(orderOf({ side: "SELL" })));
      await write(() => w.api.changeOrder({ orderId: "1", price: at(0) }));
      await write(() => w.api.changeLosscutPrice({ positionId: "1", losscutPrice: at(0) }));
      await nothingOfOurs(w);
    },
    closed("preopen"),
  ),
  coded("ERR-5204", "an unknown private path: HTTP 404", async (w) => {
    expect(await wireCode(w.venue.get("/v1/nowhere"))).toEqual([404, "ERR-5204"]);
    expect(await wireCode(w.venue.post("/v1/orders", {}))).toEqual([404, "ERR-5204"]);
  }),
  coded(
    "ERR-5206",
    "too many changes of one order",
    async (w) => {
      const orderId = await w.order(REST);
      accepted(await w.api.changeOrder({ orderId, price: at(-20_000) }));
      await refusedWrite(w, "ERR-5206", () => w.api.changeOrder({ orderId, price: at(-30_000) }));
      expect((await w.shown(orderId)).price).toBe(at(-20_000));
    },
    { venue: { maxChanges: 1 } },
  ),
  coded("ERR-5207", "an unknown symbol; for candles no data, an empty list", async (w) => {
    await failedRead(w, "ERR-5207", () => w.api.orderBook("ZZZ"));
    expect(await w.api.klines("BTC_JPY", "1min", "20210414")).toEqual([]);
    expect(w.last.json.messages[0].message_code).toBe("ERR-5207");
  }),
  coded("ERR-5208", "orderId and executionId together; our connector asks for one of them", async (w) => {
    expect(await wireCode(w.venue.get("/v1/executions", "orderId=1&executionId=2"))).toEqual([200, "ERR-5208"]);
  }),
  // What our connector would make of those that it never causes itself.
  ...["ERR-5007", "ERR-5011", "ERR-5135", "ERR-5204", "ERR-5208"].map((code) => scripted(code, "our verdict")),
  row(
    "11",
    "D",
    "a code nobody documented: a refusal of a read, unknown for a write",
    async (w) => {
      const before = w.wire.length;
      await expect(w.api.margin()).rejects.toMatchObject({ code: "ERR-9999", verdict: "permanent" });
      expect(codeOf(await w.api.order(orderOf(REST)))).toBe("ERR-9999");
      expect((await w.api.order(orderOf(REST))).kind).toBe("unknown");
      expect(w.wire.length - before).toBe(3);
    },
    {
      faults: { rules: [{ fault: { kind: "error", phase: "before", code: "ERR-9999" } }] },
    },
  ),
  row(
    "11",
    "M",
    "no answer that can be read (timeout, reset, HTTP 5xx, HTML, cut JSON) leaves a write unknown, though it was executed",
    async (w) => {
      for (const code of ["VENUE_RESET", "VENUE_GARBLED", "VENUE_GARBLED", "VENUE_GARBLED"]) {
        const before = w.wire.length;
        expect(await w.api.order(orderOf({ ...REST, size: coins("0.001") }))).toMatchObject({ kind: "unknown", code });
        // A reset is no reply at all.
        expect(w.wire.length - before).toBe(code === "VENUE_RESET" ? 0 : 1);
      }
      expect(await w.api.activeOrders("BTC_JPY")).toHaveLength(4);
    },
    {
      faults: {
        rules: [
          { match: { path: "/v1/order", nth: 1 }, fault: { kind: "reset", phase: "after" } },
          { match: { path: "/v1/order", nth: 2 }, fault: { kind: "httpError", phase: "after", httpStatus: 502 } },
          { match: { path: "/v1/order", nth: 3 }, fault: { kind: "html", phase: "after" } },
          { match: { path: "/v1/order", nth: 4 }, fault: { kind: "truncate", phase: "after" } },
        ],
      },
    },
  ),
];
