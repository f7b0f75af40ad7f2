// What looks like a secret is never shown. The one rule for every exit of the program: terminal, log, alerts, Telegram, database
// texts, reports, systemd. Removed are bot tokens, passwords inside addresses, values of names such as API_KEY or ?token=, private
// keys and long random strings. Order ids, trace ids, paths, times, and hashes that are named as such stay.

/** Shown in place of what was removed. */
export const REDACTED = "[redacted]";
/** Shown by `trader config` in place of a secret setting. */
export const HIDDEN = "(set, not shown)";

/** Secret also as a part of a longer name: GMO_API_SECRET, botToken, X-Api-Key. */
const SECRET_PART =
  "(?:api|access|private|secret|signing|encryption|auth)[-_.]?key|secret|token|passw(?:or)?d|passphrase|passwd|credential|signature|api[-_.]?sign|authorization|cookie|mnemonic";
/** Beside these, any name in capitals that ends with _KEY. */
const isSecretName = (name: string): boolean =>
  /^[A-Z][A-Z0-9_]*_KEY$/.test(name) || !/_key$/i.test(name) || PART.test(name);
const PART = new RegExp(SECRET_PART, "i");
/** Secret only as the last word of a name: `pass` is none in `passed`. */
const SECRET_WORD = "pwd?|pass|sign|sig|auth|jwt|bearer";
/** The beginning of a word, also behind an escape of JSON: in `\\nAPI_KEY=x` the n is none of the name's letters. */
const START = String.raw`(?<=^|[^A-Za-z0-9]|\\[a-z]|\\u[0-9a-f]{4})`;
const NAME = [
  String.raw`[\w.-]{0,60}?(?:${SECRET_PART})[\w.-]{0,20}`,
  String.raw`(?:[\w.]{1,40}[-_.])?(?:${SECRET_WORD})`,
  String.raw`[A-Z]\w{0,60}_KEY`,
  "(?<=[?&;])key",
].join("|");
/** A backslash and the character behind it count as one: the text may be JSON, whose escapes must stay whole. */
const QUOTED = [
  String.raw`(?:(?<="\s*:\s*)"|"(?![,}\]:\s]|$))(?:\\[\s\S]|[^"\\])*"?`,
  String.raw`\\"(?:\\[^"]|[^"\\])*(?:\\")?`,
  String.raw`'[^'\r\n"]*'`,
  '`[^`\\r\\n"]*`',
].join("|");
const WORD = String.raw`(?:\\[\s\S]|[^\s"\\])+`;
const QUERY_WORD = String.raw`(?:\\[\s\S]|[^\s"'<>\\&#])+`;

/** Read from left to right in one go, so that an escape of JSON is never cut in half. */
const PARTS = new RegExp(
  [
    String.raw`(?<escaped>\\u[0-9a-fA-F]{4}|\\[\s\S])`,
    String.raw`(?<block>-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\\[\s\S]|[^"\\])*)`,
    String.raw`(?<scheme>${START}[A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/)(?:\\[\s\S]|[^\s"'<>\\/?#@:]){0,200}(?::(?!\d{1,5}[/?#])(?:\\[\s\S]|[^\s"<>\\]){0,300})?@`,
    String.raw`(?<encoded>%3A%2F%2F)(?:(?!%2F)[\w.~!*%+-]){1,300}?%40`,
    String.raw`(?<login>${START}[\w.%+-]{1,64}:[^\s"'<>\\@/]{3,64})@(?=localhost|[\w-]+\.[\w-])`,
    String.raw`(?<name>${START}(?:${NAME}))(?<sign>(?:\\?["']|\b)?[ \t]*(?:=>|:=|[=:＝：]|%3[DdAa])[ \t]*)(?:(?<quoted>${QUOTED})|(?<word>(?:(?:Bearer|Basic|Token|Bot)[ \t]+)?(?:(?<=[?&;][\w.-]+=)${QUERY_WORD}|${WORD})))`,
    String.raw`(?<bearer>${START}(?:bearer|basic)[ \t]+)(?<held>[\w+/.~=-]{8,})`,
    String.raw`(?<token>\d{3,20}(?::|%3[Aa])[\w-]{20,})`,
    String.raw`(?<jwt>${START}eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?)`,
    String.raw`(?<run>[\w+/-]{22,}={0,2})`,
  ].join("|"),
  "gi",
);

/** The text without anything that looks like a secret. JSON stays valid JSON; a second time changes nothing more. */
export const redact = (text: string): string =>
  text.replace(PARTS, (match: string, ...rest) => {
    const at = rest.at(-3) as number;
    const { escaped, block, scheme, encoded, login, name, sign, quoted, word, bearer, held, token, jwt, run } = rest.at(
      -1,
    ) as Parts;
    if (escaped !== undefined) return match;
    if (block !== undefined || jwt !== undefined) return REDACTED;
    if (scheme !== undefined) return `${scheme}${REDACTED}@`;
    if (encoded !== undefined) return `${encoded}${REDACTED}%40`;
    if (login !== undefined) return `${REDACTED}@`;
    if (name !== undefined && sign !== undefined) {
      const value = quoted ?? word ?? "";
      if (!isSecretName(name) || (word !== undefined && isHarmlessWord(sign, word)))
        return `${name}${sign}${redact(value)}`;
      return `${name}${sign}${word === undefined ? withoutQuoted(value) : `${REDACTED}${/[,;)}\]]*$/.exec(word)?.[0]}`}`;
    }
    if (held !== undefined) return isWord(held) ? match : `${bearer}${REDACTED}`;
    if (token !== undefined) return isBotToken(token, text.slice(Math.max(0, at - 3), at)) ? REDACTED : match;
    return run !== undefined && isSecretRun(run, text.slice(Math.max(0, at - NEAR), at)) ? REDACTED : match;
  });
