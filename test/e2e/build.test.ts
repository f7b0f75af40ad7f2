// What npm install builds: `npx trader` runs the built file, so it must be executable, also after a rebuild.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { projectPath } from "../../lib/io/paths.ts";

test("the build makes the command executable", () => {
  const { scripts, bin } = JSON.parse(readFileSync(projectPath("package.json"), "utf8")) as {
    scripts: Record<string, string>;
    bin: Record<string, string>;
  };
  expect(scripts["build"]).toContain(`fs.chmodSync('${bin["trader"]}', 0o755)`);
  expect(readFileSync(projectPath("handlers", "main.ts"), "utf8").startsWith("#!/usr/bin/env node\n")).toBe(true);
});
