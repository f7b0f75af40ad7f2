// The replay's scripted owner: the same answer for the same seed and proposal, whatever happens in between.
import { describe, expect, test } from "vitest";
import { parseApprover, scriptedAnswer } from "../../../handlers/runtime/scriptedOwner.ts";
import { UsageError } from "../../../lib/core/errors.ts";

const ids = Array.from({ length: 400 }, (_, i) => `btc${i}`);
const answers = (approver: string, seed: number) => ids.map((id) => scriptedAnswer(parseApprover(approver), seed, id));

describe("the scripted owner", () => {
  test("all approves, none never answers, each within the fifteen minutes", () => {
    expect(
      answers("all", 42).every((a) => a?.decision === "approved" && a.afterMs >= 10_000 && a.afterMs < 180_000),
    ).toBe(true);
    expect(answers("none", 42).every((a) => a === undefined)).toBe(true);
  });
  test("random:SEED approves, rejects or does not decide, and repeats exactly", () => {
    const first = answers("random:7", 42);
    expect(answers("random:7", 42)).toEqual(first);
    expect(answers("random:8", 42)).not.toEqual(first);
    expect(answers("random:7", 43)).not.toEqual(first);
    const share = (decision: string | undefined) => first.filter((a) => a?.decision === decision).length / ids.length;
    expect(share("approved")).toBeCloseTo(0.5, 0);
    for (const decision of ["approved", "rejected", undefined]) expect(share(decision)).toBeGreaterThan(0.1);
  });
  test.each(["", "ALL", "random", "random:", "random:a b", "maybe"])("%j is no approver", (text) => {
    expect(() => parseApprover(text)).toThrow(UsageError);
  });
});
