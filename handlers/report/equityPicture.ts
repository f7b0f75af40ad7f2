// The equity curve as a picture for the phone: the change over a day, a week or a month, with the largest drawdown
// marked.
import { type Drawdown, type EquityPoint, showYen } from "../../lib/core/statistics.ts";
import { coordinate, element, stepPath } from "../../lib/core/svg.ts";
import { jstText } from "../../lib/core/time.ts";
import { type Span, scaled, timeAxis, valueAxis } from "./chartParts.ts";
import { picture, timeLabels } from "./pictures.ts";

/**
 * PNG, 1600 × 900 pixels, of the change since the first point. `title` in Latin letters and digits. undefined without a
 * point. Throws AppError permanent CHART_RENDERER (lib/io/png.ts).
 */
export const renderEquityChart = (
  points: readonly EquityPoint[],
  p: { readonly span: Span; readonly title: string; readonly drawdown: Drawdown | undefined },
): Uint8Array | undefined => {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const changes = points.map((point) => point.yen - first.yen);
  const [low, high] = [Math.min(0, ...changes), Math.max(0, ...changes)];
  const pad = (high - low || 100) * 0.08;
  const box = { width: 800, height: 450, left: 14, right: 112, top: 62, bottom: 30 };
  const frame = scaled(box, p.span, low - pad, high + pad);
  const { width, height, left, right, top, bottom } = frame;
  const line = points.map((point, i) => ({ x: frame.x(point.atMs), y: frame.y(changes[i]!) }));
  const zero = frame.y(0);
  const path = stepPath(line);
  const end = line.at(-1)!;
  const area = `${path}V${coordinate(zero)}H${coordinate(line[0]!.x)}Z`;
  const fall = p.drawdown;
  return picture(frame, [
    element("text", { x: 14, y: 28, class: "title" }, `EQUITY ${showYen(last.yen)}`),
    element("text", { x: 14, y: 50, class: "sub" }, `${showYen(changes.at(-1), true)} · ${p.title}`),
    fall && fall.yen > 0
      ? element(
          "text",
          { x: width - 14, y: 28, class: "sub", "text-anchor": "end" },
          `max DD ${showYen(fall.yen)} · ${jstText(fall.fromMs).slice(5, 16)} - ${jstText(fall.toMs).slice(5, 16)}`,
        )
      : "",
    timeAxis(frame, p.span, timeLabels(frame)),
    valueAxis(frame, (v) => showYen(v, true)),
    fall && fall.yen > 0
      ? element("rect", {
          x: frame.x(Math.max(fall.fromMs, p.span.fromMs)),
          y: top,
          width: Math.max(2, frame.x(fall.toMs) - frame.x(Math.max(fall.fromMs, p.span.fromMs))),
          height: height - top - bottom,
          class: "fall",
        })
      : "",
    element("path", { d: area, class: "area" }),
    element("line", { x1: left, x2: width - right, y1: zero, y2: zero, class: "zero" }),
    element("path", { d: path, class: "equity" }),
    element("circle", { cx: end.x, cy: end.y, r: 4.5, class: "dot" }),
  ]);
};
