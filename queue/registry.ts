// The handlers by name. The queue is given this map; it imports no handler.
import type { AnyHandler } from "./types.ts";

export type Registry = ReadonlyMap<string, AnyHandler>;

// A longer timer would overflow and fire at once.
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

const wholeFrom1 = (n: number): boolean => Number.isSafeInteger(n) && n >= 1;

/** Throws RangeError when two handlers share a name, or a handler's numbers are out of range. */
export const registryOf = (handlers: readonly AnyHandler[]): Registry => {
  const registry = new Map<string, AnyHandler>();
  for (const handler of handlers) {
    if (registry.has(handler.name)) throw new RangeError(`two handlers are named ${JSON.stringify(handler.name)}`);
    const { name, maxAttempts, timeoutMs } = handler;
    if (!wholeFrom1(maxAttempts))
      throw new RangeError(`handler ${name}: expected maxAttempts of at least 1, found ${maxAttempts}`);
    if (!(timeoutMs >= 1 && timeoutMs <= LONGEST_TIMEOUT_MS))
      throw new RangeError(`handler ${name}: expected timeoutMs from 1 to ${LONGEST_TIMEOUT_MS}, found ${timeoutMs}`);
    const { rate } = handler;
    if (rate && !(wholeFrom1(rate.limit) && wholeFrom1(rate.perMs)))
      throw new RangeError(
        `handler ${name}: expected a rate of whole numbers of at least 1, found ${rate.limit} per ${rate.perMs} ms`,
      );
    registry.set(handler.name, handler);
  }
  return registry;
};
