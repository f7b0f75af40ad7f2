// The jobs that deliver the outbox.
import type { Config } from "../../lib/core/config.ts";
import { DAY_MS, epochMs } from "../../lib/core/time.ts";
import type { CommandCtx } from "../context.ts";
import { deliverJob } from "../jobs.ts";
import { heldBackAlerts } from "./alertDigest.ts";

/**
 * Older messages are no longer delivered, for example after a week's downtime or when the message's job was discarded.
 * Shorter than the minimum retention of jobs (8 days), so that the key of a message's delivery job still exists until
 * then.
 */
export const STALE_MESSAGE_MS = 7 * DAY_MS;
/**
 * Enqueues a delivery for each undelivered message, except held-back alerts. Idempotent. Returns the number of new
 * jobs.
 */
export const pumpOutbox = (desk: CommandCtx & { readonly config: Config }): number => {
  const { db, store, clock } = desk;
  const fromMs = epochMs(clock.nowMs() - STALE_MESSAGE_MS);
  const held = heldBackAlerts(desk, fromMs);
  let created = 0;
  for (const id of db.read.outbox.waitingIds(fromMs)) {
    if (held.has(id)) continue;
    if (store.enqueue(deliverJob(id)).created) created += 1;
  }
  return created;
};
