// Lines of a .env file that would be dropped or overridden without a word: a limit its owner set would not be in force. Names the
// line and never its content, which may be a secret.

import { parseEnv } from "node:util";
import { Problems } from "./problems.ts";
import { isHarmless } from "./redact.ts";

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/;
const NAME_FIRST = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*(:|＝|：|\s)/;

/** A name as it may be shown; a line such as `c2VjcmV0a2V5…==` is a secret that looks like an assignment. */
const shownName = (name: string): string =>
  /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/i.test(name) && isHarmless(name) && !/\d[A-Z]+\d|[a-z][A-Z]+[a-z0-9]+[A-Z]/.test(name)
    ? name
    : `a name of ${name.length} characters (not shown: it may be a secret)`;

/** The setting that shares the longest beginning and end with this name: a mistyped name keeps most of both. */
const hint = (name: string, settings: readonly string[]): string => {
  const wanted = [...name.toUpperCase()];
  const same = (a: readonly string[], b: readonly string[]): number => [...a, ""].findIndex((c, i) => c !== b[i]);
  const alike = (known: string): number => same([...known], wanted) + same([...known].reverse(), [...wanted].reverse());
  const [near] = [...settings].sort((a, b) => alike(b) - alike(a));
  return near === undefined || alike(near) * 3 < wanted.length * 2 ? "" : ` (did you mean ${near}?)`;
};

/** What no line of a text file holds; parseEnv drops some of them and joins what a bare CR separates. */
const unreadable = (line: string): string | undefined => {
  if (line.includes("\r")) return "lines that end with LF or CRLF, found a bare CR inside the line";
  if (line.includes("\uFFFD")) return "UTF-8, found other bytes; save the file as UTF-8";
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(line.replaceAll("\t", " "))
    ? "printable text, found a control character"
    : undefined;
};
/** Whether parseEnv reads this line as a setting of this name, with its quotes: it skips fewer kinds of space than \s. */
const isRead = (line: string, name: string, rest: string): boolean =>
  Object.hasOwn(parseEnv(line), name) && !/^\s*[^\S ]\s*["'`]/.test(rest);
/** Without quotes a value ends at any #, a comment starts at one behind a space. */
const isCutShort = (rest: string): boolean => /^[^#]*\S#|^#/.test(rest) && !/^\s*["'`]/.test(rest);

/**
 * Problems in the order of the lines, the first ones of many; empty for a file whose every line is blank, a comment or one
 * NAME=value that is read whole. Of a line that is no assignment only the name of a setting is shown, because any other
 * word may be a secret. `settings`: the names that are allowed. `conflicts`: names that the environment sets as well, to
 * another value; nobody could tell which of the two was meant.
 */
export const envFileProblems = (
  text: string,
  settings: readonly string[],
  conflicts: ReadonlySet<string> = new Set(),
): readonly string[] => {
  const problems = new Problems();
  const seen = new Map<string, number>();
  if (text.startsWith("\uFEFF"))
    problems.push(".env line 1: expected plain UTF-8, found a byte order mark; save it without one");
  const lines = text.replace(/^\uFEFF/, "").split(/\r*\n|\r+$/);
  lines.forEach((line, i) => {
    const at = `.env line ${i + 1}`;
    const broken = unreadable(line);
    if (broken !== undefined) {
      problems.push(`${at}: expected ${broken}`);
      return;
    }
    if (/^\s*(#|$)/.test(line)) return;
    const name = ASSIGNMENT.exec(line)?.[1];
    if (name === undefined) {
      const [, likely, sign] = NAME_FIRST.exec(line) ?? [];
      const found =
        likely === undefined || !settings.includes(likely)
          ? "another line"
          : `${likely} followed by ${sign?.trim() ? `"${sign}"` : "a space"}`;
      problems.push(`${at}: expected NAME=value, a comment or nothing, found ${found}`);
      return;
    }
    const first = seen.get(name);
    if (first !== undefined)
      problems.push(() => `${at}: expected each setting once, found ${shownName(name)} again (line ${first})`);
    else seen.set(name, i + 1);
    if (!settings.includes(name))
      problems.push(
        () => `${at}: expected only names of .env.example, found ${shownName(name)}${hint(name, settings)}`,
      );
    if (conflicts.has(name))
      problems.push(
        `${at}: expected ${shownName(name)} in one place, found another value of it in the environment; remove one of the two (values not shown)`,
      );
    const rest = line.replace(ASSIGNMENT, "");
    const value = rest.trim();
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote !== undefined && !new RegExp(`^${quote}[^${quote}]*${quote}\\s*(#.*)?$`).test(value))
      problems.push(() => `${at}: expected the value of ${shownName(name)} on one line, found a quote without its end`);
    else if (isCutShort(rest))
      problems.push(
        () =>
          `${at}: expected quotes around a value with #, found ${shownName(name)} without; a comment needs a space before its #`,
      );
    else if (settings.includes(name) && !isRead(line, name, rest))
      problems.push(
        `${at}: expected NAME=value with ordinary spaces only, found a tab, a wide space or another one beside ${name}`,
      );
  });
  return problems.lines();
};
