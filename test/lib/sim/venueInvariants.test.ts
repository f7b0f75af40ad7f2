// What must hold at the simulated venue whatever is asked of it, with every feature on: balances are the sums of their
// ledger, reservations fit, ids rise, the private channels publish what REST shows, a file closed and opened is the
// same venue.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatE8, parseCoin, parseE8, yen } from "../../../lib/core/money.ts";
import { epochMs, HOUR_MS, MINUTE_MS } from "../../../lib/core/time.ts";
import { readFrame } from "../../../lib/io/gmo/wireEvents.ts";
import { seededRandom } from "../../../lib/io/random.ts";
import type { ApiRequest, Faults, SimulatorOptions, VenueEvent } from "../../../lib/sim/simulator.ts";
import { LONG } from "../../long.ts";
import { Desk, type DeskOptions, START_MS, START_PRICE, stateText, tempFile } from "./desk.ts";
import { candlesOf, steps } from "./streams.ts";
import { playVenue, type VenueCommand, venueCommands } from "./venueStreams.ts";

/** 05:40 JST: the leverage fee and the margin call fall into the run. */
const EVENING_MS = epochMs(START_MS - 3 * HOUR_MS - 20 * MINUTE_MS);
const WALK_ON: VenueCommand = { do: "pass", ms: 20 * MINUTE_MS };

/**
 * What the venue does of its own accord, by what is asked of it and when: two desks that are asked the same see the
 * same.
 */
const whims = (seed: number): Faults => {
  let random = seededRandom("");
  return Object.assign(
    (request: ApiRequest, phase: "before" | "after", nowMs: number) => {
      if (phase === "before") random = seededRandom(`${seed} ${nowMs} ${request.path} ${request.body ?? ""}`);
      return undefined;
    },
    {
      effects: () => ({
        expireSok: random.int(6) === 0,
        cancelLoses: random.int(6) === 0,
        ...(random.int(4) === 0 ? { fillShare: 0.3 } : {}),
        ...(random.int(6) === 0 ? { notClosableMs: 5_000 } : {}),
      }),
    },
  );
};

const variants: fc.Arbitrary<SimulatorOptions> = fc.record({
  faults: fc.nat(1_000).map((seed) => (seed % 2 === 0 ? whims(seed) : () => undefined)),
  partialFills: fc.boolean(),
  cancelAfterMs: fc.constantFrom(0, 2_000),
  changeAfterMs: fc.constantFrom(0, 3_000),
  maxChanges: fc.constantFrom(1, 10),
  positionVisibleAfterMs: fc.constantFrom(0, 100),
  positionGranularity: fc.constantFrom("execution" as const, "order" as const),
  hedgedMargin: fc.constantFrom("sum" as const, "larger" as const),
  stopTrigger: fc.constantFrom("last" as const, "touch" as const),
  losscutTrigger: fc.constantFrom("last" as const, "touch" as const),
  losscutMaxPercent: fc.constantFrom(undefined, 25),
  losscutMinTicks: fc.constantFrom(0, 1, 100),
  uncoveredOrders: fc.constantFrom("fill" as const, "cancel" as const),
  bulkCloseFirst: fc.constantFrom("oldest" as const, "newest" as const),
  lockTakerFee: fc.boolean(),
  yenRounding: fc.constantFrom("yen" as const, "nearest" as const, "exact" as const),
  limitFak: fc.constantFrom("refused" as const, "accepted" as const),
  vanishedCloseEvent: fc.constantFrom("POSITION_LOSSCUT" as const, "CLOSED_ORDER" as const),
  // High enough to be met: equity is some two to four times the margin.
  accountLosscutPercent: fc.constantFrom(50, 150, 200),
  marginCallPercent: fc.constantFrom(100, 250),
  marginCallGraceMs: fc.constantFrom(MINUTE_MS, HOUR_MS),
});
interface Setting {
  readonly path: Parameters<typeof candlesOf>[2];
  readonly list: readonly VenueCommand[];
  readonly seed: number;
  readonly venue: SimulatorOptions;
}
const setting = (length: number): fc.Arbitrary<Setting> =>
  fc.record({ path: steps(55, 70), list: venueCommands(length), seed: fc.nat(1_000), venue: variants });
