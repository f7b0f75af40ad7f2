// A worker that is refused while it starts leaves its folder free for the next one.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { openDatabase } from "../../../db/open.ts";
import { claimFolder, databasePath, venuePath } from "../../../handlers/runtime/stateFolder.ts";
import { runWorker } from "../../../handlers/runtime/worker.ts";
import { defaultConfig } from "../../../lib/core/config.ts";
import { isLocked } from "../../../lib/io/lock.ts";

let varDir: string;
// The run of the tests removes its temporary folders at its end: the log's own thread may still be opening its file.
beforeEach(() => {
  varDir = mkdtempSync(join(tmpdir(), "worker-"));
});
const run = (settings: Readonly<Record<string, string>> = {}): Promise<string> => {
  const deps = { config: () => defaultConfig(settings), out: () => {}, err: () => {} };
  return runWorker({ var: varDir }, deps).then(
    () => "ended well",
    (e: Error) => e.message,
  );
};

test.each<[string, () => void, RegExp]>([
  [
    "the folder belongs to another mode",
    () => {
      const db = openDatabase(databasePath(varDir));
      claimFolder(db, "replay", "margin");
      db.close();
    },
    /^MODE_MISMATCH/,
  ],
  [
    "the simulated account's file is broken",
    () => writeFileSync(venuePath(varDir), "no database ".repeat(500)),
    /venue\.db/,
  ],
])("%s: refused, lock and database are closed", async (_, prepare, message) => {
  prepare();
  expect(await run()).toMatch(message);
  expect(isLocked(varDir)).toBe(false);
  // Said again: the first one left nothing behind that would keep the second from the folder.
  expect(await run()).toMatch(message);
});

test("live is refused before anything is opened", async () => {
  expect(await run({ MODE: "live" })).toMatch(/LIVE_NOT_AVAILABLE/);
  const here = {
    GMO_PUBLIC_URL: "http://127.0.0.1:1/public",
    GMO_PRIVATE_URL: "http://127.0.0.1:1/private",
    GMO_WS_PUBLIC_URL: "ws://127.0.0.1:1/ws/public/v1",
    GMO_WS_PRIVATE_URL: "ws://127.0.0.1:1/ws/private/v1",
  };
  expect(await run({ MODE: "live", ...here })).toMatch(/MODE=live does not start.*\n.*GMO_API_KEY: expected/);
  expect(isLocked(varDir)).toBe(false);
});
