// Lines of a .env file that would be dropped or overridden without a word: a limit its owner set would not be in force. Names the
// line and never its content, which may be a secret.

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

/**
 * One problem per line, in order; empty for a file whose every line is blank, a comment or one NAME=value. of a line that is no assignment only the name
 * of a setting is shown, because any other word may be a secret. `settings`: the names that are allowed. `conflicts`: names
 * that the environment sets as well, to another value; nobody could tell which of the two was meant.
 */
export const envFileProblems = (
  text: string,
  settings: readonly string[],
  conflicts: ReadonlySet<string> = new Set(),
): readonly string[] => {
  const problems: string[] = [];
  const seen = new Map<string, number>();
  if (text.startsWith("\uFEFF"))
    problems.push(".env line 1: expected plain UTF-8, found a byte order mark; save it without one");
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  lines.forEach((line, i) => {
    const at = `.env line ${i + 1}`;
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
      problems.push(`${at}: expected each setting once, found ${shownName(name)} again (line ${first})`);
    else seen.set(name, i + 1);
    if (!settings.includes(name))
      problems.push(`${at}: expected only names of .env.example, found ${shownName(name)}${hint(name, settings)}`);
    if (conflicts.has(name))
      problems.push(
        `${at}: expected ${shownName(name)} in one place, found another value of it in the environment; remove one of the two (values not shown)`,
      );
    const value = line.replace(ASSIGNMENT, "").trim();
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote !== undefined && !new RegExp(`^${quote}[^${quote}]*${quote}\\s*(#.*)?$`).test(value))
      problems.push(`${at}: expected the value of ${shownName(name)} on one line, found a quote without its end`);
  });
  return problems;
};
