// What a failed attempt of a job means for trading: alerts, audit, and the halt `doubt`.

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

/** A failed attempt. `dead`: it was the job's last one. */
export interface Failure {
  readonly job: { readonly id: number; readonly name: string; readonly traceId: string; readonly fence: number };
  readonly error: AppError;
  readonly dead: boolean;
}

/**
 * Runs in the transaction that records the failure. The verdict `alert` halts entries and enqueues a reconcile; the
 * owner is alerted of a dead job. The halt is cleared by reconcile or by the owner. Returns the jobs to enqueue.
 */
export const onFailure = (
  tx: Tx,
  at: { readonly atMs: EpochMs; readonly locale: Locale },
  failure: Failure,
): AppJob[] => {
  const { job, error, dead } = failure;
  const { atMs, locale } = at;
  const { alerts } = textsOf(locale);
  if (dead) {
    const severity = error.verdict === "alert" ? "critical" : "warning";
    // handlers/market/historyJobs.ts enqueues it again.
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
