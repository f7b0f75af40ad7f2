// What this machine has to look under the database with: strace, or a C compiler for the preloaded files.c; and a small
// disk.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "../../lib/io/paths.ts";

const works = (program: string, args: readonly string[]): boolean => spawnSync(program, args).status === 0;

/** Installed, and allowed to trace. */
export const hasStrace = (): boolean => works("strace", ["-o", "/dev/null", "true"]);

/**
 * Builds files.c into `dir`. Returns the library, or undefined where there is no compiler or preloading is not known.
 */
export const buildFilesLibrary = (dir: string): string | undefined => {
  if (process.platform !== "linux") return undefined;
  const library = join(dir, "files.so");
  const args = ["-shared", "-fPIC", "-O1", "-o", library, projectPath("test/crash/files.c"), "-ldl"];
  return works("cc", args) && works("env", [`LD_PRELOAD=${library}`, "true"]) ? library : undefined;
};

/** A disk of a few megabytes, in memory. undefined where mounting is not allowed. */
export const mountSmallDisk = (megabytes: number): string | undefined => {
  if (process.platform !== "linux") return undefined;
  const dir = mkdtempSync(join(tmpdir(), "small-disk-"));
  if (works("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", dir])) return dir;
  rmSync(dir, { recursive: true });
  return undefined;
};
export const unmount = (dir: string): void => {
  if (!works("umount", [dir])) throw new Error(`cannot unmount ${dir}`);
};
