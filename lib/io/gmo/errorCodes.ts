// One table of GMO Coin's error codes (GMO API 11): the verdict for the queue, whether a POST may be sent again, and
// what a GET does. A code that is not listed is an explicit refusal for a GET and UNKNOWN for a POST.
import type { Verdict } from "../../core/errors.ts";

export interface CodeRule {
  readonly verdict: Verdict;
  /** `never`: not unchanged. `later`: not executed, may be sent again after the action. `unknown`: look it up first. */
  readonly resendPost: "never" | "later" | "unknown";
  /** What a GET does inside the connector: nothing, retry soon, after a pause, or with a fresh signature. */
  readonly retryGet: "no" | "soon" | "pause" | "resign";
  readonly meaning: string;
}

const rule = (
  verdict: Verdict,
  resendPost: CodeRule["resendPost"],
  retryGet: CodeRule["retryGet"],
  meaning: string,
): CodeRule => ({ verdict, resendPost, retryGet, meaning });

export const CODE_RULES: Readonly<Record<string, CodeRule>> = {
  "ERR-70": rule("permanent", "never", "no", "the side of the close order does not fit the position"),
  "ERR-151": rule(
    "retry",
    "unknown",
    "soon",
    "unavailable; also a cancel of an id that does not exist: query the order",
  ),
  "ERR-189": rule("permanent", "never", "no", "close size exceeds the position: refresh positions"),
  "ERR-200": rule("permanent", "never", "no", "resting close orders already reserve the quantity: cancel them first"),
  "ERR-201": rule("permanent", "never", "no", "not enough funds or margin: refresh the balance, reduce the size"),
  "ERR-208": rule("permanent", "never", "no", "more than the available balance: check resting orders"),
  "ERR-254": rule("permanent", "never", "no", "the position does not exist: closed already, or opened a moment ago"),
  "ERR-422": rule("permanent", "never", "no", "bulk close: no position for this symbol and side"),
  "ERR-423": rule("permanent", "never", "no", "bulk close: size above what can be closed"),
  "ERR-430": rule("permanent", "never", "no", "bad order or execution id"),
  "ERR-554": rule("retry", "unknown", "soon", "server unavailable"),
  "ERR-626": rule("retry", "unknown", "soon", "server busy"),
  "ERR-635": rule("permanent", "never", "no", "too many active orders: cancel some"),
  "ERR-682": rule("alert", "never", "no", "margin call outstanding: halt trading"),
  "ERR-683": rule("retry", "later", "no", "margin call being processed: wait"),
  "ERR-754": rule("permanent", "never", "no", "transferable amount too small"),
  "ERR-846": rule("permanent", "never", "no", "history window over 30 minutes"),
  "ERR-913": rule("permanent", "never", "no", "collateral sale must be all or leave the minimum"),
  "ERR-5003": rule("retry", "later", "pause", "too many requests: slow down"),
  "ERR-5007": rule("permanent", "never", "no", "API-TIMESTAMP missing or not numeric"),
  "ERR-5008": rule("retry", "later", "resign", "timestamp too late: check the clock"),
  "ERR-5009": rule("retry", "later", "resign", "timestamp too early: check the clock"),
  "ERR-5010": rule("alert", "never", "no", "bad signature"),
  "ERR-5011": rule("alert", "never", "no", "API-KEY missing"),
  "ERR-5012": rule(
    "alert",
    "never",
    "no",
    "key, address or permission refused: check the key's rights and its address list",
  ),
  "ERR-5014": rule("alert", "never", "no", "terms or documents pending on the member page"),
  "ERR-5016": rule("retry", "never", "soon", "history query timed out: narrow the range"),
  "ERR-5106": rule("permanent", "never", "no", "invalid parameter (or a position opened a moment ago)"),
  "ERR-5111": rule("permanent", "never", "no", "timeInForce not allowed for this order type"),
  "ERR-5114": rule("permanent", "never", "no", "too many decimals: keep to the tick and the step"),
  "ERR-5118": rule("permanent", "never", "no", "losscutPrice not allowed here"),
  "ERR-5121": rule("permanent", "never", "no", "price outside the limit: price anew"),
  "ERR-5122": rule("permanent", "never", "no", "the order's state forbids this: query the order"),
  "ERR-5123": rule("permanent", "never", "no", "the order does not exist: query"),
  "ERR-5125": rule("alert", "never", "no", "API trading restricted: halt"),
  "ERR-5126": rule("permanent", "never", "no", "size outside minimum, maximum or the position cap"),
  "ERR-5127": rule("alert", "never", "no", "account or API connection restricted: halt"),
  "ERR-5129": rule("permanent", "never", "no", "the stop would trigger at once"),
  "ERR-5133": rule("permanent", "never", "no", "transfer restricted"),
  "ERR-5135": rule("permanent", "never", "no", "FX account not opened"),
  "ERR-5201": rule("retry", "later", "no", "regular maintenance"),
  "ERR-5202": rule("retry", "later", "no", "emergency maintenance: verify open orders first"),
  "ERR-5203": rule("retry", "later", "no", "pre-open: only cancels are taken"),
  "ERR-5204": rule("permanent", "never", "no", "bad path"),
  "ERR-5206": rule("permanent", "never", "no", "too many changes of this order: cancel and create anew"),
  "ERR-5207": rule("permanent", "never", "no", "bad symbol, interval or date, or no data for that date"),
  "ERR-5208": rule("permanent", "never", "no", "orderId and executionId together"),
};

const UNKNOWN_CODE: CodeRule = rule("permanent", "unknown", "no", "a code this program does not know");
/** Own keys only: a code named "constructor" must be unknown, not a function. */
export const isKnownCode = (code: string): boolean => Object.hasOwn(CODE_RULES, code);
export const ruleOf = (code: string): CodeRule => (isKnownCode(code) ? CODE_RULES[code]! : UNKNOWN_CODE);

/** Pauses of the whole venue: a state of the venue, not an API error (DESIGN 8). */
export const isMaintenance = (code: string): boolean => code === "ERR-5201" || code === "ERR-5202";
/**
 * A close sent right after the opening fill can be refused with these because the order gateway does not see the
 * position yet (GMO API 8.6): the one refusal worth repeating unchanged, after about 200 ms.
 */
export const isPositionNotVisibleYet = (code: string): boolean => code === "ERR-254" || code === "ERR-5106";
/** API-TIMESTAMP was refused: it is uncertain which code means "ahead", so both mean "measure the clock again". */
export const isTimestampRefused = (code: string): boolean => code === "ERR-5008" || code === "ERR-5009";
