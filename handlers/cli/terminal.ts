// Output for a terminal: text cut to its width, tables, times and durations in words, a screen redrawn in place.
// Text from the database (keys, errors of the venue) never reaches the terminal with control characters in it.
import { setTimeout as delay } from "node:timers/promises";
import { type EpochMs, isoUtc, jstText } from "../../lib/core/time.ts";

/** A terminal that can redraw in place; main.ts hands one in when stdout is one. */
export interface Terminal {
  columns(): number;
  rows(): number;
  /** False with NO_COLOR. */
  readonly colour: boolean;
  write(text: string): void;
  /** Returns the function that ends the listening. */
  onResize(listener: () => void): () => void;
}

/** Control and invisible formatting characters become spaces, line breaks too. */
export const clean = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;
const NO_WIDTH = /\p{M}/u;
const charWidth = (char: string): number => (NO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1);
/** Columns the text takes on a terminal. */
export const textWidth = (text: string): number => {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
};

/** The text, cut to `width` columns with an ellipsis. */
export const cutTo = (text: string, width: number): string => {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const char of text) {
    used += charWidth(char);
    if (used > width) break;
    kept += char;
  }
  return width < 1 ? "" : `${kept}…`;
};
/** The same, cut in the middle: the end of a key identifies it. */
export const cutMiddle = (text: string, width: number): string => {
  if (textWidth(text) <= width) return text;
  const room = Math.max(0, Math.floor(width / 2) - 1);
  let end = "";
  for (const char of [...text].reverse()) {
    if (textWidth(char + end) > room) break;
    end = char + end;
  }
  return cutTo(text, width - textWidth(end)) + end;
};
/** The text in lines of at most `width` columns (undefined: in one), broken at spaces where there are some. */
export const wrapTo = (text: string, width: number | undefined, indent = ""): readonly string[] => {
  if (width === undefined || textWidth(text) <= width) return [text];
  const room = Math.max(width, indent.length + 10);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<= )/)) {
    if (textWidth((line + word).trimEnd()) > room && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += word;
    for (; textWidth(line.trimEnd()) > room; line = indent + line.slice(lines.at(-1)!.length))
      lines.push(cutTo(line, room + 1).slice(0, -1));
  }
  return line.trim() === "" ? lines : [...lines, line.trimEnd()];
};
const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - textWidth(text)));

/**
 * Rows as aligned columns, the first row being the header. With `width`, the columns named in `shrink`, then those in
 * `middle`, give way in that order (none below its header or 8 columns) until a row fits; what still does not fit is
 * cut. Columns of `middle` keep the ends of their texts.
 */
export const table = (
  rows: readonly (readonly string[])[],
  options: {
    readonly width?: number | undefined;
    readonly shrink?: readonly number[];
    readonly middle?: readonly number[];
  } = {},
): readonly string[] => {
  const cells = rows.map((row) => row.map(clean));
  const widths = (cells[0] ?? []).map((_, i) => Math.max(...cells.map((row) => textWidth(row[i] ?? ""))));
  const { width, shrink = [], middle = [] } = options;
  if (width !== undefined)
    for (const column of [...shrink, ...middle]) {
      const over = widths.reduce((sum, each) => sum + each + 2, -2) - width;
      const least = Math.max(8, textWidth(cells[0]?.[column] ?? ""));
      if (over > 0) widths[column] = Math.max(Math.min(least, widths[column] ?? 0), (widths[column] ?? 0) - over);
    }
  const cut = (cell: string, i: number): string => (middle.includes(i) ? cutMiddle : cutTo)(cell, widths[i] ?? 0);
  return cells.map((row) => {
    const line = row
      .map((cell, i) => pad(cut(cell, i), widths[i] ?? 0))
      .join("  ")
      .trimEnd();
    return width === undefined ? line : cutTo(line, width);
  });
};

const NOTE_INDENT = "      ";
const NOTE_LINES = 3;
/** A text below its row: at most three lines. */
export const noteLines = (text: string, width: number): readonly string[] => {
  if (text === "") return [];
  const lines = wrapTo(`${NOTE_INDENT}${clean(text)}`, width, NOTE_INDENT);
  if (lines.length <= NOTE_LINES) return lines;
  const last = [lines[NOTE_LINES - 1]!, ...lines.slice(NOTE_LINES).map((line) => line.trim())].join(" ");
  return [...lines.slice(0, NOTE_LINES - 1), cutTo(last, width)];
};

