// The measured value and the limit of a gate in human units: %, bps, ¥, words. The stored values are raw
// (lib/core/gates.ts, risk.ts).
import type { Gate } from "../gates.ts";
import { isHaltKind } from "../haltKinds.ts";
import type { LossPeriod } from "../risk.ts";
import { textsOf } from "./catalogue.ts";
import { cut, percentText, yenText } from "./format.ts";
import type { Locale } from "./locale.ts";

/** A news title fits two lines of a phone. */
const MOST_CHARS = 80;

/** Empty where there is no value. Values of a kind this version does not know are shown unchanged. */
export const gateText = (
  locale: Locale,
  { gate, value, limit }: Gate,
): { readonly value: string; readonly limit: string } => {
  const { words } = textsOf(locale);
  const both = (show: (one: string | number) => string) => ({
    value: value === null ? "" : show(value),
    limit: limit === null ? "" : show(limit),
  });
  const numbers = (show: (n: number) => string) => both((one) => (typeof one === "number" ? show(one) : one));
  const names = (nameOf: (word: string) => string) =>
    both((one) =>
      String(one)
        .split(", ")
        .map(nameOf)
        .join(locale === "ja" ? "、" : ", "),
    );
  switch (gate) {
    case "probability":
      return numbers((n) => percentText(n));
    case "rank":
      return numbers((n) => n.toFixed(1));
    case "quoteAge":
      return numbers((n) => `${n.toFixed(1)} s`);
    case "spread":
      return numbers((n) => `${n.toFixed(1)} bps`);
    case "volume":
      return numbers((n) => `${n.toFixed(2)} ×`);
    case "rollover":
    case "maintenance":
      return {
        ...numbers((n) => `${n.toFixed(1)} h`),
        ...(limit === "charge" ? { limit: words.gateLimit.charge } : {}),
      };
    case "openTrade":
    case "pendingProposal":
      return { value: value === 0 ? "" : String(value ?? ""), limit: "" };
    case "side":
      return names((word) => (word === "long" || word === "short" ? words.direction[word] : word));
    case "halt":
      return names((word) => (isHaltKind(word) ? words.halt[word] : word));
    case "lossLimits":
      return names(lossText(words.period));
    case "news":
      return {
        ...both((one) => cut(String(one), MOST_CHARS)),
        ...(limit === "off" ? { limit: words.gateLimit.off } : {}),
      };
    case "dailyTrades":
    case "size":
      return both((one) => cut(String(one), MOST_CHARS));
    default:
      return gate satisfies never;
  }
};

/** "day 1200/30000 JPY" as it is stored. */
const lossText =
  (periods: Readonly<Record<LossPeriod, string>>) =>
  (stored: string): string => {
    const [, period, loss, limit] = /^(day|week|month) (-?\d+)\/(\d+) JPY$/.exec(stored) ?? [];
    return period === undefined
      ? stored
      : `${periods[period as LossPeriod]} ${yenText(Number(loss))} / ${yenText(Number(limit))}`;
  };
