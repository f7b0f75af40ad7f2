// /health and /model: whether the data the decisions need is present, and how good the model was recently.
import type { Config } from "../../../lib/core/config.ts";
import { quoteTimeMs } from "../../../lib/core/openResult.ts";
import { symbolsOf } from "../../../lib/core/product.ts";
import { textsOf } from "../../../lib/core/text/catalogue.ts";
import { sinceText } from "../../../lib/core/text/format.ts";
import { DAY_MS, type EpochMs, epochMs, jstDate, jstText, MINUTE_MS, SECOND_MS } from "../../../lib/core/time.ts";
import type { Reads } from "../../../queue/types.ts";
import { noPrices } from "../../market/priceOutage.ts";
import { STALE_MESSAGE_MS } from "../enqueueDeliveries.ts";
import { telegramHealth } from "../health.ts";
import type { AnswerFacts } from "./facts.ts";

/** How many days back the last results of the model are searched. */
const RESULTS_DAYS = 7;

export const healthAnswer = ({ db, config, nowMs }: AnswerFacts): string => {
  const { answers: t } = textsOf(config.LOCALE);
  const none = noPrices({ read: db });
  const lastMs = db.snapshots.lastTakenMs();
  const { ready, running, parked, dead } = db.jobs.stats(nowMs).states;
  const state = db.telegram.state();
  const bot = telegramHealth(state, nowMs);
  const seconds = state.polledMs === undefined ? undefined : Math.round((nowMs - state.polledMs) / SECOND_MS);
  return [
    t.healthTitle({ time: jstText(nowMs) }),
    ...(none === undefined
      ? priceLines(db, config, nowMs)
      : [t.noPrices({ symbols: none.symbols, time: jstText(none.sinceMs) })]),
    lastMs === undefined ? t.noMarket : t.lastMarket({ time: jstText(lastMs) }),
    t.jobs({ ready, running, parked, dead }),
    bot.ok ? t.bot({ name: state.botName ?? "–", seconds }) : t.botTrouble({ why: bot.why }),
    t.outbox({ count: db.outbox.waitingIds(epochMs(nowMs - STALE_MESSAGE_MS)).length }),
    t.alerts({ count: db.alerts.open().length }),
    ...db.alerts.open().map((a) => t.alertLine({ text: a.text })),
  ].join("\n");
};

/** Without a trade the worker reads prices once a minute; a reply may be slow. */
const PRICES_CURRENT_MS = 3 * MINUTE_MS;
/** How old the prices are: of the symbol with the oldest ones. None while no price was ever read. */
const priceLines = (db: Reads, config: Config, nowMs: EpochMs): readonly string[] => {
  const { answers: t } = textsOf(config.LOCALE);
  const oldest = symbolsOf(config.PRODUCT)
    .flatMap((symbol) => {
      const quote = db.quotes.newest(symbol);
      return quote === undefined ? [] : [{ symbol, atMs: quoteTimeMs(quote) }];
    })
    .sort((a, b) => a.atMs - b.atMs)[0];
  if (oldest === undefined) return [];
  const ageMs = Math.max(0, nowMs - oldest.atMs);
  return [
    ageMs <= PRICES_CURRENT_MS
      ? t.prices({ ageMs })
      : t.pricesOld({ symbol: oldest.symbol, since: sinceText(oldest.atMs, nowMs) }),
  ];
};

export const modelAnswer = ({ db, config, nowMs }: AnswerFacts): string => {
  const { answers: t } = textsOf(config.LOCALE);
  const champion = db.models.champion();
  if (champion === undefined) return t.noModel;
  const days = Array.from({ length: RESULTS_DAYS }, (_, i) => jstDate(epochMs(nowMs - i * DAY_MS)));
  const date = days.find((day) => db.modelPerformance.of(day).some((row) => row.modelId === champion.id));
  return [
    t.modelTitle({ id: champion.id }),
    t.modelAge({
      time: jstText(champion.dataEndMs).slice(0, 10),
      days: Math.max(0, Math.floor((nowMs - champion.dataEndMs) / DAY_MS)),
    }),
    ...(date === undefined
      ? [t.noModelDays]
      : [
          t.modelDate({ date }),
          ...db.modelPerformance
            .of(date)
            .filter((row) => row.modelId === champion.id)
            .map((r) =>
              t.modelDay({ symbol: r.symbol, side: r.side, auc: r.auc, bars: r.predictions, brier: r.brier }),
            ),
        ]),
    t.edge,
  ].join("\n");
};
