// The halt `rights`: the API key lacks a right that trading needs (GMO API 2.3). A key that may open and not close has left a
// position bare for ever, so each needed right is probed before the first entry of a JST day, and again after any refusal
// that names missing rights.
import { z } from "zod";
import { clearHalt, raiseHalt } from "../../db/halts.ts";
import { AppError } from "../../lib/core/errors.ts";
import { RIGHTS_HALT } from "../../lib/core/haltKinds.ts";
import { KEY_RIGHTS, type KeyRight, neededRights } from "../../lib/core/keyRights.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { jstDayStart } from "../../lib/core/time.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";

/** Key in `meta`: what the last probes said. */
const META_KEY = "key_rights";
const Kept = z.strictObject({
  /** Start of the JST day on which they were probed; 0: they must be probed again. */
  dayMs: z.int(),
  denied: z.array(z.enum(KEY_RIGHTS)),
});
type Kept = z.infer<typeof Kept>;

const keepRights = (tx: Tx, kept: Kept): void => tx.meta.set(META_KEY, JSON.stringify(kept));
/** A request was refused for missing rights: what was known of them is no longer true. */
export const forgetRights = (tx: Tx): void => {
  const kept = keptRights(tx);
  if (kept !== undefined) keepRights(tx, { ...kept, dayMs: 0 });
};
/** undefined: never probed. Throws on a row that nobody of this program wrote. */
const keptRights = (db: Pick<Reads, "meta">): Kept | undefined => {
  const text = db.meta.get(META_KEY);
  return text === undefined ? undefined : Kept.parse(JSON.parse(text));
};

/**
 * Probes the needed rights where they are not known for this JST day, and while one is missing. Raises or ends the halt.
 * Throws AppError retry RIGHTS_UNKNOWN where the exchange does not say; what was known before stays.
 */
export const watchRights = async (ctx: AppCtx): Promise<void> => {
  const dayMs = jstDayStart(ctx.clock.nowMs());
  const kept = keptRights(ctx.db);
  if (kept !== undefined && kept.dayMs === dayMs && kept.denied.length === 0) return;
  const needed = neededRights(ctx.config.PRODUCT);
  const answers = await Promise.all(needed.map((right) => ctx.venue.right(right, ctx.signal)));
  const which = (answer: (typeof answers)[number]): readonly KeyRight[] =>
    needed.filter((_, i) => answers[i] === answer);
  const denied = which("denied");
  if (denied.length === 0 && which("unknown").length > 0)
    throw new AppError(
      "retry",
      "RIGHTS_UNKNOWN",
      `expected the exchange to say whether the key has the rights ${which("unknown").join(", ")}, found no answer to that`,
    );
  const atMs = ctx.clock.nowMs();
  const by = { atMs, actor: ctx.job.name, traceId: ctx.job.traceId };
  const { LOCALE: locale } = ctx.config;
  ctx.commit((tx) => {
    keepRights(tx, { dayMs, denied: [...denied] });
    if (denied.length === 0) {
      clearHalt(tx, { kind: RIGHTS_HALT, by, alertKey: RIGHTS_HALT });
      return;
    }
    const text = textsOf(locale).keyAlerts.rightsMissing({ rights: denied });
    const alert = composeAlert(locale, { key: RIGHTS_HALT, severity: "critical", atMs }, text);
    const reason = textsOf("en").keyAlerts.rightsMissing({ rights: denied }).what;
    raiseHalt(tx, { kind: RIGHTS_HALT, reason, by, alert, data: { denied } });
  });
};
