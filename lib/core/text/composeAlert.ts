// An alert composed into one message, so that each says what it is, what the system did and what can be done; the sentence that ends
// it is stored with it (alerts.resolved_text).
import { type EpochMs, jstText } from "../time.ts";
import type { AlertText } from "./alertTexts.ts";
import { inBoth, type Locale } from "./locale.ts";

export type Severity = "warning" | "critical";

const frame = inBoth(
  {
    severity: { critical: "CRITICAL", warning: "WARNING" },
    since: "Since",
    did: "System",
    todo: "You",
    resolved: "RESOLVED",
  },
  {
    severity: { critical: "【重大】", warning: "【注意】" },
    since: "発生",
    did: "システム",
    todo: "できること",
    resolved: "【解消】",
  },
);

/** What `tx.alerts.raise` takes: the message and the words that end it. */
export interface ComposedAlert {
  readonly key: string;
  readonly severity: Severity;
  readonly text: string;
  readonly resolved: string;
  readonly atMs: EpochMs;
}

/**
 * The message of an alert: what, numbers, since when, what the system did, what can be done. The line of its end is made with
 * it, because whoever resolves it knows its key only; the times are added then.
 */
export const composeAlert = (
  locale: Locale,
  p: {
    readonly key: string;
    readonly severity: Severity;
    readonly atMs: EpochMs;
    /** Default: now. */
    readonly sinceMs?: EpochMs;
  },
  text: AlertText,
): ComposedAlert => {
  const f = frame[locale];
  return {
    key: p.key,
    severity: p.severity,
    atMs: p.atMs,
    text: [
      `${f.severity[p.severity]} ${text.what}`,
      ...(text.detail ? [text.detail] : []),
      `${f.since}: ${jstText(p.sinceMs ?? p.atMs)}`,
      `${f.did}: ${text.did}`,
      `${f.todo}: ${text.todo}`,
    ].join("\n"),
    resolved: `${f.resolved} ${text.what}`,
  };
};
