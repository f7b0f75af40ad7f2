import { defineConfig } from "vitest/config";
import { LONG } from "./test/long.ts";
import { LongestFirst } from "./test/longestFirst.ts";

// One project: unit, property, crash and end-to-end tests. Long runs read TEST_LONG=1 (npm run test:long).
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**", "**/node_modules/**", "dist/**"],
    globalSetup: ["test/e2e/setup.ts"],
    // A long run takes what it takes on a slow or busy machine: only a test that hangs may end it.
    testTimeout: LONG ? 1_800_000 : 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    // Files share their worker's modules: nothing of ours keeps state in a module, and loading them anew for each file would
    // cost as much again as the tests themselves.
    isolate: false,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/closingLine.ts"],
  },
});
