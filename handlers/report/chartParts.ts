// The parts of every chart: a frame with its scales, the axes, candles and news windows. Colours are CSS classes: the
// HTML report and the pictures for the phone each have their own style.
import type { Candle } from "../../lib/core/candle.ts";
import { element, escapeHtml, linearScale, linePath, niceTicks, type Scale } from "../../lib/core/svg.ts";
import { BAR_MS, DAY_MS, epochMs, HOUR_MS, jstDayStart, jstText, plusMs } from "../../lib/core/time.ts";
import type { NewsBand } from "./reportData.ts";

/** Pixels: a picture, and the margins around what it plots. */
interface Box {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}
export interface Frame extends Box {
  readonly x: Scale;
  readonly y: Scale;
}
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}
/** With more bars than this a candle would be narrower than its own outline: a line is drawn instead. */
const MOST_CANDLES = 400;

/** The scales of a box: time across, `low` to `high` upwards. */
export const scaled = (box: Box, span: Span, low: number, high: number): Frame => ({
  ...box,
  x: linearScale([span.fromMs, span.toMs], [box.left, box.width - box.right]),
  y: linearScale([low, high], [box.height - box.bottom, box.top]),
});

export const frameOf = (wide: boolean, height: number, span: Span, low: number, high: number): Frame => {
  const pad = (high - low || 1) * 0.05;
  const box = { width: wide ? 1040 : 360, height, left: 2, right: wide ? 92 : 82, top: 14, bottom: 26 };
  return scaled(box, span, low - pad, high + pad);
};

export const svg = (frame: Frame, label: string, children: readonly string[]): string =>
  element(
    "svg",
    {
      viewBox: `0 0 ${frame.width} ${frame.height}`,
      class: frame.width > 400 ? "chart wide" : "chart narrow",
      role: "img",
      "aria-label": label,
    },
    children.join(""),
  );

const DAY_NAME = /^\d{4}-(\d\d)-(\d\d) (\d\d:\d\d)/;
/** Lines at JST midnights, and hours between them where they fit: at most about `room` labels. */
export const timeAxis = (frame: Frame, span: Span, room: number = frame.width > 400 ? 14 : 5): string => {
  const days = (span.toMs - span.fromMs) / DAY_MS;
  const hours = [3, 6, 12].find((h) => (days * 24) / h <= room) ?? 24 * Math.max(1, Math.ceil(days / room));
  const base = jstDayStart(epochMs(span.fromMs));
  const parts: string[] = [];
  for (let at = base; at <= span.toMs; at = plusMs(at, hours * HOUR_MS)) {
    if (at < span.fromMs) continue;
    const [, month, day, time] = DAY_NAME.exec(jstText(at)) ?? [];
    const midnight = time === "00:00";
    const named = midnight || parts.length === 0; // the first mark names the day
    const x = frame.x(at);
    parts.push(
      element("line", {
        x1: x,
        x2: x,
        y1: frame.top,
        y2: frame.height - frame.bottom,
        class: midnight ? "day" : "grid",
      }),
    );
    const anchor = x < frame.left + 18 ? "start" : x > frame.width - frame.right - 12 ? "end" : "middle";
    parts.push(
      element(
        "text",
        { x, y: frame.height - 8, class: named ? "tick strong" : "tick", "text-anchor": anchor },
        named ? `${month}-${day}` : (time ?? ""),
      ),
    );
  }
  return parts.join("");
};

export const valueAxis = (frame: Frame, text: (value: number) => string): string =>
  niceTicks(frame.y.domain[0], frame.y.domain[1], 5)
    .map((value) => {
      const y = frame.y(value);
      return (
        element("line", { x1: frame.left, x2: frame.width - frame.right, y1: y, y2: y, class: "grid" }) +
        element("text", { x: frame.width - frame.right + 8, y: y + 4, class: "tick" }, escapeHtml(text(value)))
      );
    })
    .join("");

/** Candles where they fit, otherwise a line through the closes; a gap in the data stays a gap. */
export const candlesOf = (frame: Frame, candles: readonly Candle[]): string => {
  if (frame.width < 400 || candles.length > MOST_CANDLES) {
    const points = candles.flatMap((c, i) => {
      const hole = i > 0 && c.openMs - candles[i - 1]!.openMs > BAR_MS;
      return [...(hole ? [undefined] : []), { x: frame.x(c.openMs + BAR_MS), y: frame.y(c.close) }];
    });
    return element("path", { d: linePath(points), class: "price" });
  }
  const width = Math.max(1, (frame.x(BAR_MS) - frame.x(0)) * 0.62);
  return candles
    .map((c) => {
      const x = frame.x(c.openMs + BAR_MS / 2);
      const up = c.close >= c.open;
      const top = frame.y(Math.max(c.open, c.close));
      return (
        element("line", { x1: x, x2: x, y1: frame.y(c.high), y2: frame.y(c.low), class: up ? "up" : "down" }) +
        element("rect", {
          x: x - width / 2,
          y: top,
          width,
          height: Math.max(0.8, frame.y(Math.min(c.open, c.close)) - top),
          class: up ? "up" : "down",
        })
      );
    })
    .join("");
};

/** The windows around important events, in which no entry is made. */
export const newsOf = (frame: Frame, news: readonly NewsBand[], span: Span): string =>
  news
    .map((band) => {
      const x = frame.x(Math.max(band.fromMs, span.fromMs));
      const end = frame.x(Math.min(band.toMs, span.toMs));
      const title = element("title", {}, escapeHtml(`${jstText(band.atMs)}: ${band.title}, no entries`));
      return element(
        "rect",
        {
          x,
          y: frame.top,
          width: Math.max(1, end - x),
          height: frame.height - frame.top - frame.bottom,
          class: "news",
        },
        title,
      );
    })
    .join("");
