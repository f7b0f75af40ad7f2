// What nobody outside GMO knows (GMO API 17 and its [?] marks): each reading is an option, and each value of it shows.
import { afterEach, describe, expect, test } from "vitest";
import { epochMs } from "../../../lib/core/time.ts";
import type { VenueOptions } from "../../../lib/sim/options.ts";
import { parseOptions } from "../../../lib/sim/server/optionTable.ts";
import { Desk, type DeskOptions, START_MS } from "./desk.ts";

const desks: Desk[] = [];
const desk = (options?: DeskOptions): Desk => {
  const made = new Desk(options);
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});

describe("a STOP that triggers in a gap", () => {
  const outcome = (triggeredStop: "market" | "limit") => {
    const d = desk({ btc: (s) => s.flat(1).gap(9_800_000).flat(1), venue: { triggeredStop } });
    const id = d.closeOrder(d.position("0.01"), "0.01", { executionType: "STOP", price: "9900000" });
    d.pass(90);
    const { status, cancelType, executedSize } = d.shown(id);
    return { status, cancelType, executedSize, held: d.positions().length };
  };
  test("takes what the book offers as a market order", () => {
    expect(outcome("market")).toEqual({ status: "EXECUTED", cancelType: undefined, executedSize: "0.01", held: 0 });
  });
  test("fills nothing as a limit at its trigger, and the position is bare", () => {
    expect(outcome("limit")).toEqual({ status: "EXPIRED", cancelType: "EXPIRED_FAK", executedSize: "0", held: 1 });
  });
});

test.each([
  ["mixed", ["995000.25", "995000"]],
  ["whole", ["995000", "995000"]],
  ["exact", ["995000.25", "995000.25"]],
] as const)("yen in account/assets: %s", (assetYen, shown) => {
  const d = desk({ venue: { assetYen } });
  d.simulator.pay("JPY", -499_975_000_000n);
  const { amount, available } = d.get("/v1/account/assets").data[0];
  expect([amount, available]).toEqual(shown);
});

test("maintenance has HTTP 200 or 503, other refusals 200", () => {
  const http = (maintenanceHttpStatus: 200 | 503) => {
    const fromMs = epochMs(START_MS + 120_000);
    const closures = [{ kind: "emergency" as const, fromMs, untilMs: epochMs(fromMs + 60_000) }];
    const d = desk({ venue: { maintenanceHttpStatus, closures, statusInMaintenance: "refusal" } });
    const closed = [d.get("/v1/account/assets"), d.get("/v1/status")];
    expect(closed.map(({ code }) => code)).toEqual(["ERR-5202", "ERR-5202"]);
    d.pass(60);
    return [...closed, d.get("/v1/account/assets"), d.post("/v1/order", {})].map(({ httpStatus }) => httpStatus);
  };
  expect([http(200), http(503)]).toEqual([
    [200, 200, 200, 200],
    [503, 503, 200, 200],
  ]);
});

test("lists begin with the newest or the oldest, and tell the rows of the page or the count that was asked for", () => {
  const page = (venue: Partial<VenueOptions>) => {
    const d = desk({ venue });
    const ids = ["9900000", "9900001"].map((price) => d.order({ price, size: "0.01" }));
    const { list, pagination } = d.get("/v1/activeOrders", { symbol: "BTC_JPY", count: 50 }).data;
    const trades = d.get("/v1/trades", { symbol: "BTC_JPY", count: 90 }).data;
    return {
      order: list.map(({ orderId }: { orderId: number }) => ids.indexOf(orderId)),
      counts: [pagination.count, trades.pagination.count === trades.list.length],
    };
  };
  expect(page({})).toEqual({ order: [1, 0], counts: [2, true] });
  expect(page({ listOrder: "oldest", paginationCount: "asked" })).toEqual({ order: [0, 1], counts: [50, false] });
});

test("cancelBulkOrder with nothing to cancel answers an empty list, or without data", () => {
  const answer = (emptyBulkCancel: "list" | "absent") =>
    desk({ venue: { emptyBulkCancel } }).post("/v1/cancelBulkOrder", { symbols: ["BTC_JPY"] });
  expect([answer("list"), answer("absent")].map(({ status, data }) => [status, data])).toEqual([
    [0, []],
    [0, undefined],
  ]);
});

describe("on the command line", () => {
  test("each has its name and its values", () => {
    const given = [
      "triggeredStop=limit",
      "assetYen=exact",
      "maintenanceHttpStatus=503",
      "paginationCount=asked",
      "listOrder=oldest",
      "emptyBulkCancel=absent",
      "commandTooFastText=ERR-5003 Too fast",
      "maxConnections=2",
      "tooManyConnectionsStatus=429",
    ];
    expect(parseOptions(given)).toMatchObject({
      venue: {
        triggeredStop: "limit",
        assetYen: "exact",
        maintenanceHttpStatus: 503,
        paginationCount: "asked",
        listOrder: "oldest",
        emptyBulkCancel: "absent",
      },
      server: { commandTooFastText: "ERR-5003 Too fast", maxConnections: 2, tooManyConnectionsStatus: 429 },
    });
  });
  test.each(["maintenanceHttpStatus=500", "commandTooFastText=", "commandTooFastText=a\nb", "maxConnections=-1"])(
    "%j is refused",
    (text) => {
      expect(() => parseOptions([text])).toThrow(/expected/);
    },
  );
});
