// Records whether the exchange delivers prices: a row of `meta` from the first failed quote until all quotes arrive
// again, and an alert when the outage lasts, which also names the symbols without complete history.

import { z } from "zod";
import { META } from "../../db/tables/meta.ts";
import { AppError, errorText } from "../../lib/core/errors.ts";
import { isNoQuoteCode } from "../../lib/core/quoteAge.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { type ComposedAlert, composeAlert } from "../../lib/core/text/composeAlert.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { type EpochMs, epochMs, jstText, MINUTE_MS } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import { TransportError } from "../../lib/io/gmo/transport.ts";
import type { Logger } from "../../lib/io/logger.ts";
import { LogThrottle } from "../../lib/io/logThrottle.ts";
import type { Health } from "../../queue/health.ts";
import type { Database } from "../../queue/types.ts";
import type { AppStore } from "../context.ts";
import { incompleteHistory } from "./historyJobs.ts";

const NoPrices = z.strictObject({ sinceMs: z.int().transform(epochMs), why: z.string(), symbols: z.array(z.string()) });
export type NoPrices = z.infer<typeof NoPrices>;

/** The outage as the worker stored it; undefined while every symbol has prices. */
export const noPrices = (db: Pick<Database, "read">): NoPrices | undefined => {
  const text = db.read.meta.get(META.noPrices);
  return text ? NoPrices.parse(JSON.parse(text)) : undefined;
};

/** "NO PRICES of BTC_JPY, ETH_JPY since 2026-11-24 04:08 JST (dns: getaddrinfo ENOTFOUND api.coin.z.com)" */
export const noPricesText = (it: NoPrices): string =>
  `NO PRICES of ${it.symbols.join(", ")} since ${jstText(it.sinceMs)} (${it.why})`;

/** What an exchange that answers without fresh prices does to the worker's health: red at once. Without answers: after a minute. */
export const pricesHealth = (none: NoPrices | undefined, nowMs: number): Health => {
  const isRed = none !== undefined && (isNoQuoteCode(none.why) || nowMs - none.sinceMs >= ALERT_AFTER_MS);
  return isRed ? { ok: false, sinceMs: none.sinceMs, why: noPricesText(none) } : { ok: true };
};

/** Key of the alert. */
const NO_PRICES = "noPrices";
/** No alert for a single failed request; the worker's health and `trader status` show it at once. */
const ALERT_AFTER_MS = MINUTE_MS;

/** The cause in short: the network's own error message, or the exchange's code. */
export const whyNoPrices = (error: unknown): string => {
  for (let e = error; e instanceof Error; e = e.cause)
    if (e instanceof TransportError)
      return short(`${e.failure}: ${e.cause instanceof Error ? errorText(e.cause) : e.message}`);
  return short(
    error instanceof AppError
      ? `${error.code}: ${error.message}`
      : error instanceof AggregateError
        ? errorText(error)
        : String(error),
  );
};
const short = (text: string): string => text.replace(/\s+/g, " ").slice(0, 240);

export class PriceOutage {
  readonly #missing = new Map<string, { readonly sinceMs: EpochMs; readonly why: string }>();
  readonly #repeats = new LogThrottle();
  /** What a previous worker left: an outage that goes on keeps its beginning, or a worker that restarts often would never tell of it. */
  #left: NoPrices | undefined;
  /** The value stored in the database; undefined: not known. */
  #stored: string | undefined;
  #alerted = false;

  constructor(
    private readonly o: {
      readonly db: Database;
      readonly store: AppStore;
      readonly clock: Clock;
      readonly locale: Locale;
      readonly log: Logger;
      /** Called once when the exchange cannot be reached, and once when it can again. */
      readonly report: (text: string) => void;
      /** The first quote failed, or all arrive again. */
      readonly onChange: (hasPrices: boolean) => void;
    },
  ) {
    this.#left = noPrices(o.db);
  }

  /** undefined while every symbol has prices. */
  now(): NoPrices | undefined {
    const first = [...this.#missing.values()].sort((a, b) => a.sinceMs - b.sinceMs)[0];
    return first && { ...first, symbols: [...this.#missing.keys()].sort() };
  }

  readonly health = (): Health => pricesHealth(this.now(), this.o.clock.nowMs());

  failed(symbol: string, error: unknown): void {
    const { clock, log, report, onChange } = this.o;
    const why = whyNoPrices(error);
    const leftOut = this.#repeats.admit(symbol, clock.monotonicMs());
    if (leftOut !== undefined) log.warn({ err: error, symbol, leftOut }, "paper.quoteFailed");
    const first = this.#missing.size === 0;
    // The newest reason: an exchange that did not answer may now repeat old prices.
    const leftMs = this.#left?.symbols.includes(symbol) ? this.#left.sinceMs : undefined;
    this.#missing.set(symbol, { sinceMs: this.#missing.get(symbol)?.sinceMs ?? leftMs ?? clock.nowMs(), why });
    if (first) report(`the exchange gives no prices (${why}); trying again until it does`);
    this.#write();
    if (first) onChange(false);
  }

  answered(symbol: string): void {
    const back = this.#missing.delete(symbol) && this.#missing.size === 0;
    const others = this.#left?.symbols.filter((other) => other !== symbol) ?? [];
    this.#left = this.#left === undefined || others.length === 0 ? undefined : { ...this.#left, symbols: others };
    if (this.#left === undefined || this.#missing.size > 0) this.#write();
    if (!back) return;
    this.o.report("the exchange answers again");
    this.o.onChange(true);
  }

  /** Updates row and alert to the current state. The queue reports a database failure; the next quote tries again. */
  #write(): void {
    const { db, clock, log } = this.o;
    const now = this.now();
    const text = now ? JSON.stringify(now) : "";
    const atMs = clock.nowMs();
    const alert = now !== undefined && atMs - now.sinceMs >= ALERT_AFTER_MS;
    if (text === this.#stored && alert === this.#alerted) return;
    try {
      db.transaction((tx) => {
        tx.meta.set(META.noPrices, text);
        if (alert) tx.alerts.raise(this.#alert(now, atMs));
        else if (now === undefined) tx.alerts.resolve(NO_PRICES, atMs);
      });
      this.#stored = text;
      this.#alerted = alert;
    } catch (error) {
      log.error({ err: error }, "paper.pricesNotWritten");
    }
  }

  #alert(now: NoPrices, atMs: EpochMs): ComposedAlert {
    const { locale, store } = this.o;
    const { symbols, why, sinceMs } = now;
    const text = textsOf(locale).alerts.noPrices({
      symbols,
      why,
      history: incompleteHistory(store),
      dns: why.startsWith("dns:"),
    });
    return composeAlert(locale, { key: NO_PRICES, severity: "critical", atMs, sinceMs }, text);
  }
}
