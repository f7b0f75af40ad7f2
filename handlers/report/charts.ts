// The two charts of the report as inline SVG: the equity curve, and one price chart per symbol with its trades.
// Drawn once wide and once narrow, because text inside a scaled SVG becomes unreadable on a phone.

import type { ReportTrade } from "../../db/tables/reporting.ts";
import type { EquityPoint } from "../../lib/core/statistics.ts";
import { NONE, showYen } from "../../lib/core/statistics.ts";
import { coordinate, element, escapeHtml, stepPath } from "../../lib/core/svg.ts";
import { jstText } from "../../lib/core/time.ts";
import { candlesOf, type Frame, frameOf, newsOf, type Span, svg, timeAxis, valueAxis } from "./chartParts.ts";
import type { NewsBand, SymbolData } from "./reportData.ts";

const equityOf = (points: readonly EquityPoint[], span: Span, wide: boolean): string => {
  const start = points[0]?.yen ?? 0;
  const changes = points.map((p) => p.yen - start);
  const frame = frameOf(wide, wide ? 260 : 200, span, Math.min(0, ...changes), Math.max(0, ...changes));
  const line = points.map((p) => ({ x: frame.x(p.atMs), y: frame.y(p.yen - start) }));
  const zero = frame.y(0);
  const path = stepPath([...line, { x: frame.x(span.toMs), y: line.at(-1)?.y ?? zero }]);
  const area = `${path}V${coordinate(zero)}H${coordinate(line[0]?.x ?? 0)}Z`;
  const last = line.at(-1);
  return svg(frame, "Equity over time, as change from its start", [
    timeAxis(frame, span),
    valueAxis(frame, (v) => showYen(v, true)),
    element("path", { d: area, class: "area" }),
    element("line", { x1: frame.left, x2: frame.width - frame.right, y1: zero, y2: zero, class: "zero" }),
    element("path", { d: path, class: "equity" }),
    last ? element("circle", { cx: last.x, cy: last.y, r: 3.5, class: "dot" }) : "",
  ]);
};
/** Change of the equity since its first point, in yen. */
export const equityChart = (points: readonly EquityPoint[], span: Span): string =>
  points.length === 0
    ? `<p class="empty">No equity was recorded yet.</p>`
    : equityOf(points, span, true) + equityOf(points, span, false);

const TRIANGLE_UP = "M0 0L6 10H-6Z";
const TRIANGLE_DOWN = "M0 0L6 -10H-6Z";

/** A trade on the chart: its box and levels under the candles, its entry and exits over them. */
const spanOf = (frame: Frame, trade: ReportTrade, span: Span): readonly [from: number, to: number] => {
  const from = frame.x(trade.firstFillMs ?? span.fromMs);
  return [from, Math.max(from + 4, frame.x(trade.closedMs ?? span.toMs))];
};

const levelsOf = (frame: Frame, trade: ReportTrade, span: Span): string => {
  const [from, to] = spanOf(frame, trade, span);
  const level = (price: number, kind: string) =>
    element("line", { x1: from, x2: to, y1: frame.y(price), y2: frame.y(price), class: kind });
  const box = (price: number, kind: string) => {
    const [y1, y2] = [frame.y(trade.entryPrice), frame.y(price)];
    return element("rect", { x: from, y: Math.min(y1, y2), width: to - from, height: Math.abs(y1 - y2), class: kind });
  };
  return [
    box(trade.tp2, "gainBox"),
    box(trade.stop, "riskBox"),
    level(trade.tp1, "target"),
    level(trade.tp2, "target"),
    level(trade.stop, "stop"),
    level(trade.entryPrice, "entryLine"),
  ].join("");
};

const exitClass = (reason: string | undefined): string =>
  reason?.startsWith("tp") ? "exit win" : reason === "stop_loss" ? "exit loss" : "exit";

const marksOf = (frame: Frame, trade: ReportTrade, symbol: SymbolData, span: Span): string => {
  const [from] = spanOf(frame, trade, span);
  const long = trade.direction === "long";
  const what = (text: string) => element("title", {}, escapeHtml(`trade ${trade.id}: ${text}`));
  const exits = symbol.fills
    .filter((f) => f.tradeId === trade.id && f.kind === "close")
    .map((f) =>
      element(
        "circle",
        { cx: frame.x(f.atMs), cy: frame.y(f.price), r: 4, class: exitClass(f.exitReason) },
        what(`${f.exitReason ?? "exit"}, ${f.size} at ${showYen(f.price)}, ${jstText(f.atMs)}`),
      ),
    );
  const y = frame.y(trade.entryPrice) + (long ? 3 : -3);
  const entry = element(
    "path",
    {
      d: long ? TRIANGLE_UP : TRIANGLE_DOWN,
      transform: `translate(${coordinate(from)} ${coordinate(y)})`,
      class: "entry",
    },
    what(`${trade.direction} ${trade.size} at ${showYen(trade.entryPrice)}, P&L ${showYen(trade.pnlYen, true)}`),
  );
  const top = frame.y(Math.max(trade.tp2, trade.stop));
  return `${exits.join("")}${entry}${element("text", { x: from + 3, y: top - 5, class: "tag" }, `#${trade.id}`)}`;
};

const untakenOf = (frame: Frame, symbol: SymbolData): string =>
  symbol.untaken
    .map((p) => {
      const at = `translate(${coordinate(frame.x(p.createdMs))} ${coordinate(frame.y(p.entry))})`;
      const title = element(
        "title",
        {},
        escapeHtml(`${p.direction} proposal ${p.id}: ${p.state}, ${jstText(p.createdMs)}`),
      );
      return element("path", { d: "M0 -5L5 0L0 5L-5 0Z", transform: at, class: "untaken" }, title);
    })
    .join("");

const priceOf = (symbol: SymbolData, news: readonly NewsBand[], span: Span, wide: boolean): string => {
  const prices = [
    ...symbol.candles.flatMap((c) => [c.low, c.high]),
    ...symbol.trades.flatMap((t) => [t.stop, t.tp2, t.entryPrice]),
  ];
  const low = prices.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = prices.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const frame = frameOf(wide, wide ? 380 : 280, span, low, high);
  const last = symbol.candles.at(-1);
  return svg(frame, `${symbol.symbol} price with entries, stops, targets and exits`, [
    newsOf(frame, news, span),
    timeAxis(frame, span),
    valueAxis(frame, (v) => showYen(v)),
    ...symbol.trades.map((t) => levelsOf(frame, t, span)),
    candlesOf(frame, symbol.candles),
    ...symbol.trades.map((t) => marksOf(frame, t, symbol, span)),
    untakenOf(frame, symbol),
    element("title", {}, escapeHtml(`${symbol.symbol}, last close ${last ? showYen(last.close) : NONE}`)),
  ]);
};
/** 15-minute prices with news windows, and for each trade its entry, stop, targets and exits. */
export const priceChart = (symbol: SymbolData, news: readonly NewsBand[], span: Span): string =>
  symbol.candles.length === 0
    ? `<p class="empty">No candles of ${escapeHtml(symbol.symbol)} are stored.</p>`
    : priceOf(symbol, news, span, true) + priceOf(symbol, news, span, false);
