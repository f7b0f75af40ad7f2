// What a failed attempt means for trading.

import { raiseHalt } from "../../db/halts.ts";
import type { AppError } from "../../lib/core/errors.ts";
import { DOUBT } from "../../lib/core/haltKinds.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import { deadJobAlert } from "../../queue/store.ts";
import type { Tx } from "../../queue/types.ts";
import { type AppJob, reconcileJob } from "../jobs.ts";

/**
 * What a failed attempt means for trading, in the transaction that records it: `alert` pauses entries and asks the venue
 * for the truth; a dead job is told to the owner. Clearing the pause is reconcile's work (or the owner's).
 */
export const onFailure = (
  tx: Tx,
  at: { readonly atMs: EpochMs; readonly locale: Locale },
  failure: {
    readonly job: { readonly id: number; readonly name: string; readonly traceId: string; readonly fence: number };
    readonly error: AppError;
    readonly dead: boolean;
  },
): AppJob[] => {
  const { job, error, dead } = failure;
  const { atMs, locale } = at;
  const { alerts } = textsOf(locale);
  if (dead) {
    const severity = error.verdict === "alert" ? "critical" : "warning";
    // handlers/market/historyJobs.ts sees to it.
    const comesBack = job.name === "collectHistory" && error.verdict === "retry";
    const text = alerts.jobDead({ id: job.id, name: job.name, code: error.code, comesBack });
    tx.alerts.raise(composeAlert(locale, { key: deadJobAlert(job.id), severity, atMs }, text));
    tx.audit.append({
      atMs,
      kind: "job.dead",
      actor: "queue",
      traceId: job.traceId,
      data: { job: job.id, name: job.name, code: error.code, message: error.message },
    });
  }
  if (error.verdict !== "alert") return [];
  const reason = `${job.name}: ${error.code}: ${error.message}`;
  const text = alerts.doubt({ job: job.name, code: error.code });
  const alert = composeAlert(locale, { key: DOUBT, severity: "critical", atMs }, text);
  raiseHalt(tx, { kind: DOUBT, reason, by: { atMs, actor: "queue", traceId: job.traceId }, alert });
  return job.name === "reconcile" ? [] : [reconcileJob(`doubt:${job.id}:${job.fence}`)];
};
