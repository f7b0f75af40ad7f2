// Handles one update: acts on it and commits the effect, its record and the offset together. A tap then gets its
// notice; the effect does not depend on it. When the notice cannot be shown, the chat gets what the owner must know.
import { AppError } from "../../lib/core/errors.ts";
import { fitText } from "../../lib/core/messageText.ts";
import { HOUR_MS } from "../../lib/core/time.ts";
import type { TelegramClient } from "../../lib/io/telegram/client.ts";
import { TelegramFailure } from "../../lib/io/telegram/failure.ts";
import type { Tx } from "../../queue/types.ts";
import { type Act, actorOf, type BotParts, type Effect, say, type Tapped, type Typed, textsFor } from "./actions.ts";
import { parseTap } from "./callback.ts";
import { actCommand } from "./commands.ts";
import { actConfirmation } from "./confirm.ts";
import { isChangeTap } from "./modify.ts";
import { answer, askNewNumbers, changeByTap, promptChange, quoteFor } from "./proposals.ts";
import type { Incoming } from "./updates.ts";

/** A tap may arrive before its proposal's job is parked: the message is sent a moment earlier. */
const PREPARING_TRIES = 10;
const PREPARING_PAUSE_MS = 300;
/** Updates of unauthorised users per hour that are audited one by one. */
const MOST_STRANGERS = 20;

/** Longest notice, in UTF-16 units (Bot API, answerCallbackQuery). */
const NOTICE_LIMIT = 200;

type DispatchParts = BotParts & { readonly client: Pick<TelegramClient, "answerTap"> };

/** Acts on one update. A refusal is a reply to the owner; it throws only on database failures and bugs. */
export const dispatch = async (
  parts: DispatchParts,
  incoming: Incoming,
  signal: AbortSignal | undefined,
): Promise<void> => {
  switch (incoming.kind) {
    case "stranger":
      return ignoreStranger(parts, incoming);
    case "other":
      parts.db.transaction((tx) => record(parts, tx, incoming, incoming.what));
      if (incoming.tapId !== undefined)
        await answerTap(parts, { ...incoming, tapId: incoming.tapId }, textsFor(parts.config).notice.badButton, signal);
      return;
    case "tap":
    case "text": {
      const act = incoming.kind === "tap" ? await actTap(parts, incoming) : actCommand(parts, incoming);
      const effect = await commit(parts, incoming, act, signal);
      if (incoming.kind === "tap") await notify(parts, incoming, effect, signal);
      return;
    }
    default:
      return incoming satisfies never;
  }
};

const actTap = async (parts: BotParts, tapped: Tapped): Promise<Act> => {
  const tap = parseTap(tapped.data);
  const { notice } = textsFor(parts.config);
  if (tap === undefined)
    return () => ({ outcome: "no button of ours", notice: { text: notice.badButton, alert: true } });
  const { name, subject } = tap;
  if (isChangeTap(name)) {
    const quote = name === "best" ? await quoteFor(parts, subject) : undefined;
    return changeByTap(parts, tapped, { ...tap, name }, quote);
  }
  switch (name) {
    case "approve":
      return answer(parts, tapped, subject, "approved", tap);
    case "reject":
      return answer(parts, tapped, subject, "rejected", tap);
    case "modify":
      return promptChange(parts, tapped, subject, tap);
    case "newNumbers":
      return askNewNumbers(parts, tapped, tap);
    case "confirm":
    case "cancel":
      return actConfirmation(parts, tapped, subject, name);
    case "keepStop":
    case "restoreStop":
      return answerStop(parts, tapped, name, subject);
    default:
      return name satisfies never;
  }
};

/** A button under the alert of a moved stop. */
const answerStop =
  (parts: BotParts, tapped: Tapped, command: "keepStop" | "restoreStop", subject: string): Act =>
  (tx) => {
    const questionId = /^\d{1,12}$/.test(subject) ? Number(subject) : -1;
    const { text } = parts.request({ command, actor: actorOf(tapped), questionId });
    say(tx, tapped, parts.clock.nowMs(), text);
    return {
      outcome: `${command} ${subject}`,
      notice: { text: textsFor(parts.config).notice.confirmed, alert: false },
    };
  };

/**
 * Effect, record and offset in one transaction. A refused action is rolled back, and the refusal becomes the effect.
 */
const commit = async (
  parts: BotParts,
  incoming: Tapped | Typed,
  act: Act,
  signal: AbortSignal | undefined,
): Promise<Effect> => {
  const run = (one: Act): Effect =>
    parts.db.transaction((tx) => {
      const effect = one(tx);
      if (incoming.kind === "text" && effect.notice) say(tx, incoming, parts.clock.nowMs(), effect.notice.text);
      audit(parts, tx, incoming, effect.outcome);
      record(parts, tx, incoming, effect.outcome);
      return effect;
    });
  for (let attempt = 1; ; attempt += 1)
    try {
      return run(act);
    } catch (error) {
      if (!(error instanceof AppError) || error.verdict === "alert") throw error;
      const preparing = error.code === "PROPOSAL_NOT_WAITING";
      if (!preparing || attempt >= PREPARING_TRIES) return run(() => refusal(parts, incoming, error));
      await parts.timers.sleep(PREPARING_PAUSE_MS, signal);
    }
};

