// An explicit refusal by the venue: a code of GMO API 11 and its wire text.
export interface Refusal {
  readonly code: string;
  readonly text: string;
}
export const refuse = (code: string, text: string): Refusal => ({ code, text });
export const invalid = (...fields: readonly string[]): Refusal =>
  refuse("ERR-5106", `Invalid request parameter. ${fields.join(" ")}`.trim());

export type Checked<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "refused"; readonly refusal: Refusal };
export const ok = <T>(value: T): Checked<T> => ({ kind: "ok", value });
export const refused = (refusal: Refusal): Checked<never> => ({ kind: "refused", refusal });
