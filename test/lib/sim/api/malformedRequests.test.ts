// Whatever stands in a body or a query: an envelope comes back, never a failure of the venue, and no number that is
// none.
import fc from "fast-check";
import { expect, test } from "vitest";
import { LONG } from "../../../long.ts";
import { Desk } from "../desk.ts";

const WORDS = ["BTC_JPY", "BTC", "BUY", "SELL", "MARKET", "LIMIT", "STOP", "FAK", "FAS", "FOK", "SOK", "OPEN", "CLOSE"];
const NUMBERS = [
  "0",
  "0.0",
  "-1",
  "NaN",
  "1e3",
  "1e-5",
  "00.01",
  "0.0100000000000000000",
  "999999999999999",
  "",
  "1.",
  "+1",
];
const decimal = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -200, max: 200 }).map((n) => String(10_000_000 + n * 1_000)) },
  { weight: 3, arbitrary: fc.constantFrom("0.001", "0.002", "0.01") },
  fc.constantFrom(...NUMBERS),
  fc.double().map(String),
);
const anything = fc.oneof(
  decimal,
  fc.constantFrom<unknown>(...WORDS, null, true, 1, 0.1, -1, 8_800_000_001, 2 ** 53 + 2, 1e300, [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);
const mostly = (arbitrary: fc.Arbitrary<unknown>) => fc.oneof({ weight: 12, arbitrary }, anything);
/** Ids of the first few orders and positions, so that some exist. */
const id = (first: number) => mostly(fc.nat({ max: 5 }).map((n) => first + n));
const size = fc.constantFrom("0.001", "0.002", "0.01");
const body = fc.record(
  {
    symbol: mostly(fc.constantFrom("BTC_JPY", "BTC")),
    side: mostly(fc.constantFrom("BUY", "SELL")),
    executionType: mostly(fc.constantFrom("MARKET", "LIMIT", "STOP")),
    timeInForce: mostly(fc.constantFrom(undefined, "FAK", "FAS", "FOK", "SOK")),
    price: mostly(decimal),
    losscutPrice: mostly(fc.constantFrom(undefined, "9000000")),
    size: mostly(size),
    cancelBefore: mostly(fc.constantFrom(undefined, true)),
    orderId: id(8_800_000_001),
    orderIds: mostly(fc.array(id(8_800_000_001), { maxLength: 11 })),
    symbols: mostly(fc.constant(["BTC_JPY"])),
    settlePosition: mostly(fc.tuple(fc.record({ positionId: id(280_000_001), size: mostly(size) }))),
    positionId: id(280_000_001),
  },
  { requiredKeys: ["symbol", "side", "executionType", "size"] },
);
const WRITES = [
  "order",
  "closeOrder",
  "closeBulkOrder",
  "changeOrder",
  "cancelOrder",
  "cancelOrders",
  "cancelBulkOrder",
];
const READS = ["orders", "activeOrders", "executions", "latestExecutions", "openPositions", "positionSummary"];
const query = fc.dictionary(
  fc.constantFrom("symbol", "page", "count", "orderId", "executionId"),
  fc.oneof(fc.string(), decimal, fc.constantFrom("BTC_JPY", "1", "100", "8800000001,8800000002", "__proto__")),
);

test("an envelope with status, and data only beside status 0", () => {
  const seen = new Set<string>();
  const d = new Desk({ btc: (s) => s.to(9_900_000, 30).to(10_100_000, 60).flat(3_000), venue: { partialFills: true } });
  const judge = (reply: {
    readonly status: number;
    readonly data?: unknown;
    readonly code?: string | undefined;
  }): void => {
    seen.add(reply.code ?? "ok");
    expect([0, 1, 2, 4, 5]).toContain(reply.status);
    expect(reply.status === 0 || reply.data === undefined).toBe(true);
    expect(JSON.stringify(reply)).not.toMatch(/NaN|Infinity|undefined|"-?\d[\d.]*e[+-]?\d|"-0"/);
  };
  try {
    fc.assert(
      fc.property(
        fc.constantFrom(...WRITES),
        body,
        fc.constantFrom(...READS),
        query,
        fc.nat({ max: 40 }),
        (write, b, read, q, s) => {
          judge(d.post(`/v1/${write}`, b));
          judge(d.get(`/v1/${read}`, q));
          if (s > 30) d.pass(s - 30);
        },
      ),
      // The few runs of the ordinary suite come to every code below; which ones they are must not be luck.
      LONG ? { numRuns: 20_000 } : { numRuns: 600, seed: 20_261_126 },
    );
    for (const code of ["ok", "ERR-5106", "ERR-5111", "ERR-5114", "ERR-5122"]) expect([...seen]).toContain(code);
  } finally {
    d.close();
  }
});
