// Builds the program once per test run, as `npm run build` does, into a folder beside its dependencies: the command-line
// tests run what a user runs, plain node on compiled files, and never a stale dist/. (The types are checked by `npm run types`.)
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { projectPath } from "../../lib/io/paths.ts";

export const TEST_BUILD = projectPath("node_modules", ".cache", "trader-test-build");

export const setup = (): void => {
  rmSync(TEST_BUILD, { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [
      projectPath("node_modules", "typescript", "bin", "tsc"),
      "-p",
      projectPath("tsconfig.build.json"),
      "--outDir",
      TEST_BUILD,
      "--noCheck",
    ],
    {
      stdio: "inherit",
    },
  );
};
