// The faults that a worker reports now: none outlives its cause.
import { expect, test } from "vitest";
import { ActiveFaults } from "../../queue/health.ts";

test("truth 16: the fault of a job that another process recovered or ended is over", () => {
  const faults = new ActiveFaults();
  faults.report("recover:7", "job 7", 1_000);
  faults.report("recover:8", "job 8", 2_000);
  faults.report("heartbeat", "late", 3_000);
  expect(faults.health()).toMatchObject({ why: "job 7" });
  faults.keepOnly("recover:", new Set(["recover:8"]));
  expect(faults.health()).toMatchObject({ why: "job 8", sinceMs: 2_000 });
  faults.keepOnly("recover:", new Set());
  expect(faults.health()).toMatchObject({ why: "late" });
  faults.clear("heartbeat");
  expect(faults.health()).toEqual({ ok: true });
});
