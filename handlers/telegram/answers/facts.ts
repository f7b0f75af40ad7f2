// The inputs of a read-only command's reply: the book, the settings, the time. A reply only reads and formats; it
// decides nothing.
import type { Config } from "../../../lib/core/config.ts";
import type { EpochMs } from "../../../lib/core/time.ts";
import type { Reads } from "../../../queue/types.ts";
import type { Services } from "../../context.ts";

export interface AnswerFacts {
  readonly db: Reads;
  readonly config: Config;
  readonly account: Services["account"];
  readonly nowMs: EpochMs;
  /** The text after the command, trimmed; "" when there is none. */
  readonly arg: string;
}
