// Which kinds of messages are sent. Alerts, proposals and replies always are. A muted message is dropped when it is
// due, with an audit event; it is not kept for later.
import { type Act, type BotParts, say, type Typed, textsFor } from "./actions.ts";

const MUTABLE = ["trade", "report", "info"] as const;
type Mutable = (typeof MUTABLE)[number];

/** "" shows the setting; "info" mutes or unmutes that kind; "off" unmutes all. */
export const setQuiet =
  (parts: BotParts, typed: Typed, arg: string): Act =>
  (tx) => {
    const { command } = textsFor(parts.config);
    const muted = new Set(tx.telegram.state().muted);
    const words = arg
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((word) => word !== "");
    const wrong = words.find((word) => word !== "off" && !(MUTABLE as readonly string[]).includes(word));
    const nowMs = parts.clock.nowMs();
    if (wrong !== undefined) {
      say(tx, typed, nowMs, command.wrongUse({ usage: `/quiet, /quiet off, /quiet ${MUTABLE.join("|")}` }));
      return { outcome: "quiet: wrong use" };
    }
    for (const word of words) {
      if (word === "off") muted.clear();
      else if (!muted.delete(word)) muted.add(word);
    }
    if (words.length > 0) tx.telegram.setMuted([...muted].sort());
    const names = (kinds: readonly Mutable[]): string =>
      kinds.map((kind) => `${command.kinds[kind]} (${kind})`).join(", ");
    say(
      tx,
      typed,
      nowMs,
      command.quiet({
        muted: names(MUTABLE.filter((kind) => muted.has(kind))),
        loud: names(MUTABLE.filter((kind) => !muted.has(kind))) || "–",
      }),
    );
    return { outcome: `quiet: ${[...muted].join(",") || "nothing"}` };
  };
