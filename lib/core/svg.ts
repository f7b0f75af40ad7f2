// Small inline charts for the report: scales, round ticks, paths. Pure text building, no dependency, no script.
// Colours are CSS classes, so that the page defines them for light and dark mode.
import { redact } from "./redact.ts";

// XML allows no encoding for most control characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
/** Safe inside HTML text, attribute values and SVG alike. */
export const escapeHtml = (text: string): string =>
  redact(text)
    .replace(CONTROL, "\uFFFD")
    .replace(/[&<>"']/g, (char) => ESCAPES[char]!);

/**
 * A number for an attribute: at most two decimals. Throws RangeError on NaN and infinities, which would blank a path.
 */
export const coordinate = (value: number): string => {
  if (!Number.isFinite(value)) throw new RangeError(`expected a finite coordinate, found ${value}`);
  return String(Math.round(value * 100) / 100 + 0);
};

export interface Scale {
  (value: number): number;
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
}
/**
 * Linear map of the domain onto the range. A domain without width is widened, so that a flat line lies in the middle.
 */
export const linearScale = (domain: readonly [number, number], range: readonly [number, number]): Scale => {
  const flat = domain[0] === domain[1];
  const margin = Math.max(Math.abs(domain[0]) * 0.001, 1);
  const from = flat ? domain[0] - margin : domain[0];
  const to = flat ? domain[1] + margin : domain[1];
  const scale = (value: number): number => range[0] + ((value - from) / (to - from)) * (range[1] - range[0]);
  return Object.assign(scale, { domain: [from, to] as const, range });
};

/** About `count` round numbers (1, 2, 2.5, 5 × 10^n) inside [from, to]. */
export const niceTicks = (from: number, to: number, count: number): readonly number[] => {
  if (!(to > from) || count < 1) return [from];
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999) ?? 10 * power;
  const ticks: number[] = [];
  for (let i = Math.ceil(from / step); i * step <= to + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
};

interface Point {
  readonly x: number;
  readonly y: number;
}
/** "M…L…" through the points; a gap (undefined) starts a new stroke, so that missing data is not bridged. */
export const linePath = (points: readonly (Point | undefined)[]): string => {
  let pen = "M";
  let path = "";
  for (const point of points) {
    if (!point) {
      pen = "M";
      continue;
    }
    path += `${pen}${coordinate(point.x)} ${coordinate(point.y)}`;
    pen = "L";
  }
  return path;
};
/** Like linePath, but a value holds until the next one: for equity, which changes at moments. */
export const stepPath = (points: readonly Point[]): string =>
  points
    .map((p, i) => (i === 0 ? `M${coordinate(p.x)} ${coordinate(p.y)}` : `H${coordinate(p.x)}V${coordinate(p.y)}`))
    .join("");

/** `<name a="b">children</name>`; attribute values are escaped, children are markup already. */
export const element = (
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  children?: string,
): string => {
  const text = Object.entries(attributes)
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? coordinate(value) : escapeHtml(value)}"`)
    .join("");
  return children === undefined ? `<${name}${text}/>` : `<${name}${text}>${children}</${name}>`;
};
