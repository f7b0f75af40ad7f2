// The database below the queue: its pragmas, and one SQLite engine.
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { projectPath } from "../../lib/io/paths.ts";
import { closeWorlds, done, handler, world } from "./world.ts";

afterEach(closeWorlds);

test("invariant 2: every connection of the queue is WAL at synchronous FULL", () => {
  const w = world([handler("a", () => done)]);
  for (const { db } of [w, w.second()]) {
    expect(db.sql.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(db.sql.pragma("synchronous", { simple: true })).toBe(2);
  }
});

test("invariant 22: exactly one SQLite engine: the lock file names no second one", () => {
  const lock = JSON.parse(readFileSync(projectPath("package-lock.json"), "utf8")) as { packages: object };
  const engines = Object.keys(lock.packages).filter((name) =>
    /node_modules\/(sqlite3|sql\.js|node-sqlite3-wasm|better-queue-sqlite|better-sqlite3)$/.test(name),
  );
  expect(engines).toEqual(["node_modules/better-sqlite3"]);
});