type Parts = Readonly<Record<string, string | undefined>>;

/** Whether the text would be shown unchanged, and is also no long word of letters and digits: the test for a value in the wrong place. */
export const isHarmless = (text: string): boolean =>
  text.length <= LONGEST_SHOWN &&
  redact(text) === text &&
  !/[=＝`{}]|[\p{Cc}\p{Zl}\p{Zp}]|\S\s+\S+\s+\S/u.test(text) &&
  !(text.match(/[\w+-]{14,}/g) ?? []).some((word) => /\d/.test(word) && /[A-Za-z]/.test(word)) &&
  !/\d{3,}(?::|%3A)[\w-]{6,}/i.test(text) &&
  !/(?:[:：]|%3A)[\s\S]*(?:@|%40)/i.test(text); // A user and a password, however they are written.
const LONGEST_SHOWN = 60;

/** What may be shown of a value that is not what was expected: itself, quoted, or only its length. */
export const foundText = (value: string): string =>
  isHarmless(value) ? JSON.stringify(value) : `one of ${value.length} characters (not shown: it may be a secret)`;

const PLACEHOLDERS = [REDACTED, HIDDEN, "(not set)", "null", "undefined", "true", "false", ""];
const withoutQuoted = (quoted: string): string => {
  const mark = /^\\?["'`]/.exec(quoted)?.[0] ?? "";
  const closed = quoted.length > mark.length && quoted.endsWith(mark);
  const inside = quoted.slice(mark.length, closed ? quoted.length - mark.length : undefined);
  return PLACEHOLDERS.includes(inside) ? quoted : `${mark}${REDACTED}${closed ? mark : ""}`;
};

/** An ordinary word of a sentence, or a short number. */
const isWord = (word: string): boolean => /^[A-Za-z]?[a-z]*[.,;:!?)}\]]*$|^\d{1,5}[.,;:!?)}\]]*$/.test(word);
/** "TOKEN: expected …" is a sentence and `"token":null` is JSON; `TOKEN=…` is neither. */
const isHarmlessWord = (sign: string, word: string): boolean =>
  PLACEHOLDERS.some((p) => p !== "" && word.startsWith(p.split(/[\s\]]/)[0]!)) ||
  /^\\?"/.test(sign) ||
  (/[:：]/.test(sign) && isWord(word)) ||
  !/[\p{L}\p{N}]/u.test(word);

const isBotToken = (token: string, before: string): boolean => {
  const [id = "", rest = ""] = token.split(/:|%3A/i);
  if (/bot$/i.test(before) || (id.length >= 6 && rest.length >= 30)) return true;
  return isRandom(rest.replace(/[_-]/g, ""));
};

/** How far before a hash its name may stand: another hash may stand between ("expected sha256 …, found …"). */
const NEAR = 100;
const HASH_NAMED = /(?:hash|sha-?\d|checksum|digest|manifest|fingerprint|\bhead\b|\bchain\b)[^\r\n]*$/i;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const isSecretRun = (run: string, before: string): boolean => {
  const body = run.replace(/=+$/, "");
  if (UUID.test(body)) return false;
  const pieces = body.split(/[-_/+]/);
  if (pieces.some(isKeyHex)) return !HASH_NAMED.test(before);
  const padded = body !== run && run.length % 4 === 0;
  if (body.length < 32 && !padded) return false;
  if ((padded || pieces.length <= 3) && isRandom(pieces.join(""))) return true;
  return pieces.some((piece) => piece.length >= 12 && isRandom(piece));
};
/** 32 hex digits and more: a key, unless it is called a hash. */
const isKeyHex = (piece: string): boolean =>
  /^(?:[0-9a-f]{32,}|[0-9A-F]{32,})$/.test(piece) && /\d/.test(piece) && /[a-f]/i.test(piece);

/**
 * Whether capitals, small letters and digits alternate as often as in a random string: about 0.64 changes a character in base64,
 * 0.40 in base 36; words, camel case, dates and paths stay below 0.2, camel case without digits below 0.45.
 */
const isRandom = (piece: string): boolean => {
  const kinds = [...piece].map((c) => (/\d/.test(c) ? "9" : /[A-Z]/.test(c) ? "A" : "a"));
  const changes = kinds.filter((kind, i) => i > 0 && kind !== kinds[i - 1]).length / Math.max(1, piece.length - 1);
  const some = new Set(kinds);
  return changes >= (!some.has("9") ? 0.45 : some.size === 3 ? 0.3 : 0.21);
};
