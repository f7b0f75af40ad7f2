// Faults for tests: how an answer or a request can get lost, and when.
import type { Fault, Faults } from "../../lib/sim/simulator.ts";
import { LONG } from "../long.ts";

/** `fault` for the `nth` request to `path` (1 = the first), in this phase. */
export const once = (path: string, phase: "before" | "after", fault: Fault, nth = 1): Faults => {
  let seen = 0;
  return (request, at) => {
    if (request.path !== path || at !== "before")
      return at === phase && request.path === path && seen === nth ? fault : undefined;
    seen += 1;
    return phase === "before" && seen === nth ? fault : undefined;
  };
};
export const LOST: readonly Fault[] = [
  { kind: "dropReply" },
  { kind: "error", code: "ERR-9999" },
  { kind: "reset" },
  { kind: "httpError" },
  { kind: "html" },
  { kind: "truncate" },
  { kind: "error", code: "ERR-554" },
  { kind: "error", code: "ERR-626" },
];
/**
 * All of them have the same result for us, "unknown"; every kind is tried on the entry, and in the long run everywhere.
 */
export const SOME_LOST = LONG ? LOST : LOST.slice(0, 2);
