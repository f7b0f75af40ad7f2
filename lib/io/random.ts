// The only access to randomness: seeded streams, so that a run can be repeated, and real entropy for boot ids.
import { createHash, randomBytes } from "node:crypto";

export interface Random {
  /** Uniform double in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound). */
  int(bound: number): number;
}

/** Deterministic generator (mulberry32). Not for secrets. */
export const seededRandom = (seed: number | string): Random => {
  let state = createHash("sha256").update(String(seed)).digest().readUInt32LE(0);
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, int: (bound) => Math.floor(next() * bound) };
};

/** Real entropy, hex. For boot ids and the jitter seed of a live worker. */
export const entropyHex = (bytes = 8): string => randomBytes(bytes).toString("hex");
