// The log: files that break must not end the process that writes them, and secrets never reach them.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../../lib/core/errors.ts";
import { fileLogger, streamLogger } from "../../../lib/io/logger.ts";
import { SqliteError } from "../../../lib/io/sqlite.ts";
import { compiledUrl } from "../../compiled.ts";
import { mountSmallDisk, unmount } from "../../crash/underTest.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "logger-"));

let disk: string | undefined;
afterEach(() => {
  if (disk === undefined) return;
  unmount(disk);
  rmSync(disk, { recursive: true });
  disk = undefined;
});

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
      import { fileLogger } from ${JSON.stringify(compiledUrl("lib/io/logger.ts"))};
      import { mkdirSync } from "node:fs";
      const day = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10);
      mkdirSync(${JSON.stringify(dir)} + "/trader." + day + ".log", { recursive: true });
      const log = fileLogger("info", ${JSON.stringify(dir)});
      const timer = setInterval(() => log.info({ n: 1 }, "still.here"), 20);
      setTimeout(() => { clearInterval(timer); process.exitCode = 7; }, 2_500);
    `;
    const ended = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(ended.stderr).toMatch(/the log files in .* broke/);
    expect(ended.stderr).toContain("still.here");
    expect(ended.status).toBe(7);
  });

  test("break when their disk is full and go on when it has room again: no restart is needed", async (context) => {
    disk = mountSmallDisk(1);
    if (disk === undefined) return context.skip("mounting a small disk is not allowed here");
    const program = `
      import { fileLogger } from ${JSON.stringify(compiledUrl("lib/io/logger.ts"))};
      const log = fileLogger("info", ${JSON.stringify(join(disk, "logs"))}, { retryMs: 20 });
      let n = 0;
      const timer = setInterval(() => log.info({ n: n++, text: "x".repeat(500) }, "line"), 2);
      process.on("SIGTERM", () => { clearInterval(timer); setTimeout(() => process.exit(0), 200); });
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {});
    let stderr = "";
    const heard = (text: RegExp): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (text.test(stderr)) resolve();
        };
        child.stderr.on("data", look);
        child.on("close", () => reject(new Error(`ended without saying ${text}: ${stderr.slice(0, 500)}`)));
        look();
      });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    try {
      const ballast = join(disk, "ballast");
      writeFileSync(ballast, Buffer.alloc(900_000));
      await heard(/the log files in .* broke \(ENOSPC/);
      await heard(/"msg":"line"/); // they go on here meanwhile
      rmSync(ballast);
      await heard(/the log files in .* work again/);
      const files = (): string[] => readdirSync(join(disk!, "logs")).map((name) => join(disk!, "logs", name));
      const size = (): number => files().reduce((sum, path) => sum + statSync(path).size, 0);
      const before = size();
      await expect.poll(size, { timeout: 30_000 }).toBeGreaterThan(before);
      expect(files().some((path) => path.endsWith(".probe"))).toBe(false);
    } finally {
      const ended = new Promise((resolve) => child.on("close", resolve));
      child.kill("SIGTERM");
      await ended;
    }
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

describe("the trouble of a file", () => {
  const full = (): Error => new SqliteError("database or disk is full", "SQLITE_FULL");
  const written = () => {
    const lines: string[] = [];
    const heard: unknown[] = [];
    const log = streamLogger("info", { write: (line) => void lines.push(line) }, (error) => void heard.push(error));
    return { lines, heard, log, json: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  };

  test("is logged once, without a stack, however often it is met; another one is another line", () => {
    const { log, json, heard } = written();
    for (let i = 0; i < 1_000; i += 1) log.error({ jobId: 7, err: full() }, "queue.recordFailed");
    log.error({ err: full() }, "queue.pollFailed");
    log.error({ err: new SqliteError("disk I/O error", "SQLITE_IOERR_WRITE") }, "queue.recordFailed");
    expect(json().map(({ msg, err }) => ({ msg, err }))).toEqual([
      { msg: "queue.recordFailed", err: "database or disk is full (SQLITE_FULL)" },
      { msg: "queue.pollFailed", err: "database or disk is full (SQLITE_FULL)" },
      { msg: "queue.recordFailed", err: "disk I/O error (SQLITE_IOERR_WRITE)" },
    ]);
    expect(json()[0]).toMatchObject({ jobId: 7, level: "error" });
    expect(heard).toHaveLength(1_002);
  });

  test("of a child logger counts with its parent's", () => {
    const { log, json } = written();
    log.child({ jobId: 1 }).error({ err: full() }, "x");
    log.child({ jobId: 2 }).error({ err: full() }, "x");
    expect(json()).toHaveLength(1);
  });

  test("is unlike other errors, which all keep their line and their stack", () => {
    const { log, json, heard } = written();
    for (let i = 0; i < 3; i += 1) log.error({ err: new Error("a bug") }, "job.failed");
    log.error("only a text");
    log.info({ n: 1n }, "a fact");
    expect(json().map(({ msg }) => msg)).toEqual(["job.failed", "job.failed", "job.failed", "only a text", "a fact"]);
    expect(json()[0]).toMatchObject({ err: { stack: expect.stringContaining("a bug") } });
    expect(heard).toHaveLength(3);
  });
});
