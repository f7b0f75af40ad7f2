// Health of the Telegram connection, reported apart from the worker's own by log, status, health report and exit code.
// Trading continues without Telegram, and proposals can be decided at the command line, so no Telegram failure stops
// the worker.
import type { TelegramState } from "../../db/tables/telegram.ts";
import { type EpochMs, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import type { TelegramFailure } from "../../lib/io/telegram/failure.ts";
import type { Health } from "../../queue/health.ts";

/** A poll stays open for 25 s: no success for this long means that taps are not received. */
const SILENT_MS = 3 * MINUTE_MS;
/** Shorter network failures are not reported. */
const GRACE_MS = 2 * MINUTE_MS;
/** The poll of a worker that was just killed may still be open. */
const CONFLICT_GRACE_MS = 45 * SECOND_MS;

const graceMs = (why: string): number =>
  /^TELEGRAM 40[13]/.test(why) ? 0 : why.startsWith("TELEGRAM 409") ? CONFLICT_GRACE_MS : GRACE_MS;

/** `startedMs`: when this worker began to poll. */
export const telegramHealth = (state: TelegramState, nowMs: EpochMs, startedMs?: EpochMs): Health => {
  // Failures that only a person can fix are reported at once, whatever the clocks say.
  for (const trouble of [state.pollTrouble, state.sendTrouble])
    if (trouble !== undefined && (graceMs(trouble.why) === 0 || nowMs - trouble.sinceMs >= graceMs(trouble.why)))
      return { ok: false, sinceMs: trouble.sinceMs, why: trouble.why };
  const polledMs = Math.max(state.polledMs ?? 0, startedMs ?? 0);
  if (polledMs > 0 && nowMs - polledMs >= SILENT_MS && state.pollTrouble === undefined)
    return {
      ok: false,
      sinceMs: polledMs,
      why: `TELEGRAM silent: no successful poll for ${Math.round((nowMs - polledMs) / SECOND_MS)} s; taps and commands are not heard, use the command line; a restart of the worker is safe`,
    };
  return { ok: true };
};

/** One line for status: the bot's name, and the time since its last successful poll. */
export const telegramText = (state: TelegramState, nowMs: EpochMs): string => {
  const health = telegramHealth(state, nowMs);
  const name = state.botName ?? "a bot";
  const polled = state.polledMs === undefined ? "never" : `${Math.round((nowMs - state.polledMs) / SECOND_MS)} s ago`;
  const muted = state.muted.length === 0 ? "" : `, muted: ${state.muted.join(", ")}`;
  return health.ok ? `Telegram ${name}: polled ${polled}${muted}` : `Telegram ${name}: ${health.why}${muted}`;
};

/** The text of a failure with what to do about it, for status, health report and log. */
export const troubleText = (e: TelegramFailure): string => {
  switch (e.kind) {
    case "unauthorized":
      return `TELEGRAM 401: the bot token is refused (${e.message}); give TELEGRAM_BOT_TOKEN a valid one and restart`;
    case "conflict":
      // Each start removes the webhook (handlers/telegram/bot.ts).
      if (/webhook/i.test(e.message))
        return `TELEGRAM 409: a webhook takes what you tap and type (${e.message}); restart the worker, which removes it; if it comes back, revoke the token at BotFather`;
      return `TELEGRAM 409: another program polls this bot (${e.message}); stop it, or revoke the token at BotFather`;
    case "blocked":
      return `TELEGRAM 403: the chat takes no messages (${e.message}); unblock the bot in the chat, check TELEGRAM_CHAT_ID`;
    default:
      return `TELEGRAM unreachable (${e.message}); use the command line meanwhile: trader approve, trader status`;
  }
};
