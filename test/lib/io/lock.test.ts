// The folder's lock between real processes: one runner at a time, and a process that only queries never keeps a runner
// out.
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, inject, test } from "vitest";
import { isLocked, lockFolder } from "../../../lib/io/lock.ts";
import { openSqlite } from "../../../lib/io/sqlite.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "lock-"));
/** Another process that runs `body` with `isLocked` and `lockFolder` at hand; resolves at its first word. */
const other = async (dir: string, body: string): Promise<{ end: () => Promise<void> }> => {
  const module = pathToFileURL(join(inject("testBuild"), "lib", "io", "lock.js")).href;
  const script = join(folder(), "other.mjs");
  writeFileSync(
    script,
    `import { isLocked, lockFolder } from ${JSON.stringify(module)};\nconst dir = ${JSON.stringify(dir)};\n${body}`,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    end: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
};

test("a process that asks again and again keeps no runner from a folder, be it new or used before", async () => {
  const dirs = Array.from({ length: 50 }, folder);
  const asking = await other(
    folder(),
    `console.log("asking"); for (;;) for (const dir of ${JSON.stringify(dirs)}) isLocked(dir);`,
  );
  try {
    for (let round = 0; round < 4; round += 1) for (const dir of dirs) lockFolder(dir)();
  } finally {
    await asking.end();
  }
});

test("a runner in another process is seen, refuses a second one, and its lock dies with it", async () => {
  const dir = folder();
  expect(isLocked(dir)).toBe(false);
  const runner = await other(dir, `lockFolder(dir); console.log("held"); setInterval(() => {}, 1000);`);
  expect(isLocked(dir)).toBe(true);
  expect(() => lockFolder(dir, 0)).toThrow(/expected no other runner/);
  await runner.end();
  expect(isLocked(dir)).toBe(false);
  const unlock = lockFolder(dir, 0);
  expect(isLocked(dir)).toBe(true);
  unlock();
});

test("a lock file of a version that used WAL serves on, and is refused while that version holds it", () => {
  const dir = folder();
  const old = openSqlite(join(dir, "runner.lock"));
  old.pragma("locking_mode = EXCLUSIVE");
  old.exec("BEGIN IMMEDIATE; CREATE TABLE held (since INTEGER); COMMIT; BEGIN EXCLUSIVE");
  expect(isLocked(dir)).toBe(true);
  expect(() => lockFolder(dir, 0)).toThrow(/expected no other runner/);
  old.exec("ROLLBACK");
  old.close();
  expect(isLocked(dir)).toBe(false);
  lockFolder(dir)();
  lockFolder(dir)();
});