/** "2025-08-12 21:30:05 JST". */
export const jstSeconds = (at: EpochMs): string => `${jstText(at).slice(0, 16)}:${isoUtc(at).slice(17, 19)} JST`;
/** "2025-08-12 21:30:05 JST (12:30:05 UTC)". */
export const bothTimes = (at: EpochMs): string => `${jstSeconds(at)} (${isoUtc(at).slice(11, 19)} UTC)`;
/** For lists: "21:30:05" for a time of today, "08-11 21:30:05" for one of this year, else with the year. JST. */
export const shortJst = (at: EpochMs, nowMs: EpochMs): string => {
  const text = jstSeconds(at).slice(0, 19);
  const now = jstSeconds(nowMs);
  return text.slice(0, 10) === now.slice(0, 10)
    ? text.slice(11)
    : text.slice(0, 4) === now.slice(0, 4)
      ? text.slice(5)
      : text;
};
/** "21:30:05": the JST time of day. */
export const jstTimeOfDay = (at: EpochMs): string => jstSeconds(at).slice(11, 19);

/**
 * "0 s", "85 ms", "1.2 s", "12 s", "5 min 3 s", "2 h 5 min", "3 d 4 h"; below zero counts as zero (two clocks may
 * differ).
 */
export const durationText = (ms: number): string => {
  if (ms <= 0) return "0 s";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const two = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return two(minutes, "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return two(hours, "h", minutes % 60, "min");
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
};

export type Style = "plain" | "bold" | "dim" | "warn" | "bad";
export interface Line {
  readonly text: string;
  readonly style?: Style;
}
const CODES: Readonly<Record<Style, string>> = { plain: "", bold: "1", dim: "2", warn: "33", bad: "31" };
const painted = ({ text, style = "plain" }: Line, colour: boolean): string =>
  colour && style !== "plain" ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;

interface Screen {
  /** Replaces the screen's content in one write, without flicker. */
  draw(lines: readonly Line[]): void;
  /** Restores the terminal. Idempotent. */
  close(): void;
}
/** Switches to the alternate screen and hides the cursor until `close`. */
export const openScreen = (terminal: Terminal): Screen => {
  let open = true;
  terminal.write("\x1b[?1049h\x1b[?25l\x1b[2J");
  return {
    draw(lines) {
      if (!open) return;
      const rows = Math.max(1, terminal.rows());
      // The last column stays free: behind a full line some terminals would clear its last character.
      const columns = terminal.columns() - 1;
      const left = lines.length - rows + 1;
      const shown = lines.length <= rows ? lines : [...lines.slice(0, rows - 1), { text: `… ${left} more lines` }];
      const text = shown.map(
        (line) => `${painted({ ...line, text: cutTo(line.text, columns) }, terminal.colour)}\x1b[K`,
      );
      // No line break after the last line: it would scroll a full page.
      terminal.write(`\x1b[H${text.join("\r\n")}\x1b[J`);
    },
    close() {
      if (!open) return;
      open = false;
      terminal.write("\x1b[0m\x1b[?25h\x1b[?1049l");
    },
  };
};

export interface Interruption {
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP (a closed terminal or ssh session). */
  readonly signal: AbortSignal;
  /**
   * Restores the default: signals end the process; "leave": they end it with its own exit code, for a command that is
   * done.
   */
  release(next?: "leave"): void;
}
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/**
 * A second SIGTERM must not turn a clean end into 143. Node restores the default signal handlers while it shuts down;
 * an explicit exit, once nothing is left to do, ends before that.
 */
const leave = (): never => process.exit();
export const untilInterrupted = (): Interruption => {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const name of ENDING) process.on(name, stop);
  return {
    signal: controller.signal,
    release(next) {
      for (const name of ENDING) {
        if (next === "leave" && !process.listeners(name).includes(leave)) process.on(name, leave);
        process.off(name, stop);
      }
      if (next === "leave" && !process.listeners("beforeExit").includes(leave)) process.on("beforeExit", leave);
    },
  };
};

/** Waits; a signal ends the wait early and is no error. */
export const sleepOrAbort = async (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch((e: unknown) => {
    if (!signal.aborted) throw e;
  });
