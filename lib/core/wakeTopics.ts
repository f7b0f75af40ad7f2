// Topics that wake a snoozed job early. They are hints: a lost wake only means waiting until `untilMs`.
import { formatE8, parseYen, type YenE8 } from "./money.ts";

export type WakeTopic = string & { readonly __wake?: never };
/** Something happened to our orders or positions of this symbol. */
export const accountTopic = (symbol: string): WakeTopic => `account:${symbol}`;
/** The market touched a price: last trade at or above / at or below. */
export const priceTopic = (symbol: string, side: "atOrAbove" | "atOrBelow", price: YenE8): WakeTopic =>
  `price:${symbol}:${side}:${formatE8(price)}`;

export type ParsedTopic =
  | { readonly kind: "account"; readonly symbol: string }
  | {
      readonly kind: "price";
      readonly symbol: string;
      readonly side: "atOrAbove" | "atOrBelow";
      readonly price: YenE8;
    };
export const parseTopic = (topic: string): ParsedTopic | undefined => {
  const [kind, symbol, side, price] = topic.split(":");
  if (kind === "account" && symbol) return { kind, symbol };
  if (kind === "price" && symbol && price && (side === "atOrAbove" || side === "atOrBelow"))
    return { kind, symbol, side, price: parseYen(price) };
  return undefined;
};
