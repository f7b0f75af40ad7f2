// Once per test run: a temp folder of its own for everything the tests leave behind, removed when all have passed, and the program
// built as `npm run build` does (with the tests' own child programs), into a fresh folder beside its dependencies: the
// command-line tests run what a user runs, plain node on compiled files, and never a stale dist/. (The types are checked by
// `npm run types`.)
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { projectPath } from "../../lib/io/paths.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly testBuild: string;
  }
}

const MEMORY = "/dev/shm";
/** A run leaves a tenth of this. */
const ENOUGH_BYTES = 4 * 2 ** 30;

/**
 * Memory where the system has a file system of it with room, else the usual folder. A killed process leaves the same files in
 * both: what it had not flushed is lost in a power cut alone, and no test cuts the power (durable.test.ts counts the flushes
 * and their order). On a disk they are a third of the time of a run, and on a slow one nearly all of it.
 */
const tempParent = (): string => {
  if (process.env["TMPDIR"] !== undefined || !existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize < ENOUGH_BYTES ? tmpdir() : MEMORY;
};

export const setup = (project: TestProject): (() => void) => {
  const temp = mkdtempSync(join(tempParent(), "trader-test-"));
  chmodSync(temp, 0o1777); // As the usual one: some tests run a child as another user.
  process.env["TMPDIR"] = temp; // The workers are forked with it.
  const cache = projectPath("node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const build = mkdtempSync(join(cache, "trader-test-"));
  chmodSync(build, 0o755);
  const tsc = projectPath("node_modules", "typescript", "bin", "tsc");
  execFileSync(
    process.execPath,
    [tsc, "-p", projectPath("test", "tsconfig.programs.json"), "--outDir", build, "--noCheck"],
    {
      stdio: "inherit",
    },
  );
  project.provide("testBuild", build);
  return () => {
    rmSync(build, { recursive: true, force: true });
    // A test that failed may have said that what it found is kept there.
    if (process.exitCode) process.stdout.write(`files of the failed tests are kept in ${temp}\n`);
    else rmSync(temp, { recursive: true, force: true });
  };
};
