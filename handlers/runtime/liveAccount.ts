// The exchange's own account: its private stream tells early what happens, its public stream brings prices. Both are hints
// for speed: what is booked is read over REST, and while a stream is down everything is polled as without it.

import { SECOND_MS } from "../../lib/core/time.ts";
import type { AccountEvent as VenueEvent } from "../../lib/core/venueEvents.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { GmoApi } from "../../lib/io/gmo/api.ts";
import type { QuoteChecks } from "../../lib/io/gmo/quoteChecks.ts";
import { repairOver } from "../../lib/io/gmo/stream/accountRepair.ts";
import { AccountStream, type AccountStreamEvent } from "../../lib/io/gmo/stream/accountStream.ts";
import { CommandPace } from "../../lib/io/gmo/stream/commandPace.ts";
import { MarketStream } from "../../lib/io/gmo/stream/marketStream.ts";
import type { Timers } from "../../lib/io/gmo/timers.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Random } from "../../lib/io/random.ts";
import type { AccountEvent } from "../orders/accountEvents.ts";
import type { Account } from "./account.ts";
import { LiveMarket } from "./liveMarket.ts";

/** A private stream that is down this long turns the worker red: fills are then found by polling alone. */
const RED_AFTER_MS = 60 * SECOND_MS;
/** GMO API 10.1: one command a second per address; 1.1 s apart were never refused. */
const COMMAND_EVERY_MS = 1_100;

interface LiveParts {
  readonly api: GmoApi;
  readonly checks: QuoteChecks;
  readonly urls: { readonly wsPublic: string; readonly wsPrivate: string };
  readonly symbols: readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
}

/** Opens no connection before `listen`. */
export const liveAccount = (p: LiveParts): Account => {
  const { api, symbols, clock, timers, random, log } = p;
  const common = { pace: new CommandPace(timers, COMMAND_EVERY_MS), timers, clock, random, log };
  const account = new AccountStream({
    ...common,
    url: p.urls.wsPrivate,
    tokens: api,
    symbols,
    repair: repairOver(api, symbols, clock),
  });
  const market = new MarketStream({
    ...common,
    url: p.urls.wsPublic,
    quotes: { checks: p.checks, venueClock: () => api.clock().measured },
  });
  const told = new LiveMarket(clock);
  return {
    mode: "live",
    listen: (hearing) => {
      account.listen((event) => hear(event, hearing));
      market.listen((heard) => {
        if (heard.kind === "state" && heard.state.kind !== "live") {
          told.forget();
          // Whoever slept until a price was touched must look again.
          if (heard.state.kind === "down") hearing.missed(false);
        }
        if (heard.kind !== "market") return;
        told.hear(heard.event);
        if (heard.event.kind === "ticker") hearing.ticker(heard.event);
      });
      for (const channel of ["ticker", "orderbooks"] as const)
        for (const symbol of symbols) market.subscribe(channel, symbol);
      account.start();
      market.start();
    },
    quoted: () => {},
    overStream: (venue) => told.over(venue),
    hears: () => account.state.kind === "live" && market.state.kind === "live",
    holds: () => symbols.some((symbol) => account.view.positions(symbol).some(({ size }) => size > 0n)),
    health: () => {
      const { state } = account;
      const since = state.kind === "live" ? undefined : state.sinceMs;
      return since === undefined || clock.nowMs() - since < RED_AFTER_MS
        ? { ok: true }
        : {
            ok: false,
            sinceMs: since,
            why: `the exchange's private stream is ${state.kind === "down" ? `down (${state.reason})` : state.kind}: fills are found by polling`,
          };
    },
    close: async () => {
      await Promise.all([account.stop(), market.stop()]);
    },
  };
};

const hear = (told: AccountStreamEvent, hearing: Parameters<Account["listen"]>[0]): void => {
  switch (told.kind) {
    case "account": {
      const event = accountEvent(told.event);
      if (event !== undefined) hearing.event(event);
      return;
    }
    case "repaired":
      hearing.missed(told.newExecutions.length > 0);
      return;
    case "state":
      // Whoever slept because events were sure to come must look again.
      if (told.state.kind === "down") hearing.missed(false);
      return;
    case "lost":
      hearing.missed(true);
      return;
    case "problem":
      return; // The stream has logged it.
    default:
      told satisfies never;
  }
};

/** undefined: a summary, which says nothing of one order. */
const accountEvent = (event: VenueEvent): AccountEvent | undefined => {
  switch (event.kind) {
    case "order":
      return { kind: "order", symbol: event.symbol, order: event };
    case "execution": {
      const { symbol, side, settleType, executionType, orderId, orderPrice, orderSize, orderExecutedSize } = event;
      const status = orderExecutedSize >= orderSize ? "EXECUTED" : "ORDERED";
      const size = { size: orderSize, executedSize: orderExecutedSize };
      const order = { orderId, symbol, side, settleType, executionType, ...size, status, price: orderPrice } as const;
      return { kind: "execution", symbol, order, execution: { executionId: event.executionId } };
    }
    case "position":
      return { kind: "position", symbol: event.symbol };
    case "positionSummary":
      return undefined;
    default:
      return event satisfies never;
  }
};
