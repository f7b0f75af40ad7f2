// The two languages of the owner's messages, and the one form of a text: English and Japanese side by side, of one type,
// so that a missing key or another parameter in either language does not compile.

export const LOCALES = ["en", "ja"] as const;
export type Locale = (typeof LOCALES)[number];

/** A section of the catalogue: keys to texts, or to functions that make one. */
type Section = Readonly<Record<string, unknown>>;
type Both<T> = { readonly [L in Locale]: T };

/** The English half gives the type; the Japanese half must have exactly its keys and parameters. */
export const inBoth = <T extends Section>(en: T, ja: NoInfer<T>): Both<T> => ({ en, ja });
