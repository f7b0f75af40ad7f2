// A flood of alerts must not drown the owner's phone. Ten within a minute are told one by one; what comes beyond them is told
// together once those are through, at most every 20 s, a line each: none is lost, and answers to the owner go on. Critical ones
// (what was done, what to do) never hide behind warnings: ten of them within a minute go out at once, each by itself.

import type { OutboxMessage } from "../../db/tables/outbox.ts";
import type { Config } from "../../lib/core/config.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { cut } from "../../lib/core/text/format.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { type EpochMs, epochMs, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import type { Tx } from "../../queue/types.ts";
import type { CommandCtx } from "../context.ts";
import { deliveryKey } from "../jobs.ts";

const MOST_ALERTS_A_MINUTE = 10;
const DIGEST_EVERY_MS = 20 * SECOND_MS;
const LINE_CHARS = 120;
const DIGEST = "digest:";

/** So many alerts told since then: what comes now is held back. */
export const floodAt = (nowMs: number): { readonly fromMs: EpochMs; readonly alerts: number } => ({
  fromMs: epochMs(nowMs - MINUTE_MS),
  alerts: MOST_ALERTS_A_MINUTE,
});

/** Ids of the alerts since `fromMs` that shall not be delivered yet. When their time has come it puts one message in their place. */
export const heldBackAlerts = (
  { db, clock, config }: CommandCtx & { readonly config: Config },
  fromMs: EpochMs,
): ReadonlySet<number> => {
  const nowMs = clock.nowMs();
  const undelivered = db.read.outbox.undeliveredAlerts(fromMs);
  const sent = db.read.outbox.alertsSent(floodAt(nowMs).fromMs);
  if (sent.length + undelivered.length <= MOST_ALERTS_A_MINUTE) return new Set();
  const states = undelivered.map((m) => ({ m, job: db.read.jobs.byKey("sendTelegram", deliveryKey(m.id))?.state }));
  // Another message's job may be sending one that has none of its own.
  const isFresh = ({ m, job }: (typeof states)[number]): boolean =>
    job === undefined && m.state === "waiting" && !m.key.startsWith(DIGEST);
  const allFresh = states.filter(isFresh).map(({ m }) => m);
  const criticalSlots = MOST_ALERTS_A_MINUTE - sent.filter(({ critical }) => critical).length;
  const atOnce = new Set(allFresh.filter((m) => m.critical).slice(0, Math.max(0, criticalSlots)));
  const fresh = allFresh.filter((m) => !atOnce.has(m));
  // One whose job is dead or was discarded is on no way any more.
  const underWay = states.filter((s) => !isFresh(s) && [undefined, "ready", "running"].includes(s.job)).length;
  const held = fresh.slice(Math.max(0, MOST_ALERTS_A_MINUTE - sent.length - underWay - atOnce.size));
  // While Telegram takes nothing, all that comes is kept for one message.
  const digestMs = sent.findLast(({ key }) => key.startsWith(DIGEST))?.sentMs;
  const isDue =
    underWay + atOnce.size === 0 &&
    held.length === fresh.length &&
    (digestMs === undefined || nowMs >= digestMs + DIGEST_EVERY_MS);
  if (!isDue) return new Set(held.map(({ id }) => id));
  if (held.length > 1) db.transaction((tx) => tellTogether(tx, config.LOCALE, held, nowMs));
  return new Set();
};

/** The first line of each, in their order. */
const tellTogether = (tx: Tx, locale: Locale, alerts: readonly OutboxMessage[], atMs: number): void => {
  const lines = alerts.map(({ text }) => cut(text.split("\n", 1)[0] ?? "", LINE_CHARS));
  const key = `${DIGEST}${alerts[0]!.id}-${alerts.at(-1)!.id}`;
  const text = [textsOf(locale).command.alertFlood({ count: alerts.length }), ...lines].join("\n");
  tx.outbox.insert({ key, kind: "alert", text, atMs: epochMs(atMs) });
  for (const { id } of alerts) tx.outbox.markDropped(id, `told in ${key}`);
  const data = { key, count: alerts.length, outboxIds: alerts.map(({ id }) => id) };
  tx.audit.append({ atMs: epochMs(atMs), kind: "alerts.merged", actor: "outbox", data });
};
