// The picture of a proposal: the candles the decision was made on, entry, stop and targets, important news. Drawn only
// from data known at the decision: candles up to the signal's bar, the proposal's own prices, announced events.
import type { Proposal } from "../../db/tables/proposals.ts";
import type { Candle } from "../../lib/core/candle.ts";
import { type EconomicEvent, newsWindowMinutes } from "../../lib/core/events.ts";
import { toNumber } from "../../lib/core/money.ts";
import { showYen } from "../../lib/core/statistics.ts";
import { coordinate, element, escapeHtml, niceTicks } from "../../lib/core/svg.ts";
import { pairText } from "../../lib/core/text/format.ts";
import { BAR_MS, epochMs, HOUR_MS, jstText, MINUTE_MS, plusMs } from "../../lib/core/time.ts";
import { CHARACTER_WIDTH } from "../../lib/io/png.ts";
import type { Reads } from "../../queue/types.ts";
import { candlesOf, type Frame, newsOf, type Span, scaled, timeAxis } from "./chartParts.ts";
import { picture, timeLabels } from "./pictures.ts";
import type { NewsBand } from "./reportData.ts";

/** 16 hours of candles, and the four hours a trade may last. */
const BARS = 64;
const AHEAD_MS = 4 * HOUR_MS;
/** Minimum vertical distance of two lines of text. */
const LABEL_STEP = 22;
const NEWS_WINDOW_MINUTES = 30;

export interface ProposalChartFacts {
  readonly proposal: Pick<
    Proposal,
    "symbol" | "direction" | "entry" | "bandLow" | "bandHigh" | "stop" | "tp1" | "tp2" | "validUntilMs"
  >;
  /** Ascending, the last one is the signal's bar. At least one. */
  readonly candles: readonly Candle[];
  readonly news: readonly NewsBand[];
}

/**
 * PNG of a stored proposal, 1600 × 1000 pixels. undefined where the proposal, its signal or every candle is missing.
 * Throws AppError permanent CHART_RENDERER (lib/io/png.ts).
 */
export const renderProposalChart = (
  reads: Reads,
  proposalId: string,
  newsWindowMinutes: number = NEWS_WINDOW_MINUTES,
): Uint8Array | undefined => {
  const proposal = reads.proposals.byId(proposalId);
  const signal = proposal && reads.signals.byId(proposal.signalId);
  if (!proposal || !signal) return undefined;
  const candles = reads.candles.window(signal.symbol, signal.barOpenMs, BARS);
  if (candles.length === 0) return undefined;
  const span = spanOf(candles);
  const events = reads.events.range(epochMs(span.fromMs), epochMs(span.toMs));
  return drawProposalChart({ proposal, candles, news: bandsOf(events, newsWindowMinutes) });
};

const bandsOf = (events: readonly EconomicEvent[], windowMinutes: number): readonly NewsBand[] =>
  events
    .filter((e) => e.importance === "high")
    .map((e) => {
      const windowMs = newsWindowMinutes(e, windowMinutes) * MINUTE_MS;
      return {
        title: e.title,
        atMs: e.atMs,
        fromMs: plusMs(e.atMs, -windowMs),
        toMs: plusMs(e.atMs, windowMs),
      };
    });

const closeOf = (candles: readonly Candle[]): number => candles.at(-1)!.openMs + BAR_MS;
const spanOf = (candles: readonly Candle[]): Span => {
  const closeMs = closeOf(candles);
  return { fromMs: closeMs - BARS * BAR_MS, toMs: closeMs + AHEAD_MS };
};

interface Level {
  readonly kind: "tp1" | "tp2" | "entry" | "stop";
  readonly name: string;
  readonly yen: number;
}

export const drawProposalChart = ({ proposal: p, candles, news }: ProposalChartFacts): Uint8Array => {
  const levels: readonly Level[] = [
    { kind: "tp2", name: "TP2", yen: toNumber(p.tp2) },
    { kind: "tp1", name: "TP1", yen: toNumber(p.tp1) },
    { kind: "entry", name: "ENTRY", yen: toNumber(p.entry) },
    { kind: "stop", name: "STOP", yen: toNumber(p.stop) },
  ];
  const span = spanOf(candles);
  const prices = [...candles.flatMap((c) => [c.low, c.high]), ...levels.map((l) => l.yen)];
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const pad = (high - low || high * 0.001) * 0.06;
  const [width, height, top, bottom] = [800, 500, 64, 30];
  // Left: the axis; right: the names of the levels. Each is as wide as its longest text.
  const ticks = niceTicks(low - pad, high + pad, 6);
  const textWidth = (texts: readonly string[], size: number) =>
    Math.max(...texts.map((t) => t.length)) * CHARACTER_WIDTH * size;
  const left =
    16 +
    textWidth(
      ticks.map((t) => showYen(t)),
      14,
    );
  const right = 34 + textWidth(levels.map(levelText), 15);
  const frame = scaled({ width, height, left, right, top, bottom }, span, low - pad, high + pad);
  return picture(frame, [
    element(
      "text",
      { x: 14, y: 28, class: "title" },
      `${pairText(p.symbol)} ${p.direction === "long" ? "LONG" : "SHORT"}`,
    ),
    element(
      "text",
      { x: width - 14, y: 27, class: "sub", "text-anchor": "end" },
      `15 min · ${jstText(epochMs(closeOf(candles)))}`,
    ),
    newsOf(frame, news, span),
    timeAxis(frame, span, timeLabels(frame)),
    axis(frame, ticks),
    boxes(frame, p, candles),
    candlesOf(frame, candles),
    now(frame, candles),
    newsTags(frame, news, span),
    ...levelLines(frame, levels, closeOf(candles)),
  ]);
};

