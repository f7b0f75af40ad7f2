// Reads the data of a button (lib/core/tapData.ts). A modified client can send anything: data that does not parse or has
// another hash has no effect.
import { z } from "zod";
import { MOST_TAP_BYTES, TAPS, type TapName } from "../../lib/core/tapData.ts";

/**
 * A button of a proposal: `subject` is its id, `proof` its hash. A confirmation: `subject` is its token, `proof` empty.
 * An answer to a moved stop: `subject` is the question's id, `proof` empty.
 */
export interface Tap {
  readonly name: TapName;
  readonly subject: string;
  readonly proof: string;
}

const Data = z.string().regex(/^[a-z]\|[a-z0-9]{1,40}\|[0-9a-f]{0,16}$/);
const NAMES = new Map(Object.entries(TAPS).map(([name, letter]) => [letter as string, name as TapName]));

/** undefined: not one of our buttons. */
export const parseTap = (data: string): Tap | undefined => {
  const parsed = Data.safeParse(data);
  if (!parsed.success || Buffer.byteLength(data) > MOST_TAP_BYTES) return undefined;
  const [letter = "", subject = "", proof = ""] = data.split("|");
  const name = NAMES.get(letter);
  return name && { name, subject, proof };
};
