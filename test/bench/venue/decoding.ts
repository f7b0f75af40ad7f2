// What reading one reply or frame costs the connector (JSON.parse, envelope, zod, our own types), beside JSON.parse of
// the same text. Both in turns within the same milliseconds, so that a slow moment of the machine hits both.
import { KINDS, type Kind } from "../../../lib/io/gmo/decodeKinds.ts";
import { readEnvelope } from "../../../lib/io/gmo/reply.ts";
import { readFrame } from "../../../lib/io/gmo/wireEvents.ts";
import { type Measured, measured } from "../queue/statistics.ts";
import type { Captures } from "./captures.ts";

export interface DecodeCost {
  readonly kind: string;
  readonly bytes: number;
  readonly decodeUs: Measured;
  readonly jsonParseUs: Measured;
  /** Decode over JSON.parse, of each round. */
  readonly ratio: Measured;
}
export interface DecodePlan {
  readonly rounds: number;
  /** Of one batch. */
  readonly batchMs: number;
}

export const measureDecoding = (texts: Captures, plan: DecodePlan): readonly (DecodeCost | string)[] =>
  KINDS.map((kind) => {
    const text = texts.get(kind.name);
    return text === undefined ? `${kind.name}: nothing was captured` : costOf(kind, text, plan);
  });

/**
 * As the connector does it: client.ts for replies, the streams' session.ts for frames. Throws for a text it does not
 * read.
 */
const decoderOf = ({ name, connector, exact, source }: Kind): ((text: string) => boolean) => {
  if (name.startsWith("ws/")) return (text) => readFrame(text).kind === "frame";
  if (source === "error") return (text) => readEnvelope(text).kind === "refused";
  const schema = connector ?? exact;
  return (text) => {
    const read = readEnvelope(text);
    return read.kind === "ok" && schema.safeParse(read.data).success;
  };
};

const costOf = (kind: Kind, text: string, { rounds, batchMs }: DecodePlan): DecodeCost => {
  const decode = decoderOf(kind);
  if (!decode(text)) throw new Error(`${kind.name}: the connector does not read ${text.slice(0, 300)}`);
  const parse = (json: string): boolean => JSON.parse(json) !== undefined;
  const decodeCount = calibrated(decode, text, batchMs);
  const parseCount = calibrated(parse, text, batchMs);
  const decodeUs: number[] = [];
  const parseUs: number[] = [];
  for (let i = 0; i < rounds; i += 1) {
    decodeUs.push(batch(decode, text, decodeCount));
    parseUs.push(batch(parse, text, parseCount));
  }
  return {
    kind: kind.name,
    bytes: Buffer.byteLength(text),
    decodeUs: measured(decodeUs),
    jsonParseUs: measured(parseUs),
    ratio: measured(decodeUs.map((us, i) => us / parseUs[i]!)),
  };
};

/** Microseconds of one call. */
const batch = (call: (text: string) => boolean, text: string, count: number): number => {
  const from = performance.now();
  let good = 0;
  for (let i = 0; i < count; i += 1) if (call(text)) good += 1;
  const ms = performance.now() - from;
  if (good !== count) throw new Error(`read ${good} of ${count} equal texts`);
  return (ms * 1_000) / count;
};
/** Warms up for two batches, then says how many calls fill one. */
const calibrated = (call: (text: string) => boolean, text: string, batchMs: number): number => {
  let count = 0;
  const from = performance.now();
  while (performance.now() - from < 2 * batchMs) {
    call(text);
    count += 1;
  }
  return Math.max(1, Math.floor(count / 2));
};
