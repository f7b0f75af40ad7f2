// A position that cannot be protected, or cannot be seen: entries pause, the owner is told once, and both end by themselves
// when protection stands again.
import type { Tx } from "../../queue/types.ts";
import { audit, type Scribe } from "./book.ts";

const BARE_HALT = "bare";
export const bareAlertKey = (legId: number): string => `bare:leg:${legId}`;
export const blindAlertKey = (tradeId: number): string => `bare:blind:${tradeId}`;

const raise = (tx: Tx, by: Scribe, key: string, text: string): void => {
  if (tx.halts.raise({ kind: BARE_HALT, reason: text, atMs: by.atMs }))
    audit(tx, by, "halt.raised", { kind: BARE_HALT, reason: text });
  tx.alerts.raise({
    key,
    severity: "critical",
    text: `${text}. Entries are paused until it is protected; if it stays so, close it on the exchange's own page`,
    atMs: by.atMs,
  });
};

const resolve = (tx: Tx, by: Scribe, key: string): void => {
  if (!tx.alerts.resolve(key, by.atMs)) return;
  if (tx.alerts.open().some((a) => a.key.startsWith("bare:"))) return;
  if (tx.halts.clear(BARE_HALT, by.actor, by.atMs)) audit(tx, by, "halt.cleared", { kind: BARE_HALT });
};

export const raiseBare = (tx: Tx, by: Scribe, legId: number, text: string): void =>
  raise(tx, by, bareAlertKey(legId), text);
export const resolveBare = (tx: Tx, by: Scribe, legId: number): void => resolve(tx, by, bareAlertKey(legId));
/** The venue cannot be read while a position is not known to be covered. */
export const raiseBlind = (tx: Tx, by: Scribe, text: string): void => raise(tx, by, blindAlertKey(by.trade.id), text);
export const resolveBlind = (tx: Tx, by: Scribe): void => resolve(tx, by, blindAlertKey(by.trade.id));