const open = ({ path, seed, venue }: Setting, more: DeskOptions = {}): Desk =>
  new Desk({
    candles: candlesOf(EVENING_MS, START_PRICE, path),
    eth: EVENING_MS,
    startMs: EVENING_MS,
    seed,
    venue,
    equity: yen(400_000),
    spot: { BTC: parseCoin("0.05") },
    ...more,
  });
const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);
const rising = (values: readonly number[]): boolean => values.every((value, i) => i === 0 || value > values[i - 1]!);

/** The broken promises, in words. */
const broken = (d: Desk): readonly string[] => {
  const { simulator } = d;
  const found: string[] = [];
  const must = (holds: boolean, promise: string): void => {
    if (!holds) found.push(promise);
  };
  const [executions, orders, ledger] = [simulator.executions(), simulator.orders(), simulator.ledger()];
  const assets = d.get("/v1/account/assets").data as { symbol: string; amount: string; available: string }[];
  for (const { symbol, amount, available } of assets) {
    const entries = ledger.filter((row) => row.currency === symbol).map((row) => row.amount);
    must(parseE8(amount) === sum(entries), `the balance of ${symbol} is the sum of its ledger`);
    must(parseE8(available) >= 0n, `what is available of ${symbol} is not below zero`);
    if (symbol !== "JPY") must(parseE8(amount) >= parseE8(available), `${symbol} available <= amount`);
  }
  // Coins come and go by spot executions alone, yen by what executions and nights say.
  const spot = executions.filter((row) => row.symbol === "BTC");
  const coins = sum(spot.map((row) => (row.side === "BUY" ? row.size : -row.size)));
  must(
    simulator.ledger().every((row) => row.amount !== 0n),
    "no ledger entry is empty",
  );
  must(
    assets.find((row) => row.symbol === "BTC")!.amount === formatE8(parseCoin("0.05") + coins),
    "coins are conserved",
  );
  const paid = sum(spot.map((row) => ((row.side === "BUY" ? -1n : 1n) * row.price * row.size) / 100_000_000n));
  const nights = sum(ledger.filter((row) => row.kind === "leverage_fee").map((row) => row.amount));
  const moved = sum(executions.map((row) => row.lossGain - row.fee)) + nights + paid;
  must(simulator.account().cash === yen(400_000) + moved, "yen are conserved");

  const live = orders.filter((o) => ["WAITING", "ORDERED", "MODIFYING", "CANCELLING"].includes(o.status));
  for (const position of simulator.positions()) {
    const mine = executions.filter((row) => row.positionId === position.positionId);
    const opened = sum(mine.filter((row) => row.settleType === "OPEN").map((row) => row.size));
    const closed = sum(mine.filter((row) => row.settleType !== "OPEN").map((row) => row.size));
    must(opened - closed === position.size, "coins opened and not closed are held");
  }
  for (const row of d.positions()) {
    const resting = sum(
      live.map((o) =>
        o.positionId === row.positionId
          ? o.size - o.executedSize
          : sum(o.settles.filter((part) => part.positionId === row.positionId).map((part) => part.size)),
      ),
    );
    must(parseE8(row.orderdSize) === resting, "orderdSize is what rests");
    must(resting <= parseE8(row.size), "orderdSize <= size");
  }
  for (const order of orders) {
    const mine = executions.filter((row) => row.orderId === order.orderId);
    must(sum(mine.map((row) => row.size)) === order.executedSize, "executedSize is the sum of the executions");
    must((order.status === "EXECUTED") === (order.executedSize === order.size), "EXECUTED means full");
    must(order.changes <= d.simulator.options.maxChanges, "no more changes than allowed");
    if (order.settles.length > 0)
      must(
        sum(order.settles.map((part) => part.size)) === order.size - order.executedSize,
        "a bulk close settles its rest",
      );
    must((order.status === "MODIFYING") === (order.change !== undefined), "MODIFYING is a change on its way");
  }
  const lockedCoins = sum(
    live.filter((o) => o.symbol === "BTC" && o.side === "SELL").map((o) => o.size - o.executedSize),
  );
  must(lockedCoins <= parseE8(assets.find((row) => row.symbol === "BTC")!.amount), "locked coins are there");
  must(rising(orders.map((row) => row.orderId)), "order ids rise");
  must(rising(executions.map((row) => row.executionId)), "execution ids rise");
  must(rising(simulator.positions().map((row) => row.positionId)), "position ids rise");
  return found;
};

