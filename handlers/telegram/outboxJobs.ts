// The jobs that deliver the outbox.
import type { Config } from "../../lib/core/config.ts";
import { DAY_MS, epochMs } from "../../lib/core/time.ts";
import type { CommandCtx } from "../context.ts";
import { deliverJob } from "../jobs.ts";
import { heldBackAlerts } from "./alertDigest.ts";

/**
 * Older messages are no longer delivered: whoever discarded one's job, or was away for a week, is not told of it now.
 * Less than jobs are kept at least (8 days), so that the key of its delivery still stands until then.
 */
export const STALE_MESSAGE_MS = 7 * DAY_MS;
/** Enqueues a delivery for every message still in the outbox, a flood of alerts aside. Idempotent. Returns how many are new. */
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
