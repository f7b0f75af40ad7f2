// An economic event and an audit event, as `--json` prints them everywhere.
import { z } from "zod";
import type { AuditRow } from "../../../db/tables/audit.ts";
import { eventKind } from "../../../lib/core/eventKinds.ts";
import { type EconomicEvent, eventId } from "../../../lib/core/events.ts";
import { isoUtc, MINUTE_MS } from "../../../lib/core/time.ts";
import { Stored, Time } from "./values.ts";

export const EconomicEventJson = z.strictObject({
  id: z.string(),
  at: Time,
  currency: z.string(),
  importance: z.string(),
  title: z.string(),
  kind: z.string().nullable(),
  windowMs: z.number().nullable(),
});
export const economicEventJson = (e: EconomicEvent): z.infer<typeof EconomicEventJson> => ({
  id: eventId(e),
  at: isoUtc(e.atMs),
  currency: e.currency,
  importance: e.importance,
  title: e.title,
  kind: eventKind(e) ?? null,
  windowMs: e.windowMinutes === undefined ? null : e.windowMinutes * MINUTE_MS,
});

export const AuditEventJson = z.strictObject({
  seq: z.int(),
  at: Time,
  kind: z.string(),
  actor: z.string(),
  traceId: z.string().nullable(),
  data: Stored,
  prevHash: z.string(),
  hash: z.string(),
});
export const auditEventJson = (row: AuditRow): z.infer<typeof AuditEventJson> => ({
  seq: row.seq,
  at: isoUtc(row.atMs),
  kind: row.kind,
  actor: row.actor,
  traceId: row.traceId ?? null,
  data: row.data,
  prevHash: row.prevHash,
  hash: row.hash,
});
