// Once per test run: a temp folder of its own for everything the tests leave behind, removed when all have passed, and
// the program built as `npm run build` does (with the tests' own child programs), into a fresh folder beside its
// dependencies: the command-line tests run what a user runs, plain node on compiled files, and never a stale dist/.
// (The types are checked by `npm run types`.)
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { HOUR_MS } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
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
 * Memory where the system has a file system of it with room, else the usual folder. A killed process leaves the same
 * files in both: what it had not flushed is lost in a power cut alone, and no test cuts the power (durable.test.ts
 * counts the flushes and their order). On a disk they are a third of the time of a run, and on a slow one nearly all of
 * it.
 */
const tempParent = (): string => {
  if (process.env["TMPDIR"] !== undefined || !existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize < ENOUGH_BYTES ? tmpdir() : MEMORY;
};

/**
 * What interrupted and failed runs of an hour ago and more have left: in memory it would stay until the machine
 * restarts.
 */
const removeForgotten = (parent: string): void => {
  for (const name of readdirSync(parent)) {
    const runner = /^trader-test-(\d+)-/.exec(name)?.[1];
    const path = join(parent, name);
    if (runner === undefined || existsSync(join("/proc", runner))) continue;
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.uid === process.getuid?.() && realClock.nowMs() - (found?.mtimeMs ?? 0) > HOUR_MS)
      rmSync(path, { recursive: true, force: true });
  }
};

export const setup = (project: TestProject): (() => void) => {
  const parent = tempParent();
  if (parent === MEMORY) removeForgotten(parent);
  const temp = mkdtempSync(join(parent, `trader-test-${process.pid}-`));
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
