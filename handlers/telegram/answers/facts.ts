// What an answer is made from: the book, the settings, the time. An answer reads and writes a text; it never decides anything.
import type { Config } from "../../../lib/core/config.ts";
import type { EpochMs } from "../../../lib/core/time.ts";
import type { Reads } from "../../../queue/types.ts";
import type { Services } from "../../context.ts";

export interface AnswerFacts {
  readonly db: Reads;
  readonly config: Config;
  readonly account: Services["account"];
  readonly nowMs: EpochMs;
  /** What followed the command, trimmed; "" when nothing did. */
  readonly arg: string;
}
