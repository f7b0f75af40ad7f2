// Decodes one captured reply or frame like the connector and states the result: the normalised value, or a code with
// its verdict. Nothing is guessed: what does not parse, and what is undocumented, is a failure (docs/venue.md).
import type { z } from "zod";
import type { Verdict } from "../../core/errors.ts";
import { type Kind, kindOf, type Source } from "./decodeKinds.ts";
import { type CodeRule, isKnownCode, ruleOf } from "./errorCodes.ts";
import { canonicalDecimal, compareDecimals, plainValue } from "./exactText.ts";
import { evidenceOf, readEnvelope, redactBody } from "./reply.ts";
import { ExchangeFeeReply } from "./wireAccount.ts";
import { ErrorFrame } from "./wireEvents.ts";
import { KNOWN_CANCEL_TYPES } from "./wireTrading.ts";

export interface DecodedValue {
  readonly ok: true;
  readonly kind: string;
  /** Decimals and ids are strings, times are epoch milliseconds, "none" is null. Several frames give an array. */
  readonly value: unknown;
  /** What the value leaves out: digits the program does not keep, undocumented words. Absent when there is none. */
  readonly warnings?: readonly string[];
}
interface DecodedFailure {
  readonly ok: false;
  /** The venue's code, or VENUE_GARBLED (unreadable), VENUE_REPLY (readable, another shape), VENUE_OVERSIZE. */
  readonly code: string;
  readonly verdict: Verdict;
  readonly kind: string;
  /**
   * What the connector does after this reply to a read, and whether a write may be sent again; for venue codes only.
   */
  readonly retryGet?: CodeRule["retryGet"];
  readonly resendPost?: CodeRule["resendPost"];
  /** Counted from 1, when several frames were given. */
  readonly line?: number;
  /** The body as evidence, redacted and cut. */
  readonly body?: string;
  readonly message: string;
}
export type Decoded = DecodedValue | DecodedFailure;

/** Throws RangeError for a kind that does not exist. */
export const decode = (name: string, text: string): Decoded => {
  const kind = kindOf(name);
  if (!kind) throw new RangeError(`no such kind: ${name}`);
  const body = text.replace(/^\uFEFF/, "");
  const isFrame = kind.source === "publicFrame" || kind.source === "privateFrame";
  return isFrame ? decodeFrames(kind, body) : decodeReply(kind, body);
};

/** A file that cannot be read as text. */
export const unreadable = (name: string, code: "VENUE_GARBLED" | "VENUE_OVERSIZE", found: string): DecodedFailure => {
  const kind = kindOf(name);
  if (!kind) throw new RangeError(`no such kind: ${name}`);
  return failure(kind, code, whenUnreadable(kind.source), `expected ${expected(kind)}, found ${found}`);
};

const decodeReply = (kind: Kind, body: string): Decoded => {
  const read = readEnvelope(body);
  const evidence = evidenceOf(kind.name === "private/ws-auth" ? "/v1/ws-auth" : "", body);
  switch (read.kind) {
    case "garbled": {
      const message = `expected ${expected(kind)}, found ${read.reason}${afterWrite(kind)}`;
      return failure(kind, "VENUE_GARBLED", whenUnreadable(kind.source), message, { body: evidence });
    }
    case "refused":
      return refusal(kind, read.code, read.text);
    case "ok": {
      if (kind.source === "error")
        return failure(kind, "VENUE_REPLY", "alert", "expected an error reply, found a success (status 0)", {
          body: evidence,
        });
      return shaped(kind, read.data, evidence, read.remark === undefined ? [] : [read.remark], "data");
    }
    default:
      return read satisfies never;
  }
};

const decodeFrames = (kind: Kind, body: string): Decoded => {
  if (isJson(body)) return decodeFrame(kind, body);
  const lines = body.split("\n").map((text, i) => ({ text: text.trim(), line: i + 1 }));
  const frames = lines.filter(({ text }) => text !== "");
  if (frames.length <= 1) return decodeFrame(kind, frames[0]?.text ?? "");
  const values: unknown[] = [];
  const warnings: string[] = [];
  for (const { text, line } of frames) {
    const decoded = decodeFrame(kind, text);
    if (!decoded.ok) {
      const { message, ...rest } = decoded;
      return { ...rest, line, message: `line ${line}: ${message}` };
    }
    values.push(decoded.value);
    warnings.push(...(decoded.warnings ?? []).map((warning) => `line ${line}: ${warning}`));
  }
  return success(kind, values, warnings);
};

const decodeFrame = (kind: Kind, text: string): Decoded => {
  if (!isJson(text)) {
    const found = text === "" ? "nothing" : /^\s*</.test(text) ? "an HTML page" : "cut or broken JSON";
    const message = `expected ${expected(kind)}, found ${found}`;
    return failure(kind, "VENUE_GARBLED", whenUnreadable(kind.source), message, { body: redactBody(text) });
  }
  const frame: unknown = JSON.parse(text);
  const keys = frame !== null && typeof frame === "object" ? Object.keys(frame) : [];
  if (keys.includes("error") && !keys.includes("channel")) {
    const error = ErrorFrame.safeParse(frame);
    if (error.success) return refusal(kind, error.data.code, error.data.text);
  }
  // A refused REST reply among the frames: report it as such.
  if (keys.includes("status") && !keys.includes("channel")) {
    const read = readEnvelope(text);
    if (read.kind === "refused") return refusal(kind, read.code, read.text);
  }
  if (kind.name === "ws/error")
    return failure(kind, "VENUE_REPLY", "alert", "expected an error frame, found another one", {
      body: redactBody(text),
    });
  return shaped(kind, frame, redactBody(text), [], "frame");
};