const refusal = (parts: BotParts, incoming: Tapped | Typed, error: AppError): Effect => {
  const texts = textsFor(parts.config);
  const text = (): string => {
    switch (error.code) {
      case "PROPOSAL_CHANGED":
        return texts.notice.changed;
      case "PROPOSAL_MISSING":
        return texts.notice.unknown;
      case "PROPOSAL_NOT_WAITING":
        return texts.notice.preparing;
      case "STOP_ANSWERED":
        return texts.changes.answered;
      case "MODIFY_REFUSED":
        return texts.notice.refused({ why: error.message });
      case "TRADE_ENDED": {
        const { tradeId, status } = error.data as { readonly tradeId: number; readonly status: string };
        return texts.notice.refused({ why: texts.owner.tradeIs({ id: tradeId, status }) });
      }
      default:
        return unforeseen(parts, incoming, `${error.code}: ${error.message}`);
    }
  };
  return { outcome: `refused: ${error.code}: ${error.message}`, notice: { text: text(), alert: true } };
};

/** A refusal without a translated text: the error's own English message. */
const unforeseen = (parts: BotParts, incoming: Tapped | Typed, why: string): string => {
  const texts = textsFor(parts.config);
  if (incoming.kind === "tap") return texts.notice.refused({ why });
  return texts.command.failed({ command: incoming.text.split(/\s/)[0] ?? "", why });
};

/** An update that fails on every attempt: it had no effect, and its sender is notified so as not to wait. */
export const giveUp = (parts: BotParts, incoming: Incoming, why: string): void =>
  parts.db.transaction((tx) => {
    const outcome = `failed: ${why}`;
    if (incoming.kind === "tap" || incoming.kind === "text") {
      say(tx, incoming, parts.clock.nowMs(), unforeseen(parts, incoming, why));
      audit(parts, tx, incoming, outcome);
    }
    record(parts, tx, incoming, outcome);
  });

const audit = (parts: BotParts, tx: Tx, incoming: Tapped | Typed, outcome: string): void => {
  const said = incoming.kind === "tap" ? { tap: incoming.data } : { command: incoming.text.slice(0, 200) };
  const { updateId, messageId } = incoming;
  tx.audit.append({
    atMs: parts.clock.nowMs(),
    kind: `telegram.${incoming.kind === "tap" ? "tap" : "command"}`,
    actor: actorOf(incoming),
    data: { updateId, messageId, ...said, outcome },
  });
};

const record = (parts: BotParts, tx: Tx, incoming: Incoming, outcome: string): void => {
  const { updateId, kind, ...payload } = incoming;
  tx.telegram.handled({ updateId, kind, payload, outcome, atMs: parts.clock.nowMs() });
};

/** An unauthorised update is ignored and reported: no reply, an audit event, an alert at most once an hour. */
const ignoreStranger = (parts: BotParts, stranger: Extract<Incoming, { kind: "stranger" }>): void =>
  parts.db.transaction((tx) => {
    const atMs = parts.clock.nowMs();
    const { userId, chatId } = stranger;
    const count = tx.telegram.strangersSince((atMs - HOUR_MS) as typeof atMs) + 1;
    if (count <= MOST_STRANGERS)
      tx.audit.append({ atMs, kind: "telegram.stranger", actor: `telegram:${userId}`, data: { ...stranger } });
    tx.outbox.insert({
      key: `stranger:${Math.floor(atMs / HOUR_MS)}`,
      kind: "alert",
      text: textsFor(parts.config).command.stranger({ userId, chatId }),
      atMs,
    });
    record(parts, tx, stranger, "ignored");
  });

/** Ends the tap's progress indicator. Telegram accepts this only for about 15 seconds after the tap. */
const notify = async (
  parts: DispatchParts,
  tapped: Tapped,
  effect: Effect,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const { text, alert } = effect.notice ?? { text: "", alert: false };
  const isShown = await answerTap(parts, tapped, text, signal, alert);
  // An effect is visible in its message; a tap without effect would go unnoticed.
  if (!isShown && alert) parts.db.transaction((tx) => say(tx, tapped, parts.clock.nowMs(), text));
};

/** Returns false when Telegram did not accept it. */
const answerTap = async (
  { client, log }: DispatchParts,
  { tapId, updateId }: Pick<Tapped, "tapId" | "updateId">,
  text: string,
  signal: AbortSignal | undefined,
  alert = true,
): Promise<boolean> => {
  try {
    await client.answerTap(tapId, { text: fitText(text, NOTICE_LIMIT), alert }, signal);
    return true;
  } catch (e) {
    if (!(e instanceof TelegramFailure)) throw e;
    log.info({ updateId, reason: e.message }, "telegram.noticeNotShown");
    return false;
  }
};
