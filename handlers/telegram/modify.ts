// Turns a button or a reply such as "size 0.002" into the changed numbers of a proposal. Pure: modifyProposal decides
// whether they are allowed, and the new proposal is shown again before it counts.
import type { Proposal } from "../../db/tables/proposals.ts";
import { passivePrice } from "../../lib/core/entry.ts";
import { AppError } from "../../lib/core/errors.ts";
import { type CoinE8, ceilToStep, floorToStep, formatE8, parseE8, type YenE8, yenE8 } from "../../lib/core/money.ts";
import type { Catalogue } from "../../lib/core/text/catalogue.ts";

interface Rules {
  readonly tick: YenE8;
  readonly sizeStep: CoinE8;
  readonly minSize: CoinE8;
}
/** The best prices of the order book. */
export interface BestPrices {
  readonly bid: YenE8;
  readonly ask: YenE8;
}
export interface Change {
  readonly size?: CoinE8;
  readonly entry?: YenE8;
  readonly stop?: YenE8;
}
export type ChangeTap = "half" | "quarter" | "best" | "tighter";
export const isChangeTap = (name: string): name is ChangeTap => ["half", "quarter", "best", "tighter"].includes(name);

const refuse = (why: string): never => {
  throw new AppError("permanent", "MODIFY_REFUSED", why);
};

/** The change a button makes to this proposal. Only `best` needs `quote`. Throws AppError permanent MODIFY_REFUSED. */
export const changeOf = (
  tap: ChangeTap,
  p: Proposal,
  rules: Rules,
  quote: BestPrices | undefined,
  texts: Catalogue["modify"],
): Change => {
  switch (tap) {
    case "half":
    case "quarter": {
      const size = floorToStep((p.size / (tap === "half" ? 2n : 4n)) as CoinE8, rules.sizeStep);
      return size < rules.minSize ? refuse(texts.tooSmall({ min: formatE8(rules.minSize) })) : { size };
    }
    case "best": {
      const band = { low: p.bandLow, high: p.bandHigh };
      const entry = quote === undefined ? undefined : passivePrice(p.direction, quote, band, rules.tick);
      return entry === undefined || entry === p.entry ? refuse(texts.noRoom) : { entry };
    }
    case "tighter": {
      const middle = yenE8((p.stop + p.entry) / 2n);
      // Rounded towards the entry, so that the risk never exceeds one half.
      const stop = p.direction === "long" ? ceilToStep(middle, rules.tick) : floorToStep(middle, rules.tick);
      const inside = p.direction === "long" ? stop < p.entry : stop > p.entry;
      return inside && stop !== p.stop ? { stop } : refuse(texts.noRoom);
    }
    default:
      return tap satisfies never;
  }
};

const NAMES: ReadonlyMap<string, keyof Change> = new Map([
  ["size", "size"],
  ["entry", "entry"],
  ["stop", "stop"],
  ["数量", "size"],
  ["指値", "entry"],
  ["損切り", "stop"],
]);
/** A comma is accepted only between thousands: "1,5" may mean one and a half and is rejected. */
const NUMBER = /^(\d{1,12}|[1-9]\d{0,2}(,\d{3}){1,3})(\.\d{1,8})?$/;

/**
 * "size 0.002 stop 14,900,000" as numbers; full-width digits, "¥", "=" and ":" are accepted. undefined: anything else,
 * also an unknown part, a repeated name, or an empty text.
 */
export const parseChange = (text: string): Change | undefined => {
  const words = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[¥円]/g, "")
    .replace(/[=:、]|,(?=\s|$)/g, " ")
    .replace(/(\p{L})(?=\d)/gu, "$1 ")
    .trim()
    .split(/\s+/);
  const change: { size?: CoinE8; entry?: YenE8; stop?: YenE8 } = {};
  if (words.length < 2 || words.length % 2 !== 0) return undefined;
  for (let i = 0; i < words.length; i += 2) {
    const name = NAMES.get(words[i] ?? "");
    const number = words[i + 1] ?? "";
    if (name === undefined || change[name] !== undefined || !NUMBER.test(number)) return undefined;
    const value = parseE8(number.replaceAll(",", ""));
    if (name === "size") change.size = value as CoinE8;
    else change[name] = value as YenE8;
  }
  return change;
};
