// The bot's questions with buttons: a confirmation, the change of a proposal, the offer of new numbers, a moved
// stop. Once they are
// answered or expired, their buttons are removed, so that no button without effect remains. Proposals themselves:
// proposalCard.ts.
import type { Prompt } from "../../db/tables/outbox.ts";
import type { Config } from "../../lib/core/config.ts";
import { DAY_MS, type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Reads } from "../../queue/types.ts";
import { textsFor } from "./actions.ts";
import { parseTap } from "./callback.ts";
import { newNumbersButton } from "./proposalCard.ts";

interface Facts {
  readonly db: Reads;
  readonly config: Config;
}

/** Older prompts are ignored: Telegram lets a bot edit its messages for two days only. */
const LOOK_BACK_MS = 2 * DAY_MS;

/** Prompts that still show buttons but have ended, with the text to show. */
export const endedPrompts = (
  { db, config }: Facts,
  nowMs: EpochMs,
): readonly { readonly prompt: Prompt; readonly text: string }[] =>
  db.outbox.prompts(epochMs(nowMs - LOOK_BACK_MS)).flatMap((prompt) => {
    const end = endOf({ db, config }, prompt, nowMs);
    return end === undefined ? [] : [{ prompt, text: end === "" ? prompt.text : `${prompt.text}\n${end}` }];
  });

/** The line that states the result; undefined: the prompt is open. */
const endOf = ({ db, config }: Facts, { buttons }: Prompt, nowMs: EpochMs): string | undefined => {
  const tap = parseTap(buttons[0]?.[0]?.data ?? "");
  const { confirm } = textsFor(config);
  if (tap === undefined) return undefined;
  if (tap.name === "confirm") {
    const found = db.telegram.confirmation(tap.subject);
    if (found?.usedMs !== undefined) return confirm.answered;
    return found === undefined || nowMs >= found.expiresMs ? confirm.over : undefined;
  }
  if (tap.name === "keepStop" || tap.name === "restoreStop")
    return db.stopQuestions.byId(Number(tap.subject))?.answer === undefined ? undefined : confirm.answered;
  const proposal = db.proposals.byId(tap.subject);
  if (proposal === undefined) return confirm.over;
  // The message above the button already states why there was no trade.
  if (tap.name === "newNumbers") return newNumbersButton({ db, config }, proposal, nowMs).length === 0 ? "" : undefined;
  if (proposal.state === "superseded") return confirm.answered;
  return proposal.state !== "pending" || nowMs >= proposal.validUntilMs ? confirm.over : undefined;
};
