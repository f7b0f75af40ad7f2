// An order that was sent, got no answer, and cannot be looked for because the venue cannot be read: after a minute a person is
// asked, with what was sent and when, and entries pause. Both end by themselves when it is settled. Nothing is sent meanwhile.
import { clearHalt, type HaltActor, raiseHalt } from "../../db/halts.ts";
import type { Trade } from "../../db/tables/trades.ts";
import { UNANSWERED_HALT } from "../../lib/core/haltKinds.ts";
import { formatE8, toNumber } from "../../lib/core/money.ts";
import { type In, type Order, UNANSWERED_MS } from "../../lib/core/order.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { coinText } from "../../lib/core/text/format.ts";
import { jstText } from "../../lib/core/time.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import { type AuditCtx, auditCtx, haltActor, tradeData } from "../book/booking.ts";
import type { AppCtx } from "../context.ts";

const PREFIX = `${UNANSWERED_HALT}:`;
const keyOf = (orderId: number): string => `${PREFIX}${orderId}`;

type Unsettled = In<"sending" | "unknown">;
const isUnsettled = (o: Order | undefined): o is Unsettled => o?.state === "sending" || o?.state === "unknown";

/** After a look that failed. Commits only when there is something new to say. */
export const askAboutUnanswered = (ctx: AppCtx, trade: Trade): void => {
  const nowMs = ctx.clock.nowMs();
  const told = new Set(ctx.db.alerts.open().map((a) => a.key));
  const late = ctx.db.orders
    .ofTrade(trade.id)
    .filter(isUnsettled)
    .filter((o) => nowMs - o.sentMs >= UNANSWERED_MS && !told.has(keyOf(o.id)));
  if (late.length > 0)
    ctx.commit((tx) => {
      for (const order of late) ask(tx, auditCtx(ctx, trade), order);
    });
};

const ask = (tx: Tx, by: AuditCtx, order: Unsettled): void => {
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

/** Alerts of orders that are settled by now; asked first, so that a look without news costs no commit. */
export const hasSettled = (db: Pick<Reads, "alerts" | "orders">): boolean => settledKeys(db).length > 0;
const settledKeys = (db: Pick<Reads, "alerts" | "orders">): readonly string[] =>
  db.alerts
    .open()
    .map((a) => a.key)
    .filter((key) => key.startsWith(PREFIX) && !isUnsettled(db.orders.byId(Number(key.slice(PREFIX.length)))));

/** Ends the alerts of settled orders, and the halt with the last of them. */
export const endSettled = (tx: Tx, by: HaltActor): void => {
  for (const key of settledKeys(tx)) tx.alerts.resolve(key, by.atMs);
  if (tx.alerts.open().some((a) => a.key.startsWith(PREFIX))) return;
  clearHalt(tx, { kind: UNANSWERED_HALT, by, alertKey: undefined });
};