const shaped = (kind: Kind, data: unknown, body: string, remarks: readonly string[], root: string): Decoded => {
  if (isDeeperThan(data, MAX_DEPTH)) {
    const found = `more than ${MAX_DEPTH} levels of nesting at ${root}${afterWrite(kind)}`;
    return failure(kind, "VENUE_REPLY", "alert", `expected ${expected(kind)}, found ${found}`, { body });
  }
  const exact = kind.exact.safeParse(data);
  if (!exact.success)
    return failure(
      kind,
      "VENUE_REPLY",
      "alert",
      `expected ${expected(kind)}, found ${issueAt(exact.error, root)}${afterWrite(kind)}`,
      { body },
    );
  const value = plainValue(exact.data);
  const warnings = [...remarks, ...unknownWords(value), ...crossedBook(value)];
  const connector = kind.connector?.safeParse(data);
  if (connector && !connector.success)
    warnings.push(
      `the connector refuses this ${root === "frame" ? "frame" : "reply"}, verdict alert: ${issueAt(connector.error, root)}`,
    );
  // Fee rows are passed on as they are.
  else if (kind.exact !== ExchangeFeeReply && finerThanKept(data))
    warnings.push("more than 8 decimals somewhere: shown here to the last digit, the program keeps 8");
  return success(kind, value, warnings);
};

/** The venue refused. */
const refusal = (kind: Kind, code: string, text: string): DecodedFailure => {
  const { meaning, retryGet, resendPost } = ruleOf(code);
  const message = redactBody(`${code} ${JSON.stringify(text)}: ${meaning}`);
  const inDoubt =
    resendPost === "unknown" && kind.source === "POST" ? "; it may have been executed: look, never resend" : "";
  return failure(kind, redactBody(code), verdictOn(code, kind.source), `${message}${inDoubt}`, {
    retryGet,
    resendPost,
  });
};

/**
 * The table's verdict, with two exceptions: a write that may have been executed is money in doubt, and an undocumented
 * code is a plain refusal only where nothing could have been executed.
 */
const verdictOn = (code: string, source: Source): Verdict => {
  const { verdict, resendPost } = ruleOf(code);
  if (!isKnownCode(code)) return source === "GET" ? verdict : "alert";
  return source === "POST" && resendPost === "unknown" ? "alert" : verdict;
};

/** Classified like the connector: a read is retried, a write is unknown, and a lost account event needs a repair. */
const whenUnreadable = (source: Source): Verdict => (source === "GET" || source === "publicFrame" ? "retry" : "alert");
const afterWrite = (kind: Kind): string =>
  kind.source === "POST" ? "; it may have been executed: look, never resend" : "";
const expected = ({ name, source }: Kind): string =>
  source === "error"
    ? "an error reply"
    : source === "publicFrame" || source === "privateFrame"
      ? `a ${name} frame`
      : `a reply of ${name}`;

const success = (kind: Kind, value: unknown, warnings: readonly string[]): DecodedValue => ({
  ok: true,
  kind: kind.name,
  value,
  ...(warnings.length === 0 ? {} : { warnings }),
});
const failure = (
  { name: kind }: Kind,
  code: string,
  verdict: Verdict,
  message: string,
  more: Pick<DecodedFailure, "retryGet" | "resendPost" | "line" | "body"> = {},
): DecodedFailure => ({ ok: false, code, verdict, kind, ...more, message });

const issueAt = (error: z.ZodError, root: string): string => {
  const issue = error.issues[0]!;
  return `${redactBody(issue.message)} at ${[root, ...issue.path.map(String)].join(".")}`;
};
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** A cancel reason is for people and may be new; it is shown anyway. */
const unknownWords = (value: unknown): readonly string[] => {
  const rows = Array.isArray(value) ? value : [value];
  const words = rows
    .map((row) => (row !== null && typeof row === "object" ? (row as { cancelType?: unknown }).cancelType : null))
    .filter((word): word is string => typeof word === "string" && !KNOWN_CANCEL_TYPES.has(word));
  return [...new Set(words)].map((word) => `cancelType ${JSON.stringify(redactBody(word))} is not documented`);
};

/** Passed on unchanged, as by the connector: the code that prices by it requests it again (BOOK_EMPTY). */
const crossedBook = (value: unknown): readonly string[] => {
  const { asks, bids } = (value ?? {}) as { readonly asks?: unknown; readonly bids?: unknown };
  const best = (side: unknown): unknown => (Array.isArray(side) ? (side[0] as { price?: unknown })?.price : undefined);
  const [ask, bid] = [best(asks), best(bids)];
  if (typeof ask !== "string" || typeof bid !== "string" || compareDecimals(bid, ask) < 0) return [];
  return [`the best bid ${bid} is not below the best ask ${ask}: no order is priced by such a book`];
};

/** No reply of this API has more than five levels; the recursion below uses the stack. */
const MAX_DEPTH = 100;
const isDeeperThan = (value: unknown, levels: number): boolean =>
  value !== null &&
  typeof value === "object" &&
  (levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1)));

const finerThanKept = (data: unknown): boolean => {
  if (typeof data === "string") return (canonicalDecimal(data)?.split(".")[1]?.length ?? 0) > 8;
  if (data === null || typeof data !== "object") return false;
  return Object.values(data).some(finerThanKept);
};
