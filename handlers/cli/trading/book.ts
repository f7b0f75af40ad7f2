// `trader orders|positions|trades|halts`: shows the book. Reads only. `trader stop` and reconcile read the exchange
// itself; `positions` says when reconcile last compared both.

import type { Command } from "commander";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { openResult, priceNow } from "../../../lib/core/openResult.ts";
import { isLive, type Order } from "../../../lib/core/order.ts";
import { type EpochMs, jstText } from "../../../lib/core/time.ts";
import type { Reads } from "../../../queue/types.ts";
import { openOf, tradesInHand } from "../../book/openTrades.ts";
import { productOf, type State } from "../../runtime/stateFolder.ts";
import { hintWith } from "../folder.ts";
import { haltJson } from "../json/halt.ts";
import { orderJson } from "../json/order.ts";
import { positionJson } from "../json/position.ts";
import { tradeJson } from "../json/trade.ts";
import { type Common, type JobsDeps, positive, withCommon, within } from "../queueOptions.ts";
import { clean, table, wrapTo } from "../terminal.ts";
import {
  type HeldPosition,
  haltText,
  heldFor,
  nowText,
  orderHead,
  orderMeaning,
  positionHead,
  positionLines,
  TRADE_COLUMNS,
  totalLines,
  tradeRow,
} from "./bookText.ts";

interface Options extends Common {
  readonly live?: boolean;
  readonly all?: boolean;
  readonly trade?: string;
  readonly limit?: string;
}
const INDENT = "    ";

export const registerBook = (program: Command, deps: JobsDeps): void => {
  const width = (): number | undefined => deps.terminal?.columns();
  const print = (lines: readonly string[]): void => {
    for (const line of lines) for (const part of wrapTo(clean(line), width(), INDENT)) deps.out(part);
  };
  const detail = (lines: readonly string[]): void => {
    for (const line of lines) for (const part of wrapTo(`${INDENT}${clean(line)}`, width(), INDENT)) deps.out(part);
  };
  const limitOf = (options: Options): number => positive("--limit", options.limit ?? "50");

  withCommon(program, "orders", "every order: its state, what that means, what to do")
    .option("--live", "those at, or perhaps at, the exchange (default)")
    .option("--all", "ended ones too, newest first")
    .option("--trade <id>", "of one trade, all of them")
    .option("--limit <count>", "at most this many", "50")
    .action((options: Options) => {
      if (options.live && (options.all || options.trade !== undefined))
        throw new UsageError("expected --live, or --all, or --trade, found several of them");
      within(deps.look, options, ({ db, clock }) => {
        const nowMs = clock.nowMs();
        const orders = ordersOf(db.read, options, limitOf(options));
        if (options.json) {
          deps.out(JSON.stringify(orders.map((o) => orderJson(o, nowMs))));
          return;
        }
        if (orders.length === 0)
          deps.out(options.all || options.trade ? "no order" : "no live order; --all shows ended ones");
        for (const order of orders) {
          print([orderHead(order)]);
          detail([orderMeaning(order, nowMs)]);
        }
      });
    });

  withCommon(program, "positions", "every open position of ours: what protects it, and what is unprotected").action(
    (options: Options) => {
      within(deps.look, options, (state) => {
        const nowMs = state.clock.nowMs();
        const held = heldPositions(state.db.read, nowMs);
        if (options.json) {
          deps.out(JSON.stringify(held.map((h) => positionJson(h, nowMs))));
          return;
        }
        if (held.length === 0) deps.out("no open position of ours");
        for (const h of held) {
          print([positionHead(h)]);
          detail(positionLines(h, nowMs));
        }
        print([
          ...totalLines(
            held.map((h) => h.result),
            productOf(state.db),
          ),
          comparedText(state),
        ]);
      });
    },
  );

  withCommon(program, "trades", "trades, newest first")
    .option("--limit <count>", "at most this many", "20")
    .action((options: Options) => {
      within(deps.look, options, ({ db, clock }) => {
        const nowMs = clock.nowMs();
        const trades = db.read.trades.newest(limitOf(options)).map((trade) => ({
          trade,
          open: openOf(db.read, trade, nowMs),
        }));
        if (options.json) {
          deps.out(JSON.stringify(trades.map(({ trade, open }) => tradeJson(trade, open))));
          return;
        }
        if (trades.length === 0) deps.out("no trade yet");
        else {
          const rows = trades.map(({ trade, open }) => tradeRow(trade, open));
          for (const line of table([TRADE_COLUMNS, ...rows], { width: width(), shrink: [8] })) deps.out(line);
        }
        for (const { trade, open } of trades)
          if (open !== undefined) print([`trade ${trade.id}, held ${heldFor(trade, nowMs)}: ${nowText(open)}`]);
        const inHand = tradesInHand(db.read).flatMap((trade) => openOf(db.read, trade, nowMs) ?? []);
        print(totalLines(inHand, productOf(db)));
      });
    });

  withCommon(program, "halts", "what stops new entries, since when, and how each ends")
    .option("--all", "ended ones too, newest first")
    .option("--limit <count>", "at most this many", "50")
    .action((options: Options) => {
      within(deps.look, options, ({ db, clock }) => {
        const halts = options.all ? db.read.halts.recent(limitOf(options)) : db.read.halts.active(clock.nowMs());
        if (options.json) {
          deps.out(JSON.stringify(halts.map(haltJson)));
          return;
        }
        if (halts.length === 0) deps.out(options.all ? "no halt ever" : "nothing is halted");
        print(halts.map(haltText));
      });
    });
};

const ordersOf = (read: Reads, options: Options, limit: number): readonly Order[] => {
  if (options.trade !== undefined) {
    const tradeId = positive("--trade", options.trade);
    if (read.trades.byId(tradeId) === undefined)
      throw new AppError(
        "permanent",
        "TRADE_MISSING",
        `expected the number of a trade, found ${tradeId}; ${hintWith(options)("trades")} lists them`,
      );
    return read.orders.ofTrade(tradeId).slice(-limit);
  }
  return options.all ? read.orders.newest(limit) : read.orders.allLive().slice(-limit);
};

const heldPositions = (read: Reads, nowMs: EpochMs): readonly HeldPosition[] =>
  read.positions.open().flatMap((position) => {
    const trade = read.trades.byId(position.tradeId);
    if (!trade) return [];
    const legs = read.tradeLegs
      .ofPosition(position.positionId)
      .filter((leg) => leg.open > 0n)
      .map((leg) => ({ leg, order: read.orders.ofLeg(leg.id).findLast(isLive) }));
    const price = priceNow(trade.direction, read.quotes.newest(position.symbol), nowMs);
    return [{ position, trade, legs, result: openResult(trade.direction, [position], price) }];
  });

/** When reconcile last compared the book with the exchange, and what differs. */
const comparedText = ({ db, store }: State): string => {
  const last = store.list({ name: "reconcile", state: "done", limit: 1 })[0]?.finishedMs;
  const mismatch = db.read.differences.all();
  const when =
    last === undefined ? "not compared with the exchange yet" : `compared with the exchange ${jstText(last)}`;
  return mismatch.length === 0 ? when : `${when}; they differ: ${mismatch.map((d) => d.text).join("; ")}`;
};
