// Whether the owner can be reached and heard: its own state beside the worker's, told by log, status, light and exit status. The trade
// goes on without Telegram, and answers come by the command line; so nothing of it stops the worker.
import type { TelegramState } from "../../db/tables/telegram.ts";
import { type EpochMs, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import type { Health } from "../../queue/health.ts";

/** A poll is held for 25 s: no success for so long means that taps are not heard. */
const SILENT_MS = 3 * MINUTE_MS;
/** A network that fails for a moment is no news. */
const PATIENCE_MS = 2 * MINUTE_MS;
/** The poll of a worker that was just killed may still be held. */
const CONFLICT_PATIENCE_MS = 45 * SECOND_MS;

const patience = (why: string): number =>
  /\b40[0134]\b/.test(why) ? 0 : /\b409\b/.test(why) ? CONFLICT_PATIENCE_MS : PATIENCE_MS;

/** `startedMs`: when this worker began to poll. */
export const telegramHealth = (state: TelegramState, nowMs: EpochMs, startedMs?: EpochMs): Health => {
  for (const trouble of [state.pollTrouble, state.sendTrouble])
    if (trouble !== undefined && nowMs - trouble.sinceMs >= patience(trouble.why))
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
