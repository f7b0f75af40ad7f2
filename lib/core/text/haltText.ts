// What a kind of halt means and how it ends, in the reader's language. Every text about halts takes its words from here.
import { isHaltKind } from "../haltKinds.ts";
import type { Locale } from "./locale.ts";
import { words } from "./words.ts";

interface HaltWords {
  /** What happened: "daily loss limit reached". */
  readonly what: string;
  /** How it ends: "ends only with /resume". */
  readonly ends: string;
}
/** undefined for a kind that only a newer version knows. */
export const haltWords = (locale: Locale, kind: string): HaltWords | undefined =>
  isHaltKind(kind) ? { what: words[locale].halt[kind], ends: words[locale].haltEnd[kind] } : undefined;
