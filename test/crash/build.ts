// Bundles one test program to plain JavaScript in a temp folder: a crash run starts hundreds of processes, and a bundle
// on plain node starts in half the time of sources behind a TypeScript loader.
import { copyFileSync, cpSync, mkdtempSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "../../lib/io/paths.ts";

interface Bundler {
  buildSync(options: {
    entryPoints: string[];
    outfile: string;
    bundle: true;
    platform: "node";
    format: "esm";
    external: readonly string[];
    banner: { js: string };
    minifyWhitespace: true;
    minifySyntax: true;
    logLevel: "error";
  }): unknown;
}

/**
 * They find their own files or binaries, or are loaded only when needed. Everything else goes in: to find and load the
 * hundreds of files of zod alone is half of a child's start.
 */
const NOT_BUNDLED = ["better-sqlite3", "tulind", "@resvg/resvg-js", "pino", "telegraf"];
/** Packages that are CommonJS ask for node's own modules with require, which an ES module does not have. */
const REQUIRE =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

/**
 * `entry` is a path inside the project such as "test/crash/queueChild.ts". Returns the folder and the program to run.
 */
export const buildProgram = (entry: string): { readonly dir: string; readonly program: string } => {
  const dir = mkdtempSync(join(tmpdir(), "crash-build-"));
  const program = join(dir, "program.mjs");
  // The bundler that tsx brings and runs on.
  const bundler = createRequire(createRequire(import.meta.url).resolve("tsx/package.json"))("esbuild") as Bundler;
  bundler.buildSync({
    entryPoints: [projectPath(entry)],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    external: NOT_BUNDLED,
    banner: { js: REQUIRE },
    minifyWhitespace: true,
    minifySyntax: true,

    logLevel: "error",
  });
  copyFileSync(projectPath("package.json"), join(dir, "package.json"));
  symlinkSync(projectPath("node_modules"), join(dir, "node_modules"));
  // Copied like the code: a run of many minutes stays what it was when it began.
  cpSync(projectPath("db", "migrations"), join(dir, "db", "migrations"), { recursive: true });
  return { dir, program };
};
