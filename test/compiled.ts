// The compiled program and the tests' own child programs (tsconfig.programs.json), built once per run by e2e/setup.ts:
// a child process on plain node starts in a fraction of the time of one behind a TypeScript loader.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inject } from "vitest";

/** `compiled("handlers/main.ts")`: the file that node runs for it. */
export const compiled = (source: string): string => join(inject("testBuild"), source.replace(/\.ts$/, ".js"));
/** The same as an address to import. */
export const compiledUrl = (source: string): string => pathToFileURL(compiled(source)).href;
