// The line of /status, /signals and /why for each symbol that has no signals: since when, until when and why.
import { textsOf } from "../../../lib/core/text/catalogue.ts";
import { jstText } from "../../../lib/core/time.ts";
import { silencesNow } from "../../market/silence.ts";
import type { AnswerFacts } from "./facts.ts";

export const silenceLines = ({ db, config, nowMs }: Pick<AnswerFacts, "db" | "config" | "nowMs">): readonly string[] =>
  silencesNow(db, config.PRODUCT, nowMs).map(({ symbol, sinceMs, untilMs, why }) =>
    textsOf(config.LOCALE).answers.silence({
      symbol,
      since: jstText(sinceMs),
      until: untilMs === undefined ? undefined : jstText(untilMs),
      why,
    }),
  );
