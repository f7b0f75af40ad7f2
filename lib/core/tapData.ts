// The data a button carries: its action, its subject, and the hash of what was shown; at most 64 bytes (Bot API,
// InlineKeyboardButton). Read back by handlers/telegram/callback.ts.

export const TAPS = {
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
  keepStop: "k",
  restoreStop: "s",
} as const;
export type TapName = keyof typeof TAPS;

export const MOST_TAP_BYTES = 64;

/** Throws RangeError when it would be longer than a button may carry. */
export const tapData = (name: TapName, subject: string, proof = ""): string => {
  const data = `${TAPS[name]}|${subject}|${proof}`;
  if (new TextEncoder().encode(data).length > MOST_TAP_BYTES)
    throw new RangeError(`expected at most ${MOST_TAP_BYTES} bytes, found ${data}`);
  return data;
};
