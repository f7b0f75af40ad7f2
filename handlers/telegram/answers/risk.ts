// /risk: how much of each limit is used, from the account's last known equity.
import { LOSS_HALT } from "../../../lib/core/haltKinds.ts";
import { notionalYen, ratioOfYenDown, toNumber, yenE8 } from "../../../lib/core/money.ts";
import { lossUse } from "../../../lib/core/risk.ts";
import { textsOf } from "../../../lib/core/text/catalogue.ts";
import { sinceText } from "../../../lib/core/text/format.ts";
import { jstDayStart, jstText } from "../../../lib/core/time.ts";
import { lossFacts } from "../../risk/lossLimits.ts";
import type { AnswerFacts } from "./facts.ts";
import { openTotalLines } from "./positions.ts";

export const riskAnswer = (facts: AnswerFacts): string => {
  const { db, config, nowMs } = facts;
  const { answers: t } = textsOf(config.LOCALE);
  const last = db.equity.latest();
  const equity = last?.equity;
  const title = t.riskTitle({ time: jstText(nowMs) });
  const rules = [
    t.today({ count: db.risk.tradesSince(jstDayStart(nowMs)), limit: config.MAX_DAILY_TRADES }),
    t.stopRule({ atr: config.STOP_LOSS_ATR_MULTIPLE, hours: config.TIME_STOP_HOURS }),
  ];
  if (last === undefined || equity === undefined) return [title, t.noEquity, ...rules].join("\n");
  // At the last equity point. A limit reached since then has its halt already: an open trade's watch checks it too.
  const losses = lossUse(config, lossFacts(db, { equity, unrealised: last.unrealised ?? yenE8(0n) }, nowMs));
  const halted = new Set<string>(db.halts.active(nowMs).map((h) => h.kind));
  const used = db.positions.open().reduce((sum, p) => sum + notionalYen(p.price, p.open), 0n);
  const of = (ratio: typeof config.MAX_RISK_PER_TRADE): number => toNumber(ratioOfYenDown(equity, ratio));
  return [
    title,
    t.lossesAsOf({ time: sinceText(last.atMs, nowMs) }),
    ...losses.map((l) =>
      t.loss({
        period: l.period,
        yen: toNumber(l.loss),
        limitYen: toNumber(l.limit),
        reached: l.reached || halted.has(LOSS_HALT[l.period]),
      }),
    ),
    ...openTotalLines(facts),
    t.perTrade({ ratio: toNumber(config.MAX_RISK_PER_TRADE), yen: of(config.MAX_RISK_PER_TRADE) }),
    t.positionLimit({
      ratio: toNumber(config.MAX_POSITION_RATIO),
      yen: of(config.MAX_POSITION_RATIO),
      usedYen: toNumber(used),
    }),
    ...rules,
  ].join("\n");
};
