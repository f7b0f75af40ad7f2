// `trader status` as JSON.
import { z } from "zod";
import { NoPricesJson } from "./frame.ts";
import { AlertJson, HaltJson } from "./halt.ts";
import { JobCountsJson } from "./job.ts";
import { ProposalJson } from "./proposal.ts";
import { SilenceJson } from "./silence.ts";
import { TradeJson } from "./trade.ts";
import { Time } from "./values.ts";

export const StatusJson = z.strictObject({
  at: Time,
  mode: z.string().nullable(),
  product: z.string().nullable(),
  coins: z.array(z.strictObject({ symbol: z.string(), trades: z.number(), owners: z.number() })),
  running: z.boolean(),
  health: z.strictObject({
    light: z.enum(["green", "red", "off", "starting"]),
    heartbeatAgeMs: z.int().nullable(),
    why: z.string().nullable(),
  }),
  noPrices: NoPricesJson.nullable(),
  /** Symbols without signals; empty without a running worker. */
  silences: z.array(SilenceJson),
  lastMarketDataAt: Time.nullable(),
  telegram: z
    .strictObject({
      bot: z.string().nullable(),
      ok: z.boolean(),
      why: z.string().nullable(),
      polledAt: Time.nullable(),
      waiting: z.int(),
      muted: z.array(z.string()),
    })
    .nullable(),
  proposals: z.array(ProposalJson),
  trades: z.array(TradeJson),
  halts: z.array(HaltJson),
  /** A restored backup's quarantine that has ended within the last day. */
  restored: HaltJson.nullable(),
  alerts: z.array(AlertJson),
  equityJpy: z.number().nullable(),
  equityAt: Time.nullable(),
  jobs: JobCountsJson,
  /** Why --check ends with 1. */
  problems: z.array(z.string()),
});
