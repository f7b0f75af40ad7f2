// The candles of the past, collected at the start and again when that failed: one open job a symbol, however often the
// worker is started or the exchange goes away.

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

/** When the exchange answers again, and now and then: those that died of its silence get fresh attempts. */
export const retryHistory = (store: AppStore): void => {
  for (const symbol of ALL_SYMBOLS) if (!isOpen(store, symbol)) reviveDead(store, symbol);
};

/** The newest of a symbol's dead jobs collects everything; older ones have nothing left to do. Others' deaths are a person's. */
const reviveDead = (store: AppStore, symbol: string): boolean => {
  const [newest, ...older] = jobsOf(store, "dead", symbol).filter((job) => job.error?.verdict === "retry");
  if (newest === undefined) return false;
  store.retry(newest.id, ACTOR);
  for (const job of older) store.discard(job.id, ACTOR);
  return true;
};

/** Symbols whose history is being collected, or could not be. */
export const incompleteHistory = (store: AppStore): readonly string[] =>
  ALL_SYMBOLS.filter((symbol) => isOpen(store, symbol) || jobsOf(store, "dead", symbol).length > 0);
