// Where the program's own files are (migrations, shipped models, bundled data), from the sources and from dist alike.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const findRoot = (): string => {
  let dir = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(dir, "package.json");
    if (
      existsSync(manifest) &&
      (JSON.parse(readFileSync(manifest, "utf8")) as { name?: string }).name === "cryptotrader"
    )
      return dir;
    const up = dirname(dir);
    if (up === dir) throw new Error("the program's own package.json was not found above its code; reinstall it");
    dir = up;
  }
};

/** The checkout (or installation) folder. */
export const PROJECT_ROOT: string = findRoot();
export const projectPath = (...parts: readonly string[]): string => join(PROJECT_ROOT, ...parts);
export const projectVersion = (): string =>
  (JSON.parse(readFileSync(projectPath("package.json"), "utf8")) as { version: string }).version;
