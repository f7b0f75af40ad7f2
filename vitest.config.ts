import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { LONG } from "./test/long.ts";
import { LongestFirst } from "./test/longestFirst.ts";

const END_TO_END = "test/e2e/**/*.test.ts";

const project = (
  name: string,
  include: string,
  exclude: readonly string[],
  maxWorkers: number,
  groupOrder: number,
): TestProjectConfiguration => ({
  test: {
    name,
    include: [include],
    exclude: ["test/bench/**", "**/node_modules/**", "dist/**", ...exclude],
    // A long run takes what it takes on a slow or busy machine: only a test that hangs may end it.
    testTimeout: LONG ? 1_800_000 : 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    // Files share their worker's modules: nothing of ours keeps state in a module, and loading them anew for each file would
    // cost as much again as the tests themselves.
    isolate: false,
    maxWorkers,
    sequence: { groupOrder, sequencer: LongestFirst },
  },
});

// Unit, property, crash and end-to-end tests. The end-to-end ones start real processes and mostly wait for them, so that
// two cores carry four of them. Long runs read TEST_LONG=1 (npm run test:long).
export default defineConfig({
  test: {
    globalSetup: ["test/e2e/setup.ts"],
    projects: [
      project("end to end", END_TO_END, [], 4, 0),
      project("all others", "test/**/*.test.ts", [END_TO_END], 2, 1),
    ],
    reporters: ["default", "./test/closingLine.ts"],
  },
});