/** What somebody knows who listens to the private channels and never asks. */
class Listener {
  readonly orders = new Map<string, { readonly text: string; readonly live: boolean }>();
  readonly positions = new Map<string, string>();
  readonly summaries = new Map<string, string>();
  readonly executions: string[] = [];
  constructor(desk: Desk) {
    desk.simulator.onEvent((event) => this.#hear(desk, event));
  }
  #hear(desk: Desk, event: VenueEvent): void {
    for (const { frame } of desk.simulator.views.privateFrames(event)) {
      // Through the wire and the connector's own eyes.
      const read = readFrame(JSON.stringify(frame));
      if (read.kind !== "frame") throw new Error(read.reason);
      const said = read.frame;
      if (said.kind === "order")
        this.orders.set(said.orderId, {
          text: `${said.status} ${said.executedSize}/${said.size} ${said.price ?? 0n}`,
          live: said.status === "WAITING" || said.status === "ORDERED",
        });
      else if (said.kind === "execution") {
        this.executions.push(said.executionId);
        const full = said.orderExecutedSize === said.orderSize;
        const before = this.orders.get(said.orderId)!;
        this.orders.set(said.orderId, {
          text: `${full ? "EXECUTED" : before.text.split(" ")[0]} ${said.orderExecutedSize}/${said.orderSize} ${said.orderPrice ?? 0n}`,
          live: before.live && !full,
        });
      } else if (said.kind === "position") {
        if (said.msgType === "CPR") this.positions.delete(said.positionId);
        else this.positions.set(said.positionId, `${said.size} ${said.orderedSize} ${said.price} ${said.losscutPrice}`);
      } else if (said.kind === "positionSummary") {
        const key = `${said.symbol} ${said.side}`;
        if (said.size === 0n) this.summaries.delete(key);
        else this.summaries.set(key, `${said.size} ${said.orderedSize} ${said.averagePrice}`);
      }
    }
  }
}
/**
 * The same, asked over REST. MODIFYING and CANCELLING are REST's alone: to the channels the order stands as it stood.
 */
const asked = (d: Desk): { orders: string[]; positions: string[]; summaries: string[]; executions: string[] } => {
  const ids = d.simulator.orders().map((order) => order.orderId);
  const rows: Record<string, string>[] = [];
  for (let i = 0; i < ids.length; i += 10)
    rows.push(...d.get("/v1/orders", { orderId: ids.slice(i, i + 10).join(",") }).data.list);
  return {
    orders: rows.map((row) => {
      const between = row["status"] === "MODIFYING" || row["status"] === "CANCELLING";
      const status = between ? (row["executionType"] === "STOP" ? "WAITING" : "ORDERED") : row["status"];
      const sizes = `${parseE8(row["executedSize"]!)}/${parseE8(row["size"]!)}`;
      return `${row["orderId"]} ${status} ${sizes} ${parseE8(row["price"]!)}`;
    }),
    positions: d.positions().map((row) => {
      const numbers = [row.size, row.orderdSize, row.price, row.losscutPrice].map(parseE8);
      return `${row.positionId} ${numbers.join(" ")}`;
    }),
    summaries: (d.get("/v1/positionSummary").data.list ?? []).map((row: Record<string, string>) => {
      const numbers = [row["sumPositionQuantity"]!, row["sumOrderQuantity"]!, row["averagePositionRate"]!].map(parseE8);
      return `${row["symbol"]} ${row["side"]} ${numbers.join(" ")}`;
    }),
    executions: d.simulator.executions().map((row) => String(row.executionId)),
  };
};
const told = (listener: Listener): ReturnType<typeof asked> => ({
  orders: [...listener.orders].map(([id, { text }]) => `${id} ${text}`),
  positions: [...listener.positions].map(([id, text]) => `${id} ${text}`),
  summaries: [...listener.summaries].map(([id, text]) => `${id} ${text}`),
  executions: listener.executions,
});
const sorted = (view: ReturnType<typeof asked>): ReturnType<typeof asked> => ({
  orders: view.orders.toSorted(),
  positions: view.positions.toSorted(),
  summaries: view.summaries.toSorted(),
  executions: view.executions,
});

