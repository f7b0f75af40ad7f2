// The order of the test files. Vitest begins with the largest file where it knows no times yet; the longest of ours are
// a few lines each, and the last of them would run alone while the other core has nothing left to do.
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Half a minute and more, the longest first. */
const LONGEST = [
  "test/crash/orderPairsTargets.test.ts",
  "test/crash/queue.test.ts",
  "test/crash/orderPairsStop.test.ts",
  "test/e2e/replay.test.ts",
  "test/e2e/worker.test.ts",
];
const rank = ({ moduleId }: TestSpecification): number => {
  const found = LONGEST.findIndex((path) => moduleId.endsWith(path));
  return found < 0 ? LONGEST.length : found;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
