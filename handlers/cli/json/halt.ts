// A halt and an alert, as `--json` prints them everywhere.

import { z } from "zod";
import type { Halt } from "../../../db/tables/halts.ts";
import type { Alert } from "../../../db/tables/outbox.ts";
import { haltWords } from "../../../lib/core/text/haltText.ts";
import { isoUtc } from "../../../lib/core/time.ts";
import { haltEnds } from "../trading/bookText.ts";
import { Time, timeOrNull } from "./values.ts";

export const HaltJson = z.strictObject({
  id: z.int(),
  kind: z.string(),
  reason: z.string(),
  means: z.string().nullable(),
  raisedAt: Time,
  endsAt: Time.nullable(),
  ends: z.string(),
  clearedAt: Time.nullable(),
  clearedBy: z.string().nullable(),
});
export const haltJson = (h: Halt): z.infer<typeof HaltJson> => ({
  id: h.id,
  kind: h.kind,
  reason: h.reason,
  means: haltWords("en", h.kind)?.what ?? null,
  raisedAt: isoUtc(h.raisedMs),
  endsAt: timeOrNull(h.untilMs),
  ends: haltEnds(h),
  clearedAt: timeOrNull(h.clearedMs),
  clearedBy: h.clearedBy ?? null,
});

/** These report something that cannot be undone, so no later check finds them over: a person ends them. */
export const FOR_A_PERSON = ["excess:", "oversold:", "estimated:"] as const;
export const isForAPerson = (key: string): boolean => FOR_A_PERSON.some((prefix) => key.startsWith(prefix));

export const AlertJson = z.strictObject({
  key: z.string(),
  severity: z.string(),
  text: z.string(),
  raisedAt: Time,
  endsBy: z.enum(["person", "cause"]),
});
export const alertJson = (a: Alert): z.infer<typeof AlertJson> => ({
  key: a.key,
  severity: a.severity,
  text: a.text,
  raisedAt: isoUtc(a.raisedMs),
  endsBy: isForAPerson(a.key) ? "person" : "cause",
});
