// Numbers and times for the owner, in the Japanese format in both languages: ¥ with thousands separators, JST.
import { formatE8, toNumber, type YenE8 } from "../money.ts";
import { NONE, show, showYen } from "../statistics.ts";
import { type EpochMs, HOUR_MS, jstText, MINUTE_MS } from "../time.ts";

/** "¥17,512,345", rounded to the yen for display. */
export const yenText = (value: YenE8 | number): string => showYen(typeof value === "number" ? value : toNumber(value));
/** "+¥1,234" for a gain, "-¥1,234" for a loss. */
export const signedYen = (value: YenE8 | number | undefined): string =>
  value === undefined ? NONE : showYen(typeof value === "number" ? value : toNumber(value), true);
/** 0.614 -> "61.4%". "–" for what does not exist. */
export const percentText = (ratio: number | undefined, digits = 1): string =>
  show(ratio === undefined ? undefined : ratio * 100, digits, "%");
/** 0.0121 -> "+1.21%". */
export const signedPercent = (ratio: number | undefined, digits = 2): string => {
  const text = percentText(ratio, digits);
  return ratio !== undefined && ratio > 0 && text !== NONE && !/^0(\.0*)?%$/.test(text) ? `+${text}` : text;
};
/** "BTC/JPY", as the owner's design writes a pair. */
export const pairText = (symbol: string): string => symbol.replace("_", "/");
/** The coin of a pair or a coin itself: "BTC". */
export const coinText = (symbol: string): string => symbol.split("_")[0] ?? symbol;
/** "0.005 BTC". */
export const sizeText = (size: bigint, symbol: string): string => `${formatE8(size)} ${coinText(symbol)}`;
/** "08-12 21:45", for lists. */
export const shortTime = (at: EpochMs): string => jstText(at).slice(5, 16);
/** "21:45" for a time of today (JST), else "08-12 21:45". */
export const sinceText = (at: EpochMs, nowMs: EpochMs): string => {
  const text = shortTime(at);
  return jstText(at).slice(0, 10) === jstText(nowMs).slice(0, 10) ? text.slice(6) : text;
};
/** "1:05" (hours and minutes), "4 s" below a minute. */
export const durationText = (ms: number | undefined): string => {
  if (ms === undefined || !Number.isFinite(ms)) return NONE;
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`;
  const hours = Math.floor(ms / HOUR_MS);
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  const seconds = Math.floor((ms % MINUTE_MS) / 1000);
  return hours > 0
    ? `${hours} h ${String(minutes).padStart(2, "0")} min`
    : `${minutes} min${seconds > 0 ? ` ${seconds} s` : ""}`;
};
/**
 * An external text (a news title, an error), on one line and cut to `most` characters: after a word where one ends in the
 * last third.
 */
export const cut = (text: string, most: number): string => {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  const chars = [...line];
  if (chars.length <= most) return line;
  const kept = chars.slice(0, most - 1);
  const wordEnd = chars[most - 1] === " " ? kept.length : kept.lastIndexOf(" ");
  return `${kept.slice(0, wordEnd * 3 >= most * 2 ? wordEnd : kept.length).join("")}…`;
};
