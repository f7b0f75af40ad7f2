import { defineConfig } from "vitest/config";

// One project: unit, property, crash and end-to-end tests. Long runs read TEST_LONG=1 (npm run test:long).
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**", "**/node_modules/**", "dist/**"],
    globalSetup: ["test/e2e/setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", "./test/closingLine.ts"],
  },
});
