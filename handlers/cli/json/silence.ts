// A symbol without signals, as `trader status --json` prints it.
import { z } from "zod";
import { NO_SIGNAL_KINDS } from "../../../lib/core/noSignal.ts";
import { isoUtc } from "../../../lib/core/time.ts";
import type { Silence } from "../../market/silence.ts";
import { Time, timeOrNull } from "./values.ts";

export const SilenceJson = z.strictObject({
  symbol: z.string(),
  sinceAt: Time,
  /** At the earliest; null: not known. */
  untilAt: Time.nullable(),
  why: z.enum(NO_SIGNAL_KINDS),
  reason: z.string(),
});
export const silenceJson = ({ symbol, sinceMs, untilMs, why, reason }: Silence): z.infer<typeof SilenceJson> => ({
  symbol,
  sinceAt: isoUtc(sinceMs),
  untilAt: timeOrNull(untilMs),
  why,
  reason,
});
