// Edits the messages of proposals to their current content (proposalCard.ts), and removes the buttons of ended prompts.
// An edit may be repeated safely, so nothing is stored before it: after a crash the difference is found again.
import type { ChatMessage } from "../../db/tables/telegram.ts";
import type { Config } from "../../lib/core/config.ts";
import { CAPTION_LIMIT, fitText, MESSAGE_LIMIT } from "../../lib/core/messageText.ts";
import { epochMs } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { TelegramClient } from "../../lib/io/telegram/client.ts";
import { TelegramFailure } from "../../lib/io/telegram/failure.ts";
import type { Database } from "../../queue/types.ts";
import { troubleText } from "./health.ts";
import { boldUnits, mustWait, pauseMs } from "./messenger.ts";
import { endedPrompts } from "./prompts.ts";
import { type Card, proposalCard } from "./proposalCard.ts";

interface RefreshParts {
  readonly db: Database;
  readonly client: TelegramClient;
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Logger;
}

/** Checks every message that may still change. Returns how many were edited. Never throws on a connection failure. */
export const refreshMessages = async (parts: RefreshParts, signal?: AbortSignal): Promise<number> => {
  let edited = 0;
  for (const message of parts.db.read.telegram.openMessages()) {
    const nowMs = parts.clock.nowMs();
    if (signal?.aborted || mustWait(parts.db.read.telegram.state().sendAfterMs, nowMs)) return edited;
    const proposal = parts.db.read.proposals.byId(message.proposalId);
    if (!proposal) continue;
    const card = proposalCard({ db: parts.db.read, config: parts.config }, proposal, nowMs);
    if (card.fingerprint === message.shown && !card.final) continue;
    const asShown = card.fingerprint === message.shown;
    const outcome = asShown ? "shown" : await edit(parts, message, card, signal);
    if (outcome === "later") return edited;
    parts.db.transaction((tx) => {
      tx.telegram.messageShows(message, card.fingerprint, card.final || outcome === "gone");
      if (!asShown) tx.telegram.sendWorks();
    });
    if (outcome === "shown") edited += 1;
  }
  return edited + (await endPrompts(parts, signal));
};

/** Removes the buttons of prompts that are answered or expired. */
const endPrompts = async (parts: RefreshParts, signal: AbortSignal | undefined): Promise<number> => {
  let edited = 0;
  const { db, clock, config } = parts;
  for (const { prompt, text } of endedPrompts({ db: db.read, config }, clock.nowMs())) {
    if (signal?.aborted || mustWait(db.read.telegram.state().sendAfterMs, clock.nowMs())) return edited;
    const outcome = await edit(parts, { ...prompt, isPhoto: false }, { text, buttons: [], key: prompt.key }, signal);
    if (outcome === "later") return edited;
    db.transaction((tx) => {
      tx.outbox.clearButtons(prompt.id);
      tx.telegram.sendWorks();
    });
    edited += 1;
  }
  return edited;
};

const edit = async (
  { client, db, log, clock }: RefreshParts,
  message: Pick<ChatMessage, "chatId" | "messageId" | "isPhoto"> & { readonly proposalId?: string },
  to: Pick<Card, "text" | "buttons"> & { readonly key?: string },
  signal: AbortSignal | undefined,
): Promise<"shown" | "gone" | "later"> => {
  const nowMs = clock.nowMs();
  const text = fitText(to.text, message.isPhoto ? CAPTION_LIMIT : MESSAGE_LIMIT);
  const bold = to.key === undefined ? text.split("\n", 1)[0]?.trimEnd().length : boldUnits(to.key, text);
  try {
    await client.editMessage(message, { text, boldUnits: bold, buttons: to.buttons }, signal);
    return "shown";
  } catch (e) {
    if (!(e instanceof TelegramFailure)) throw e;
    const { kind, retryAfterMs } = e;
    // Deleted by the owner, or too old to be edited: the proposal's other messages report its end.
    if (kind === "refused") {
      log.warn(
        { messageId: message.messageId, proposalId: message.proposalId, reason: e.message },
        "telegram.editRefused",
      );
      return "gone";
    }
    const since = db.read.telegram.state().sendTrouble?.sinceMs;
    db.transaction((tx) =>
      kind === "tooMany"
        ? tx.telegram.sendAfter(epochMs(nowMs + retryAfterMs))
        : tx.telegram.sendTrouble(troubleText(e), nowMs, epochMs(nowMs + pauseMs(since, nowMs))),
    );
    log.warn({ messageId: message.messageId, reason: e.message }, "telegram.editLater");
    return "later";
  }
};
