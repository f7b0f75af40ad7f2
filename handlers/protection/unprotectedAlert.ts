// A position that cannot be protected, or whose state cannot be read: entries pause, the owner is alerted once, and
// both end by themselves when protection stands again.

import { clearHalt, raiseHalt } from "../../db/halts.ts";
import { BARE_HALT } from "../../lib/core/haltKinds.ts";
import type { AlertText } from "../../lib/core/text/alertTexts.ts";
import { type Catalogue, textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import type { Tx } from "../../queue/types.ts";
import { type AuditCtx, haltActor, tradeData } from "../book/booking.ts";

export const bareAlertKey = (legId: number): string => `bare:leg:${legId}`;
export const blindAlertKey = (tradeId: number): string => `bare:blind:${tradeId}`;

/** Picks the alert's text from a catalogue. Halt and audit keep the English one. */
type Tell = (texts: Catalogue["alerts"] & Pick<Catalogue["changes"], "shrunk">) => AlertText;
const textsIn = (locale: Locale): Parameters<Tell>[0] => {
  const { alerts, changes } = textsOf(locale);
  return { ...alerts, shrunk: changes.shrunk };
};

const raise = (tx: Tx, by: AuditCtx, key: string, tell: Tell): void => {
  const { what, detail } = tell(textsIn("en"));
  const reason = detail === undefined ? what : `${what} (${detail})`;
  const text = tell(textsIn(by.locale));
  const alert = composeAlert(by.locale, { key, severity: "critical", atMs: by.atMs }, text);
  raiseHalt(tx, { kind: BARE_HALT, reason, by: haltActor(by), alert, data: tradeData(by) });
};

const resolve = (tx: Tx, by: AuditCtx, key: string): void => {
  if (!tx.alerts.resolve(key, by.atMs)) return;
  if (tx.alerts.open().some((a) => a.key.startsWith("bare:"))) return;
  clearHalt(tx, { kind: BARE_HALT, by: haltActor(by), alertKey: undefined, data: tradeData(by) });
};

export const raiseUnprotected = (tx: Tx, by: AuditCtx, legId: number, tell: Tell): void =>
  raise(tx, by, bareAlertKey(legId), tell);
export const resolveBare = (tx: Tx, by: AuditCtx, legId: number): void => resolve(tx, by, bareAlertKey(legId));
/** The venue cannot be read while a position may be unprotected. */
export const raiseUnreadable = (tx: Tx, by: AuditCtx, tell: Tell): void =>
  raise(tx, by, blindAlertKey(by.trade.id), tell);
export const resolveBlind = (tx: Tx, by: AuditCtx): void => resolve(tx, by, blindAlertKey(by.trade.id));
