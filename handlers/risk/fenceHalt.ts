// The halt `fence`: a write was held back by the last look before it leaves (lib/io/gmo/fence.ts). Something here would have
// sent what nobody approved, so entries stop until the owner has looked.
import { raiseHalt } from "../../db/halts.ts";
import type { Config } from "../../lib/core/config.ts";
import { FENCE_HALT } from "../../lib/core/haltKinds.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { GmoVenueOptions } from "../../lib/io/gmo/gmoVenue.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Database, Tx } from "../../queue/types.ts";
import { bookFence } from "../orders/bookFence.ts";

/** `message`: the request and why it was held back, without secrets. */
const raiseFenceHalt = (tx: Tx, locale: Locale, message: string, atMs: EpochMs): void => {
  const by = { atMs, actor: "worker" };
  const text = textsOf(locale).keyAlerts.fenced({ message });
  const alert = composeAlert(locale, { key: FENCE_HALT, severity: "critical", atMs }, text);
  tx.audit.append({ atMs, kind: "write.fenced", actor: by.actor, data: { message } });
  raiseHalt(tx, { kind: FENCE_HALT, reason: message, by, alert });
};

/** What a connector is given so that each write is judged by this book, and a write that is held back halts entries. */
export const fenceOf = (p: {
  readonly db: Database;
  readonly clock: Pick<Clock, "nowMs">;
  readonly config: Pick<Config, "PRODUCT" | "MAX_REQUOTES" | "LOCALE">;
  readonly log: Logger;
}): Required<Pick<GmoVenueOptions, "fence" | "onFenced">> => ({
  fence: bookFence({ db: p.db.read, clock: p.clock, config: p.config }),
  onFenced: (message) => {
    try {
      p.db.transaction((tx) => raiseFenceHalt(tx, p.config.LOCALE, message, p.clock.nowMs()));
    } catch (error) {
      p.log.error({ err: error, message }, "fence.haltNotRaised");
    }
  },
});
