// invariant 21 with real processes: a really full disk, real I/O errors, another process that holds the write lock.
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LONG } from "../long.ts";
import { until } from "../queue/world.ts";
import { ActorStage } from "./actorStage.ts";
import type { Child } from "./child.ts";
import { buildFilesLibrary, mountSmallDisk, unmount } from "./underTest.ts";

const tools = mkdtempSync(join(tmpdir(), "disk-tools-"));
afterAll(() => rmSync(tools, { recursive: true }));

const saidRed = (child: Child): boolean => child.messages.some((m) => typeof m === "string" && m.startsWith("red"));
const lastLight = (child: Child): unknown =>
  child.messages.findLast((m) => typeof m === "string" && /^(red|green)/.test(m));

/** A job that is running, and writes `bytes` when told to go. */
const runningJob = async (stage: ActorStage, child: Child, bytes: number): Promise<number> => {
  writeFileSync(join(stage.dir, "wait"), "");
  const id = stage.enqueue("writes", "1", { bytes });
  await until(() => stage.state(id) === "running" && lastLight(child) === "green");
  return id;
};
/** A rename: a full disk has no room for a new file. */
const go = (stage: ActorStage): void => renameSync(join(stage.dir, "wait"), join(stage.dir, "go"));
/** The worker has reported the failure, still runs, and no end of the job is in the database. */
const expectTrouble = async (stage: ActorStage, child: Child, id: number): Promise<void> => {
  await until(() => saidRed(child));
  expect(stage.state(id)).toBe("running");
  expect(stage.effects(id)).toEqual([]);
  expect(child.process.exitCode).toBeNull();
};
const expectRecovery = async (stage: ActorStage, child: Child, id: number): Promise<void> => {
  await until(() => stage.state(id) === "done");
  expect(stage.effects(id)).toHaveLength(1);
  expect(stage.show(id).attempts).toMatchObject([{ attempt: 1, outcome: "done" }]);
  const after = stage.enqueue("plain", "after");
  await until(() => stage.state(after) === "done" && lastLight(child) === "green");
};

const disk = mountSmallDisk(8);
afterAll(() => {
  if (disk === undefined) return;
  unmount(disk);
  rmSync(disk, { recursive: true });
});
describe(`invariant 21: a full disk${disk === undefined ? " (skipped: mounting a small one is not allowed)" : ""}`, () => {
  if (disk === undefined) {
    test.skip("not here: see test/queue/storageFaults.test.ts for the database's own limit", () => {});
    return;
  }
  let runs = 0;
  const stage = new ActorStage(() => {
    runs += 1;
    const dir = join(disk, String(runs));
    mkdirSync(dir);
    return dir;
  });
  const ballast = (): string => join(dirname(stage.dir), "ballast");
  const fill = (): void => {
    const file = openSync(ballast(), "w");
    try {
      for (;;) writeSync(file, Buffer.alloc(4096));
    } catch (e) {
      expect((e as NodeJS.ErrnoException).code).toBe("ENOSPC");
    } finally {
      closeSync(file);
    }
    expect(statfsSync(disk).bfree).toBe(0);
  };

  test("enqueue rejects, the job stays running, health is red; with free space again everything continues, once", async () => {
    const child = await stage.start();
    const id = await runningJob(stage, child, 1_000_000);
    fill();
    go(stage);
    await expectTrouble(stage, child, id);
    expect(() => stage.enqueue("plain", "big", { text: "x".repeat(1_000_000) })).toThrow(/full/);
    expect(stage.store.list({ name: "plain" })).toEqual([]);
    unlinkSync(ballast());
    await expectRecovery(stage, child, id);
  });
});

const library = buildFilesLibrary(tools);
describe("invariant 21: I/O errors", () => {
  const stage = new ActorStage();
  test.skipIf(library === undefined)(
    `the disk refuses every write: never done, the light is red, it goes on afterwards${library ? "" : " (skipped: no C compiler)"}`,
    async () => {
      const broken = join(stage.dir, "broken");
      const child = await stage.start({ env: { LD_PRELOAD: library!, FILES_FAIL: broken } });
      const id = await runningJob(stage, child, 10);
      writeFileSync(broken, "");
      go(stage);
      await expectTrouble(stage, child, id);
      await until(() => child.errors.includes("SQLITE_IOERR"));
      unlinkSync(broken);
      await expectRecovery(stage, child, id);
    },
  );
});

describe("invariant 21: another process holds the write lock", () => {
  const stage = new ActorStage();
  // Ordinarily for much longer than a connection waits; in the long run for 10 s with the waits of the real program.
  test(`for ${LONG ? "10 s" : "a while"}: enqueue rejects, the job stays, health is red; everything continues when the lock is released`, async () => {
    const child = await stage.start(LONG ? {} : { busyTimeoutMs: 20 });
    if (!LONG) stage.db.sql.pragma("busy_timeout = 20");
    const id = await runningJob(stage, child, 10);
    const peer = stage.peer();
    const held = stage.command(peer, { do: "lock", ms: LONG ? 10_000 : 1_000 });
    await until(() => peer.messages.includes("locked"));
    go(stage);
    expect(() => stage.enqueue("plain", "locked out")).toThrow(/locked/);
    await expectTrouble(stage, child, id);
    expect(await held).toBe("unlocked");
    expect(child.errors).toContain("SQLITE_BUSY");
    await expectRecovery(stage, child, id);
    expect(stage.store.list({ name: "plain" })).toMatchObject([{ key: "after" }]);
  });
});
