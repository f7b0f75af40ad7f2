// The callback data of a button: its action, its proposal, and the hash of what was shown; at most 64 bytes (Bot API,
// InlineKeyboardButton). A modified client can send anything: data that does not parse or has another hash has no
// effect.
import { z } from "zod";

const TAPS = {
  approve: "a",
  reject: "r",
  modify: "m",
  half: "h",
  quarter: "q",
  best: "b",
  tighter: "t",
  newNumbers: "n",
  confirm: "c",
  cancel: "x",
} as const;
type TapName = keyof typeof TAPS;

/**
 * A button of a proposal: `subject` is its id, `proof` its hash. A confirmation: `subject` is its token, `proof` empty.
 */
export interface Tap {
  readonly name: TapName;
  readonly subject: string;
  readonly proof: string;
}

const MOST_BYTES = 64;
const Data = z.string().regex(/^[a-z]\|[a-z0-9]{1,40}\|[0-9a-f]{0,16}$/);
const NAMES = new Map(Object.entries(TAPS).map(([name, letter]) => [letter as string, name as TapName]));

/** Throws RangeError when it would be longer than a button may carry. */
export const tapData = (name: TapName, subject: string, proof = ""): string => {
  const data = `${TAPS[name]}|${subject}|${proof}`;
  if (Buffer.byteLength(data) > MOST_BYTES) throw new RangeError(`expected at most ${MOST_BYTES} bytes, found ${data}`);
  return data;
};

/** undefined: not one of our buttons. */
export const parseTap = (data: string): Tap | undefined => {
  const parsed = Data.safeParse(data);
  if (!parsed.success || Buffer.byteLength(data) > MOST_BYTES) return undefined;
  const [letter = "", subject = "", proof = ""] = data.split("|");
  const name = NAMES.get(letter);
  return name && { name, subject, proof };
};
