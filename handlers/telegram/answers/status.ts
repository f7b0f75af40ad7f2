// /status: whether it trades, its positions, and its failures.

import type { Halt } from "../../../db/tables/halts.ts";
import { toNumber } from "../../../lib/core/money.ts";
import { textsOf } from "../../../lib/core/text/catalogue.ts";
import { sinceText } from "../../../lib/core/text/format.ts";
import { haltWords } from "../../../lib/core/text/haltText.ts";
import type { Locale } from "../../../lib/core/text/locale.ts";
import { jstDayStart, jstText } from "../../../lib/core/time.ts";
import type { AnswerFacts } from "./facts.ts";
import { openTotalLines } from "./positions.ts";
import { silenceLines } from "./silence.ts";

export const statusAnswer = (facts: AnswerFacts): string => {
  const { db, config, account, nowMs } = facts;
  const { answers: t } = textsOf(config.LOCALE);
  const halts = db.halts.active(nowMs);
  const trades = db.risk.liveTrades();
  const last = db.equity.latest();
  const dayStart = db.equity.atStartOf(jstDayStart(nowMs));
  const lastMs = db.snapshots.lastTakenMs();
  const { dead } = db.jobs.stats(nowMs).states;
  const alerts = db.alerts.open();
  const wrong = [
    ...(dead > 0 ? [t.deadJobs({ count: dead })] : []),
    ...alerts.map((a) => t.alertLine({ text: a.text })),
  ];
  return [
    t.statusTitle({ time: jstText(nowMs) }),
    t.account({ account }),
    ...(halts.length === 0 ? [t.entriesOn] : halts.map((h) => haltText(config.LOCALE, h))),
    last === undefined
      ? t.noEquity
      : t.equity({
          yen: toNumber(last.equity),
          time: sinceText(last.atMs, nowMs),
          // A withdrawal is not a loss of the day.
          todayYen:
            dayStart === undefined
              ? undefined
              : toNumber(last.equity - dayStart.equity + db.payments.outBetween(dayStart.atMs, nowMs + 1)),
        }),
    ...openTotalLines(facts),
    t.counts({
      open: trades.filter((x) => x.status === "open").length,
      working: trades.filter((x) => x.status === "pending").length,
      proposals: db.proposals.pending().length,
    }),
    t.today({ count: db.risk.tradesSince(jstDayStart(nowMs)), limit: config.MAX_DAILY_TRADES }),
    lastMs === undefined ? t.noMarket : t.lastMarket({ time: jstText(lastMs) }),
    ...silenceLines({ db, config, nowMs }),
    ...(wrong.length === 0 ? [t.allWell] : wrong),
  ].join("\n");
};

/** A halt and how it ends, in the owner's language where a text exists. */
const haltText = (locale: Locale, halt: Halt): string => {
  const t = textsOf(locale).answers;
  const known = haltWords(locale, halt.kind);
  const ends = halt.untilMs !== undefined ? t.until({ time: jstText(halt.untilMs) }) : (known?.ends ?? "/resume");
  return t.halt({ what: known?.what ?? `${halt.kind}: ${halt.reason}`, ends });
};
