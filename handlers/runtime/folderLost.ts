// Tells the owner that the state folder is lost. The outbox is in that folder, so the message goes straight to the
// messenger; a delivery that fails is not repeated, because the process ends.

import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { SECOND_MS } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Messenger } from "../context.ts";

const FOLDER_LOST_ALERT = "folderLost";
/** The process must end soon: a second worker may be waiting for the folder. */
const MOST_WAIT_MS = 3 * SECOND_MS;

/** Resolves with why the alert was not delivered; undefined when it was. Never rejects. */
export const tellFolderLost = async (
  messenger: Messenger,
  locale: Locale,
  clock: Clock,
  lost: Error,
): Promise<string | undefined> => {
  const at = { key: FOLDER_LOST_ALERT, severity: "critical", atMs: clock.nowMs() } as const;
  const { text } = composeAlert(locale, at, textsOf(locale).alerts.folderLost({ why: lost.message }));
  const message = { id: 0, key: FOLDER_LOST_ALERT, kind: "alert", proposalId: undefined, text } as const;
  try {
    const result = await messenger.deliver(message, AbortSignal.timeout(MOST_WAIT_MS));
    return result.kind === "delivered" ? undefined : `the alert could not be sent: ${result.reason}`;
  } catch (e) {
    return `the alert could not be sent: ${(e as Error).message}`;
  }
};
