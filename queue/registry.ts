// The handlers by name. The queue is handed this map; it imports no handler.
import type { AnyHandler } from "./types.ts";

export type Registry = ReadonlyMap<string, AnyHandler>;

/** Throws RangeError when two handlers share a name. */
export const registryOf = (handlers: readonly AnyHandler[]): Registry => {
  const registry = new Map<string, AnyHandler>();
  for (const handler of handlers) {
    if (registry.has(handler.name)) throw new RangeError(`two handlers are named ${JSON.stringify(handler.name)}`);
    registry.set(handler.name, handler);
  }
  return registry;
};
