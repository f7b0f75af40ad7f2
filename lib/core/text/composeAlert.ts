// An alert composed into one message, with what happened, what the system did and what can be done; its end message
// is stored with it (alerts.resolved_text).
import { type EpochMs, jstText } from "../time.ts";
import type { AlertText } from "./alertTexts.ts";
import { inBoth, type Locale } from "./locale.ts";

type Severity = "warning" | "critical";

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

/** The argument of `tx.alerts.raise`: the message and its end message. */
export interface ComposedAlert {
  readonly key: string;
  readonly severity: Severity;
  readonly text: string;
  readonly resolved: string;
  readonly atMs: EpochMs;
}

/**
 * The message of an alert: what, numbers, since when, what the system did, what can be done. Its end message is made
 * with it, because the code that resolves it knows only its key; the times are added then.
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
