// The halt `fence`: a write was held back by the last look before it leaves (lib/io/gmo/fence.ts). Something here would have
// sent what nobody approved, so entries stop until the owner has looked.
import { raiseHalt } from "../../db/halts.ts";
import { FENCE_HALT } from "../../lib/core/haltKinds.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Tx } from "../../queue/types.ts";

/** `message`: the request and why it was held back, without secrets. */
export const raiseFenceHalt = (tx: Tx, locale: Locale, message: string, atMs: EpochMs): void => {
  const by = { atMs, actor: "worker" };
  const text = textsOf(locale).keyAlerts.fenced({ message });
  const alert = composeAlert(locale, { key: FENCE_HALT, severity: "critical", atMs }, text);
  tx.audit.append({ atMs, kind: "write.fenced", actor: by.actor, data: { message } });
  raiseHalt(tx, { kind: FENCE_HALT, reason: message, by, alert });
};
