// Enqueues the collection of past candles at the start and again when it failed: one open job per symbol, however often
// the worker is started or the exchange is unreachable.

import type { Job } from "../../db/tables/jobs.ts";
import { ALL_SYMBOLS, type TradedSymbol } from "../../lib/core/product.ts";
import type { AppStore } from "../context.ts";
import { collectHistoryJob } from "../jobs.ts";

const NAME = "collectHistory";
const ACTOR = "worker";

const symbolOf = (job: Job): unknown => (job.input as { symbol?: unknown }).symbol;
const jobsOf = (store: AppStore, state: "ready" | "running" | "dead", symbol: string): readonly Job[] =>
  store.list({ name: NAME, state }).filter((job) => symbolOf(job) === symbol);
const isOpen = (store: AppStore, symbol: string): boolean =>
  jobsOf(store, "ready", symbol).length > 0 || jobsOf(store, "running", symbol).length > 0;

/** At the start: a job for each symbol that has none waiting or running. */
export const collectHistoryAtStart = (store: AppStore, bootId: string, symbols: readonly TradedSymbol[]): void => {
  for (const symbol of symbols) {
    if (isOpen(store, symbol)) continue;
    if (!reviveDead(store, symbol)) store.enqueue(collectHistoryJob(symbol, bootId));
  }
};

/**
 * When the exchange is reachable again, and periodically: jobs that died because it did not respond get new attempts.
 */
export const retryHistory = (store: AppStore): void => {
  for (const symbol of ALL_SYMBOLS) if (!isOpen(store, symbol)) reviveDead(store, symbol);
};

/**
 * Retries the newest of a symbol's dead jobs, which collects everything, and discards older ones. Jobs that died for
 * another reason are left to a person.
 */
const reviveDead = (store: AppStore, symbol: string): boolean => {
  const [newest, ...older] = jobsOf(store, "dead", symbol).filter((job) => job.error?.verdict === "retry");
  if (newest === undefined) return false;
  store.retry(newest.id, ACTOR);
  for (const job of older) store.discard(job.id, ACTOR);
  return true;
};

/** Symbols whose history is being collected, or could not be collected. */
export const incompleteHistory = (store: AppStore): readonly string[] =>
  ALL_SYMBOLS.filter((symbol) => isOpen(store, symbol) || jobsOf(store, "dead", symbol).length > 0);
