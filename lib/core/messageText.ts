// Text within the limits of a chat: split into parts, or shortened, never inside a surrogate pair.
// Telegram counts UTF-16 units: 4,096 in a message, 1,024 in a caption (Bot API, sendMessage and sendPhoto).

export const MESSAGE_LIMIT = 4_096;
export const CAPTION_LIMIT = 1_024;
/** Reserved in a stored message: a repeated delivery gets a prefix and must not be cut at its end. */
export const MARK_ROOM = 16;

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/** Largest end <= `limit` that splits no surrogate pair. */
const wholeEnd = (text: string, limit: number): number =>
  limit < text.length && isHighSurrogate(text.charCodeAt(limit - 1)) ? limit - 1 : limit;

/**
 * Parts of at most `limit` units (at least 2) in order, cut after a line end where the part has one in its second half,
 * else after a space, else anywhere. The parts together are the text, without the line ends and spaces at the cuts. No
 * part is blank: Telegram refuses those. An empty or blank text has no parts.
 */
export const splitText = (text: string, limit: number = MESSAGE_LIMIT): readonly string[] => {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > limit) {
    const head = rest.slice(0, wholeEnd(rest, limit));
    const line = head.lastIndexOf("\n");
    const space = head.lastIndexOf(" ");
    const cut = line >= limit / 2 ? line : space >= limit / 2 ? space : head.length;
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut).replace(/^[ \n]/, "");
  }
  parts.push(rest);
  return parts.filter((part) => part.trim() !== "");
};

/** The text itself, or its beginning with "…" when it is longer than `limit` units (at least 3). */
export const fitText = (text: string, limit: number): string =>
  text.length <= limit ? text : `${text.slice(0, wholeEnd(text, limit - 1))}…`;
