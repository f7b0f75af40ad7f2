// The log: files that break must not end the process that writes them, and secrets never reach them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AppError } from "../../../lib/core/errors.ts";
import { fileLogger, streamLogger } from "../../../lib/io/logger.ts";
import { projectPath } from "../../../lib/io/paths.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "logger-"));

describe("the log files", () => {
  test("are refused with a clear error where no folder can be", () => {
    const file = join(folder(), "logs");
    writeFileSync(file, "x");
    expect(() => fileLogger("info", file)).toThrow(AppError);
    expect(() => fileLogger("info", file)).toThrow(/expected a folder for the logs/);
  });

  test("that cannot be written any more: the process lives, the lines go to stderr", () => {
    const dir = folder();
    // Where the first file should be there is a folder: the file cannot be opened, as on a full or broken disk.
    const program = `
      import { fileLogger } from ${JSON.stringify(projectPath("lib/io/logger.ts"))};
      import { mkdirSync } from "node:fs";
      const day = new Date().toLocaleDateString("sv");
      for (let i = 0; i < 3; i++) mkdirSync(${JSON.stringify(dir)} + "/trader." + day + "." + i + ".log", { recursive: true });
      const log = fileLogger("info", ${JSON.stringify(dir)});
      const timer = setInterval(() => log.info({ n: 1 }, "still.here"), 20);
      setTimeout(() => { clearInterval(timer); process.exitCode = 7; }, 2_500);
    `;
    const ended = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      cwd: projectPath("."),
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(ended.stderr).toMatch(/the log files in .* broke/);
    expect(ended.stderr).toContain("still.here");
    expect(ended.status).toBe(7);
  });

  test("hold no secret", () => {
    const lines: string[] = [];
    streamLogger("info", { write: (line) => void lines.push(line) }).info(
      {
        apiKey: "s3cret",
        venue: { secret: "s3cret", token: "s3cret" },
        headers: { "API-KEY": "s3cret", "API-SIGN": "s3cret" },
      },
      "x",
    );
    expect(lines.join()).not.toContain("s3cret");
    expect(lines.join()).toContain("[redacted]");
  });
});