describe("whatever is asked of the venue", () => {
  test("balances, reservations and ids hold, and the channels publish what REST shows, after every step", () => {
    const seen = new Map<string, number>();
    const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
    fc.assert(
      fc.property(setting(40), (s) => {
        const d = open(s);
        const listener = new Listener(d);
        d.simulator.onEvent((event) => {
          if (event.kind === "order" && event.cancelType) count(event.cancelType);
          if (event.kind === "order" && event.order.cancelType) count(event.order.cancelType);
          if (event.kind === "order" && event.msgType === "ROR" && !event.cancelType) count("changed");
          if (event.kind === "execution") count(`${event.symbol} ${event.execution.settleType}`);
          if (event.kind === "position") count(event.msgType);
        });
        for (const command of [...s.list, WALK_ON, WALK_ON]) {
          const text = playVenue(d, command);
          for (const code of text.match(/ERR-\d+/g) ?? []) count(code);
          expect(broken(d)).toEqual([]);
          expect(sorted(told(listener))).toEqual(sorted(asked(d)));
        }
        d.close();
      }),
      { numRuns: LONG ? 1_500 : 80 },
    );
    // The streams reach what they are meant to reach.
    const expected =
      "BTC OPEN,BTC_JPY OPEN,BTC_JPY CLOSE,BTC_JPY LOSS_CUT,OPR,UPR,ULR,CPR,changed,USER,EXPIRED_FAK,EXPIRED_FOK,ERR-151,ERR-201,ERR-254,ERR-422,ERR-423,ERR-5122";
    expect(expected.split(",").filter((what) => !seen.has(what))).toEqual([]);
  });

  test("closed and opened again after every request, it answers and stands as if it had never been closed", () => {
    fc.assert(
      fc.property(setting(25), (s) => {
        const [steady, mortal] = [open(s), open(s, { path: tempFile() })];
        for (const command of [...s.list, WALK_ON, WALK_ON]) {
          expect(playVenue(mortal, command)).toBe(playVenue(steady, command));
          mortal.reopen();
        }
        expect(stateText(mortal)).toBe(stateText(steady));
        for (const d of [steady, mortal]) d.close();
      }),
      { numRuns: LONG ? 200 : 15 },
    );
  });

  test("how far each step of time goes makes no difference", () => {
    fc.assert(
      fc.property(setting(20), (s) => {
        const [leaps, walks] = [open(s), open(s)];
        for (const command of [...s.list, WALK_ON]) {
          if (command.do !== "pass") {
            playVenue(leaps, command);
            playVenue(walks, command);
            continue;
          }
          leaps.pass(command.ms / 1_000);
          const untilMs = walks.nowMs + command.ms;
          while (walks.nowMs < untilMs) walks.simulator.advanceTo(epochMs(Math.min(untilMs, walks.nowMs + 4_919)));
        }
        expect(stateText(walks)).toBe(stateText(leaps));
        for (const d of [leaps, walks]) d.close();
      }),
      { numRuns: LONG ? 400 : 20 },
    );
  });

  test("a market close of several positions that ends partly filled: the published sum is the actual sum", () => {
    let fillShare = 1;
    const d = new Desk({ venue: { faults: Object.assign(() => undefined, { effects: () => ({ fillShare }) }) } });
    const listener = new Listener(d);
    d.position("0.01");
    d.position("0.01");
    fillShare = 0.5;
    d.post("/v1/closeBulkOrder", { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", size: "0.02" });
    expect(d.positions().map((row) => row.size)).toEqual(["0.01"]);
    expect(sorted(told(listener))).toEqual(sorted(asked(d)));
    d.close();
  });
});
