// Lines of a .env file that would be dropped or overridden without a word: a limit its owner set would not be in force. Names the
// line and never its content, which may be a secret.

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/;
const NAME_FIRST = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*(:|＝|：|\s)/;

/**
 * One problem per line, in order; empty for a file whose every line is blank, a comment or one NAME=value. `isSetting`: of a line that
 * is no assignment only the name of a setting is shown, because any other word may be a secret.
 */
export const envFileProblems = (text: string, isSetting: (name: string) => boolean): readonly string[] => {
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
        likely === undefined || !isSetting(likely)
          ? "another line"
          : `${likely} followed by ${sign?.trim() ? `"${sign}"` : "a space"}`;
      problems.push(`${at}: expected NAME=value, a comment or nothing, found ${found}`);
      return;
    }
    const first = seen.get(name);
    if (first !== undefined) problems.push(`${at}: expected each setting once, found ${name} again (line ${first})`);
    else seen.set(name, i + 1);
    const value = line.replace(ASSIGNMENT, "").trim();
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote !== undefined && !new RegExp(`^${quote}[^${quote}]*${quote}\\s*(#.*)?$`).test(value))
      problems.push(`${at}: expected the value of ${name} on one line, found a quote without its end`);
  });
  return problems;
};
