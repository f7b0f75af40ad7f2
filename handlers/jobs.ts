// The jobs of the system: name, input and key of each that another step enqueues. Steps know this file, not each other.

import { z } from "zod";
import type { Proposal } from "../db/tables/proposals.ts";
import { ALL_SYMBOLS } from "../lib/core/product.ts";
import { BAR_MS, type EpochMs, epochMs, MINUTE_MS } from "../lib/core/time.ts";
import type { NewJob } from "../queue/types.ts";

/** A step that has not begun this long after its bar closed is too old to be right. */
export const SIGNAL_LIFE_MS = 10 * MINUTE_MS;
/** The next step of one bar's chain; it dies unrun when the bar is too old. */
export const chainJob = (
  name: "computeFeatures" | "predict" | "filter",
  symbol: string,
  barOpenMs: EpochMs,
): NewJob => ({
  name,
  key: `${name}:${symbol}:${barOpenMs}`,
  input: { symbol, barOpenMs },
  expiresAtMs: epochMs(barOpenMs + BAR_MS + SIGNAL_LIFE_MS),
});

export const BarInput = z.strictObject({ symbol: z.enum(ALL_SYMBOLS), barOpenMs: z.int() });
export type BarInput = z.infer<typeof BarInput>;

export const ProposalInput = z.strictObject({ proposalId: z.string().min(1) });
export type ProposalInput = z.infer<typeof ProposalInput>;
/** Without an expiry: a proposal that nobody could be asked in time must end too, or its symbol is blocked for ever. */
export const notifyJob = (proposal: Proposal): NewJob => ({
  name: "notify",
  key: `notify:${proposal.id}`,
  input: { proposalId: proposal.id },
});

/** Checks until the halt ends. */
export const checkJob = (atMs: EpochMs): NewJob => ({ name: "checkApi", key: `checkApi:${atMs}`, input: {} });
