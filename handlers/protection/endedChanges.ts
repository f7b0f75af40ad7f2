// What was told or asked about a change at the venue ends by itself: with the order or position, or when a moved stop is
// within the approved risk again.
import type { HaltActor } from "../../db/halts.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import { endSettledQuestions, hasSettledQuestions } from "../book/stopQuestions.ts";
import { endChangeAlerts, hasEndedChanges } from "../orders/venueChanges.ts";

/** Asked first, so that a look without news costs no commit. */
export const hasEndedAnswers = (db: Reads): boolean => hasEndedChanges(db) || hasSettledQuestions(db);
export const endAnswers = (tx: Tx, by: HaltActor): void => {
  endChangeAlerts(tx, by.atMs);
  endSettledQuestions(tx, by);
};
