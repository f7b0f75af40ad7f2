// Spot: messages about coins outside the book: traded or moved by the owner, dust, oversold.
import { coinText, yenText } from "./format.ts";
import { inBoth } from "./locale.ts";

interface ByHand {
  /** "0.01 BTC" */
  readonly size: string;
  readonly yen: number;
}
const en = {
  bought: (p: ByHand) =>
    `YOUR COINS ${p.size} bought at ${yenText(p.yen)} at the exchange, not by this system: yours, never sold here`,
  sold: (p: ByHand) =>
    `YOUR COINS ${p.size} sold at ${yenText(p.yen)} at the exchange, not by this system: taken from your own coins`,
  moved: (p: { size: string; more: boolean; symbol: string }) =>
    `YOUR COINS ${p.size} ${p.more ? "more" : "less"} at the exchange without a trade (deposit or withdrawal): your own ${coinText(p.symbol)}, nothing else changes`,
  dust: (p: { size: string; minimum: string; tradeId: number }) =>
    `LEFT OVER ${p.size} of trade ${p.tradeId}: below the exchange's smallest order (${p.minimum}), so it cannot be sold; it is yours from now on`,
};

export const coins = inBoth(en, {
  bought: (p) =>
    `手持ちのコイン ${p.size} を ${yenText(p.yen)} で購入（本システム以外）。ご自身のコインとして扱い、売却しません`,
  sold: (p) => `手持ちのコイン ${p.size} を ${yenText(p.yen)} で売却（本システム以外）。ご自身のコインから差し引きます`,
  moved: (p) =>
    `手持ちのコイン 取引なしで ${p.size} ${p.more ? "増" : "減"}（入出庫）。ご自身の ${coinText(p.symbol)} として扱います`,
  dust: (p) =>
    `端数 取引 ${p.tradeId} の ${p.size} は最小注文数量（${p.minimum}）に満たず売却できません。以後ご自身のコインとして扱います`,
});
