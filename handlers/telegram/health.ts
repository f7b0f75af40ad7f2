// Whether the owner can be reached and heard: its own state beside the worker's, told by log, status, light and exit status. The trade
// goes on without Telegram, and answers come by the command line; so nothing of it stops the worker.
import type { TelegramState } from "../../db/tables/telegram.ts";
import { type EpochMs, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import type { TelegramFailure } from "../../lib/io/telegram/failure.ts";
import type { Health } from "../../queue/health.ts";

/** A poll is held for 25 s: no success for so long means that taps are not heard. */
const SILENT_MS = 3 * MINUTE_MS;
/** A network that fails for a moment is no news. */
const PATIENCE_MS = 2 * MINUTE_MS;
/** The poll of a worker that was just killed may still be held. */
const CONFLICT_PATIENCE_MS = 45 * SECOND_MS;

const patience = (why: string): number =>
  /^TELEGRAM 40[13]/.test(why) ? 0 : why.startsWith("TELEGRAM 409") ? CONFLICT_PATIENCE_MS : PATIENCE_MS;

/** `startedMs`: when this worker began to poll. */
export const telegramHealth = (state: TelegramState, nowMs: EpochMs, startedMs?: EpochMs): Health => {
  // Beyond any difference of two clocks: what only a person can mend is told at once.
  for (const trouble of [state.pollTrouble, state.sendTrouble])
    if (trouble !== undefined && (patience(trouble.why) === 0 || nowMs - trouble.sinceMs >= patience(trouble.why)))
      return { ok: false, sinceMs: trouble.sinceMs, why: trouble.why };
  const heardMs = Math.max(state.polledMs ?? 0, startedMs ?? 0);
  if (heardMs > 0 && nowMs - heardMs >= SILENT_MS && state.pollTrouble === undefined)
    return {
      ok: false,
      sinceMs: heardMs,
      why: `TELEGRAM silent: no successful poll for ${Math.round((nowMs - heardMs) / SECOND_MS)} s; taps and commands are not heard, use the command line; a restart of the worker is safe`,
    };
  return { ok: true };
};

/** One line for status: who the bot is, and how long ago it was heard. */
export const telegramText = (state: TelegramState, nowMs: EpochMs): string => {
  const health = telegramHealth(state, nowMs);
  const name = state.botName ?? "a bot";
  const polled = state.polledMs === undefined ? "never" : `${Math.round((nowMs - state.polledMs) / SECOND_MS)} s ago`;
  const muted = state.muted.length === 0 ? "" : `, muted: ${state.muted.join(", ")}`;
  return health.ok ? `Telegram ${name}: polled ${polled}${muted}` : `Telegram ${name}: ${health.why}${muted}`;
};

/** What a failure means for the owner, each with what to do: status, light and log say it. */
export const troubleText = (e: TelegramFailure): string => {
  switch (e.kind) {
    case "unauthorized":
      return `TELEGRAM 401: the bot token is refused (${e.message}); give TELEGRAM_BOT_TOKEN a valid one and restart`;
    case "conflict":
      // Ours is taken away at each start (handlers/telegram/bot.ts).
      if (/webhook/i.test(e.message))
        return `TELEGRAM 409: a webhook takes what you tap and type (${e.message}); restart the worker, which removes it; if it comes back, revoke the token at BotFather`;
      return `TELEGRAM 409: another program polls this bot (${e.message}); stop it, or revoke the token at BotFather`;
    case "blocked":
      return `TELEGRAM 403: the chat takes no messages (${e.message}); unblock the bot in the chat, check TELEGRAM_CHAT_ID`;
    default:
      return `TELEGRAM unreachable (${e.message}); use the command line meanwhile: trader approve, trader status`;
  }
};
