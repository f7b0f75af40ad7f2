// Paper and live are one system: the mode is looked at where the side is chosen and where a start is refused.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT } from "../../../lib/io/paths.ts";

const ALLOWED = new Set([
  "handlers/runtime/workerConnections.ts",
  "handlers/runtime/worker.ts",
  "handlers/cli/worker.ts",
  "handlers/runtime/replay.ts",
  "handlers/cli/setup/doctor.ts",
]);

test("no branch on the mode outside of the composition root", () => {
  const files = ["handlers", "lib", "queue", "db", "models"].flatMap((folder) =>
    readdirSync(join(PROJECT_ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
  );
  const found = files.filter(
    (file) => file.endsWith(".ts") && /\bMODE\s*[!=]==/.test(readFileSync(join(PROJECT_ROOT, file), "utf8")),
  );
  expect(found.filter((file) => !ALLOWED.has(file))).toEqual([]);
  expect(found).toContain("handlers/runtime/workerConnections.ts");
});
