// Builds the program once per test run, as `npm run build` does, into a fresh folder beside its dependencies: the
// command-line tests run what a user runs, plain node on compiled files, and never a stale dist/. (The types are checked by
// `npm run types`.)
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { projectPath } from "../../lib/io/paths.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly testBuild: string;
  }
}

export const setup = (project: TestProject): (() => void) => {
  const cache = projectPath("node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const build = mkdtempSync(join(cache, "trader-test-"));
  const tsc = projectPath("node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", projectPath("tsconfig.build.json"), "--outDir", build, "--noCheck"], {
    stdio: "inherit",
  });
  project.provide("testBuild", build);
  return () => rmSync(build, { recursive: true, force: true });
};
