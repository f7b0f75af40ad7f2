import { expect, it } from "vitest";
import { clockProblem } from "../../../lib/core/venueClock.ts";

const problem = (offsetMs: number, errorMs: number) =>
  clockProblem({ measured: { offsetMs, errorMs }, steady: true, publicMs: undefined })?.kind;

it.each([
  [3_000, 3_500],
  [-3_000, 3_500],
  [4_900, 4_950],
  [-1, 5_000],
])("truth 0: an offset of %i ms, uncertain by %i ms, may be beyond 5 s and stops entries", (offsetMs, errorMs) => {
  expect(problem(offsetMs, errorMs)).toBe("unknown");
});

it("truth 0: an offset that is within 5 s with its whole uncertainty stops nothing", () => {
  expect([problem(2_000, 3_000), problem(-2_500, 2_500), problem(0, 5_000)]).toEqual([undefined, undefined, undefined]);
});
