// While the halt `api` is active: queries the venue's public and private API every ten seconds and ends the halt after
// three good checks in a row. The count is stored, so a restart continues it.

import { clearHalt } from "../db/halts.ts";
import { AppError } from "../lib/core/errors.ts";
import { API_HALT } from "../lib/core/haltKinds.ts";
import { plusMs, SECOND_MS } from "../lib/core/time.ts";
import { isClosedVenue } from "../lib/core/venue.ts";
import type { AppCtx, AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";
import { GOOD_CHECKS } from "./market/apiErrors.ts";
import { syncAccount } from "./risk/account.ts";

const EVERY_MS = 10 * SECOND_MS;
const GOOD_BEFORE_END = 3;

export const checkApi: AppHandler<"checkApi"> = {
  name: "checkApi",
  input: JOB_INPUTS.checkApi,
  maxAttempts: 100_000,
  timeoutMs: 60_000,
  risk: "neutral",
  priority: 40,
  backoff: { baseMs: 1_000, capMs: 10_000 },
  serialKey: () => "checkApi",
  async run(_input, ctx): Promise<AppOutcome> {
    if (!ctx.db.halts.active(ctx.clock.nowMs()).some((h) => h.kind === API_HALT))
      return { kind: "stop", reason: "the API halt is not active" };
    const found = await check(ctx);
    const before = Number(ctx.db.meta.get(GOOD_CHECKS) ?? "0");
    const good = found === "good" ? before + 1 : found === "bad" ? 0 : before;
    const atMs = ctx.clock.nowMs();
    if (good >= GOOD_BEFORE_END)
      return {
        kind: "done",
        write: (tx) => {
          const by = { atMs, actor: "checkApi", traceId: ctx.job.traceId };
          clearHalt(tx, { kind: API_HALT, by, alertKey: API_HALT, data: { goodChecks: good } });
        },
      };
    return {
      kind: "snooze",
      untilMs: plusMs(atMs, EVERY_MS),
      reason: `${good} of ${GOOD_BEFORE_END} good checks (the last one: ${found})`,
      write: (tx) => tx.meta.set(GOOD_CHECKS, String(good)),
    };
  },
};

/** Maintenance says nothing about the API's health: it neither raises nor resets the count. */
const check = async (ctx: AppCtx): Promise<"good" | "bad" | "maintenance"> => {
  try {
    if ((await ctx.venue.status(ctx.signal)) !== "OPEN") return "maintenance";
    await syncAccount(ctx);
    return "good";
  } catch (e) {
    if (!(e instanceof AppError) || ctx.signal.aborted) throw e;
    ctx.log.warn({ code: e.code }, "api.checkFailed");
    return isClosedVenue(e.code) ? "maintenance" : "bad";
  }
};