const axis = (frame: Frame, ticks: readonly number[]): string =>
  ticks
    .map((value) => {
      const y = frame.y(value);
      return (
        element("line", { x1: frame.left, x2: frame.width - frame.right, y1: y, y2: y, class: "grid" }) +
        element("text", { x: frame.left - 8, y: y + 5, class: "tick", "text-anchor": "end" }, showYen(value))
      );
    })
    .join("");

/** From the signal on: the entry's band, the possible gain and the risk. */
const boxes = (frame: Frame, p: ProposalChartFacts["proposal"], candles: readonly Candle[]): string => {
  const x = frame.x(closeOf(candles));
  const box = (a: bigint, b: bigint, kind: string): string => {
    const [y1, y2] = [frame.y(toNumber(a)), frame.y(toNumber(b))];
    return element("rect", {
      x,
      y: Math.min(y1, y2),
      width: frame.width - frame.right - x,
      height: Math.abs(y1 - y2),
      class: kind,
    });
  };
  return box(p.entry, p.tp2, "gainBox") + box(p.entry, p.stop, "riskBox") + box(p.bandLow, p.bandHigh, "band");
};

const now = (frame: Frame, candles: readonly Candle[]): string => {
  const x = frame.x(closeOf(candles));
  return element("line", { x1: x, x2: x, y1: frame.top, y2: frame.height - frame.bottom, class: "now" });
};

/** A line at each event with its time above the candles; a label that would touch the previous one is left out. */
const newsTags = (frame: Frame, news: readonly NewsBand[], span: Span): string => {
  let free = frame.left;
  return [...news]
    .filter((band) => band.atMs >= span.fromMs && band.atMs <= span.toMs)
    .sort((a, b) => a.atMs - b.atMs)
    .map((band) => {
      const x = frame.x(band.atMs);
      const line = element("line", {
        x1: x,
        x2: x,
        y1: frame.top,
        y2: frame.height - frame.bottom,
        class: "newsLine",
      });
      const text = `NEWS ${jstText(band.atMs).slice(11, 16)}`;
      const half = (text.length * CHARACTER_WIDTH * 13) / 2;
      const middle = Math.min(Math.max(x, frame.left + half), frame.width - frame.right - half);
      if (middle - half < free) return line;
      free = middle + half + 6;
      return line + element("text", { x: middle, y: frame.top - 6, class: "newsTag", "text-anchor": "middle" }, text);
    })
    .join("");
};

const levelText = (level: Level): string => `${level.name} ${showYen(level.yen)}`;

/** Places for labels at `wanted` heights (ascending), at least `step` apart, inside [from, to] as far as they fit. */
export const spread = (wanted: readonly number[], step: number, from: number, to: number): readonly number[] => {
  const placed = wanted.map((y) => Math.min(Math.max(y, from), to));
  for (let i = 1; i < placed.length; i++) placed[i] = Math.max(placed[i]!, placed[i - 1]! + step);
  // Labels that ended up below the range are moved up again.
  for (let i = placed.length - 1; i >= 0; i--)
    placed[i] = Math.min(placed[i]!, i === placed.length - 1 ? to : placed[i + 1]! - step);
  return placed;
};

const levelLines = (frame: Frame, levels: readonly Level[], fromMs: number): readonly string[] => {
  const sorted = [...levels].sort((a, b) => b.yen - a.yen);
  const edge = frame.width - frame.right;
  const places = spread(
    sorted.map((l) => frame.y(l.yen)),
    LABEL_STEP,
    frame.top + 4,
    frame.height - frame.bottom - 4,
  );
  return sorted.map((level, i) => {
    const y = frame.y(level.yen);
    const place = places[i]!;
    const x = frame.x(fromMs - 2 * HOUR_MS);
    return (
      element("path", { d: `M${coordinate(x)} ${coordinate(y)}H${coordinate(edge)}`, class: `line ${level.kind}` }) +
      element("path", {
        d: `M${coordinate(edge)} ${coordinate(y)}L${coordinate(edge + 14)} ${coordinate(place)}h6`,
        class: `lead ${level.kind}`,
      }) +
      element("text", { x: edge + 24, y: place + 5, class: `level ${level.kind}` }, escapeHtml(levelText(level)))
    );
  });
};
