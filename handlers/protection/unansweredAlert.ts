// An order that was sent, got no answer, and cannot be looked up because the venue cannot be read: after a minute the
// owner is alerted of what was sent and when, and entries pause. Both end by themselves when its state is known.
// Nothing is sent meanwhile.
import { clearHalt, type HaltActor, raiseHalt } from "../../db/halts.ts";
import { UNANSWERED_HALT } from "../../lib/core/haltKinds.ts";
import { formatE8, toNumber } from "../../lib/core/money.ts";
import { type In, isInFlight, UNANSWERED_MS } from "../../lib/core/order.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { coinText } from "../../lib/core/text/format.ts";
import { jstText } from "../../lib/core/time.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import { type AuditCtx, haltActor, tradeData } from "../book/booking.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";

const PREFIX = `${UNANSWERED_HALT}:`;
const keyOf = (orderId: number): string => `${PREFIX}${orderId}`;

/** Called after a look that failed, for the whole trade. Commits only when an order is newly overdue. */
export const askAboutUnanswered = ({ ctx, commit, ...t }: TradeCtx): void => {
  const nowMs = ctx.clock.nowMs();
  const alerted = new Set(ctx.db.alerts.open().map((a) => a.key));
  const late = t
    .orders()
    .filter(isInFlight)
    .filter((o) => nowMs - o.sentMs >= UNANSWERED_MS && !alerted.has(keyOf(o.id)));
  if (late.length > 0)
    commit((tx, by) => {
      for (const order of late) ask(tx, by, order);
    });
};

const ask = (tx: Tx, by: AuditCtx, order: In<"sending" | "unknown">): void => {
  const { intent } = order;
  const facts = {
    orderId: order.id,
    tradeId: intent.tradeId,
    side: intent.side,
    type: intent.executionType,
    size: `${formatE8(intent.size)} ${coinText(intent.symbol)}`,
    yen: intent.price === undefined ? undefined : toNumber(intent.price),
    sent: jstText(order.sentMs),
  };
  const { what, detail } = textsOf("en").alerts.unanswered(facts);
  const reason = `${what} (${detail})`;
  const about = { key: keyOf(order.id), severity: "critical", atMs: by.atMs, sinceMs: order.sentMs } as const;
  const alert = composeAlert(by.locale, about, textsOf(by.locale).alerts.unanswered(facts));
  raiseHalt(tx, {
    kind: UNANSWERED_HALT,
    reason,
    by: haltActor(by),
    alert,
    data: { ...tradeData(by), orderId: order.id },
  });
};

/**
 * Whether an alert of ours is of an order whose state is known by now. Asked first, so that a look without news costs
 * no commit.
 */
export const hasSettled = (db: Pick<Reads, "alerts" | "orders">): boolean => settledKeys(db).length > 0;
const settledKeys = (db: Pick<Reads, "alerts" | "orders">): readonly string[] =>
  db.alerts
    .open()
    .map((a) => a.key)
    .filter((key) => key.startsWith(PREFIX))
    .filter((key) => {
      const order = db.orders.byId(Number(key.slice(PREFIX.length)));
      return order === undefined || !isInFlight(order);
    });

/** Resolves the alerts of orders whose state is known, and clears the halt with the last of them. */
export const endSettled = (tx: Tx, by: HaltActor): void => {
  for (const key of settledKeys(tx)) tx.alerts.resolve(key, by.atMs);
  if (tx.alerts.open().some((a) => a.key.startsWith(PREFIX))) return;
  clearHalt(tx, { kind: UNANSWERED_HALT, by, alertKey: undefined });
};
