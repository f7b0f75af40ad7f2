// The text of a proposal's message: plain text that fits a phone and the caption of its chart. The numbers are the
// proposal's own and those of the gates stored with its signal; nothing is read from the venue.

import type { Proposal } from "../../db/tables/proposals.ts";
import type { Reason, Signal } from "../../db/tables/signals.ts";
import type { GateName } from "../../lib/core/gates.ts";
import { CAPTION_LIMIT, MARK_ROOM } from "../../lib/core/messageText.ts";
import { formatE8, notionalYen, toNumber, type YenE8 } from "../../lib/core/money.ts";
import { NONE } from "../../lib/core/statistics.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { cut } from "../../lib/core/text/format.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { jstText } from "../../lib/core/time.ts";
import type { AppCtx } from "../context.ts";

export { percentText, yenText } from "../../lib/core/text/format.ts";

/** UTF-16 units: the message is the caption of its chart, also with the mark that precedes a repeated message. */
export const MOST_CAPTION_UNITS = CAPTION_LIMIT - MARK_ROOM;
const MOST_TITLE_CHARS = 40;
const REASONS_SHOWN = 3;

/** Features stored as a ratio of 100 or of the price, shown in their usual units: RSI 71, ATR 0.45 %. */
const HUNDREDFOLD = ["rsi14", "adx14", "stoch_k14", "money_flow14"];
const PERCENT = ["atr14_pct", "volatility96", "band_width20", "band_position20"];
const featureValue = ({ feature, value }: Reason): string => {
  if (!Number.isFinite(value)) return NONE;
  if (HUNDREDFOLD.includes(feature)) return (value * 100).toFixed(0);
  if (PERCENT.includes(feature)) return `${(value * 100).toPrecision(3)}%`;
  return String(Number(value.toPrecision(3)));
};

/**
 * The signal message (the owner's design 3.5): side, probability, entry, stop, targets, yen at risk, reasons, filters.
 */
export const proposalText = (
  locale: Locale,
  p: Proposal,
  signal: Signal,
  account: AppCtx["account"] | undefined,
): string => {
  const { signal: t, words } = textsOf(locale);
  const side = p.direction;
  const entry = toNumber(p.entry);
  const level = (price: YenE8) => ({ yen: toNumber(price), away: (toNumber(price) - entry) / entry });
  const gate = (name: GateName) => signal.gates?.find((g) => g.gate === name);
  const numberOf = (value: string | number | null | undefined): number | undefined =>
    typeof value === "number" ? value : undefined;
  const shown = (value: string | number | null | undefined, digits: number): string =>
    numberOf(value)?.toFixed(digits) ?? (value === null || value === undefined ? NONE : cut(String(value), 12));
  const [spread, volume, news, trades, rollover] = (
    ["spread", "volume", "news", "dailyTrades", "rollover"] as const
  ).map(gate);
  const equity = toNumber(p.equity);
  const filters = [
    ...(spread ? [t.spread({ value: shown(spread.value, 1), limit: shown(spread.limit, 1) })] : []),
    ...(volume ? [t.volume({ value: shown(volume.value, 2), limit: shown(volume.limit, 2) })] : []),
    ...(news ? [t.news({ title: news.value === null ? undefined : cut(String(news.value), MOST_TITLE_CHARS) })] : []),
    ...(trades ? [t.trades({ today: shown(trades.value, 0), limit: shown(trades.limit, 0) })] : []),
    ...(rollover ? [t.rollover({ hours: shown(rollover.value, 1) })] : []),
  ];
  const reasons = signal.reasons.slice(0, REASONS_SHOWN).map((r) =>
    t.reason({
      feature: words.feature[r.feature as keyof typeof words.feature] ?? cut(r.feature, 24),
      value: featureValue(r),
      side,
      supports: r.contribution >= 0,
    }),
  );
  const message = (...parts: readonly (readonly string[])[]): string =>
    [...decision, ...parts.flat(), ...ending].join("\n");
  const decision = [
    t.title({ side, symbol: p.symbol, probability: p.confidence, rank: p.rank }),
    ...(account === "paper" || account === "replay" ? [t.simulated({ account })] : []),
    ...(p.supersedes === undefined ? [] : [t.replaces({ id: p.supersedes })]),
    t.probability({ side, probability: p.confidence, needed: numberOf(gate("probability")?.limit) }),
    t.confidence({ confidence: p.confidence, rank: p.rank, needed: numberOf(gate("rank")?.limit) }),
    t.breakEven({ rate: p.breakEven }),
    "",
    t.entry({ yen: entry, low: toNumber(p.bandLow), high: toNumber(p.bandHigh) }),
    t.stop(level(p.stop)),
    t.target({ ...level(p.tp1), number: 1 }),
    t.target({ ...level(p.tp2), number: 2 }),
    t.size({ coins: formatE8(p.size), symbol: p.symbol, yen: toNumber(notionalYen(p.entry, p.size)) }),
    t.risk({ yen: toNumber(p.risk), ofEquity: equity > 0 ? toNumber(p.risk) / equity : undefined }),
  ];
  const why = reasons.length === 0 ? [] : ["", t.reasons, ...reasons];
  const measured = filters.length === 0 ? [] : ["", t.filters, ...filters];
  const ending = ["", t.validUntil({ time: jstText(p.validUntilMs) }), t.commands({ id: p.id })];
  // Very long numbers must not push the commands off the caption: the parts least needed for the decision are dropped
  // first.
  return (
    [message(why, measured), message(why, ["", t.more({ id: p.id })])].find((m) => m.length <= MOST_CAPTION_UNITS) ??
    message(["", t.more({ id: p.id })])
  );
};
