// Two processes, named deaths: what only real processes can show.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../../db/open.ts";
import { realClock } from "../../lib/io/clock.ts";
import { JobStore } from "../../queue/store.ts";
import { until } from "../queue/world.ts";
import { actorRegistry, RETRY_DELAY_MS } from "./actorHandlers.ts";
import { buildProgram } from "./build.ts";
import { Child } from "./child.ts";

let build: ReturnType<typeof buildProgram>;
let dir: string;
let db: Database;
let store: JobStore;
const children: Child[] = [];

beforeAll(() => {
  build = buildProgram("test/crash/queueActor.ts");
});
afterAll(() => rmSync(build.dir, { recursive: true, force: true }));
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "actors-"));
  db = openDatabase(join(dir, "test.db"));
  store = new JobStore(db, actorRegistry(db), realClock);
});
afterEach(async () => {
  for (const child of children) child.process.kill("SIGKILL");
  await Promise.all(children.splice(0).map((child) => child.ended));
  db.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Its boot id is its place among the children. */
const order = (child: Child, leaseMs = 60_000): Promise<void> =>
  child.order({ dbPath: db.path, bootId: `actor-${children.push(child) - 1}`, leaseMs });
const start = async (leaseMs?: number): Promise<Child> => {
  const child = new Child(build.program);
  await order(child, leaseMs);
  return child;
};
const startBoth = async (leaseMs?: number): Promise<void> => {
  const both = [new Child(build.program), new Child(build.program)];
  await Promise.all(both.map((child) => order(child, leaseMs)));
  await until(() => db.sql.prepare("SELECT count(*) FROM workers").pluck().get() === 2);
};
/** The child that runs the job. */
const holderOf = (id: number): Child => children[Number(store.show(id).job.worker?.split("-")[1])]!;
const kill = async (child: Child): Promise<void> => {
  child.process.kill("SIGKILL");
  expect((await child.ended).signal).toBe("SIGKILL");
};
const enqueue = (name: string, key = "1"): number => store.enqueue({ name, key, input: {} }).id;
const state = (id: number): string => store.show(id).job.state;
const effects = (id: number) =>
  db.sql.prepare("SELECT fence, kind FROM crash_effects WHERE job_id = ? ORDER BY id").all(id) as { fence: number }[];

test("invariant 9: killed inside a retry delay, the job runs once, not before its time, with the right attempt", async () => {
  const id = enqueue("flaky");
  const first = await start();
  await until(() => store.show(id).attempts[0]?.outcome === "retry");
  await kill(first);
  const { runAtMs } = store.show(id).job;
  expect(runAtMs - store.show(id).attempts[0]!.startedMs).toBeGreaterThanOrEqual(RETRY_DELAY_MS / 2);
  await start();
  await until(() => state(id) === "done");
  expect(store.show(id).attempts).toMatchObject([
    { attempt: 1, outcome: "retry" },
    { attempt: 2, outcome: "done" },
  ]);
  expect(store.show(id).attempts[1]!.startedMs).toBeGreaterThanOrEqual(runAtMs);
  expect(effects(id)).toHaveLength(1);
});

test("invariant 10: a handler that kills its process is dead after its attempts, and the others go on", async () => {
  const id = enqueue("poison");
  const other = enqueue("plain");
  for (let death = 0; death < 3; death += 1) expect((await (await start()).ended).signal).toBe("SIGKILL");
  await start();
  await until(() => state(id) === "dead" && state(other) === "done");
  expect(store.show(id).attempts.map((a) => [a.attempt, a.outcome, a.error?.code])).toEqual([
    [1, "lost", "WORKER_LOST"],
    [2, "lost", "WORKER_LOST"],
    [3, "lost", "WORKER_LOST"],
  ]);
  expect(effects(id)).toEqual([]);
});

test("invariant 14: killed while a person is asked, the question stands; one answer counts", async () => {
  const id = enqueue("ask");
  const first = await start();
  await until(() => state(id) === "parked");
  await kill(first);
  await start();
  const answer = () =>
    store.resolveParked({ name: "ask", key: "1", next: [{ name: "plain", key: "approved", input: {} }] });
  expect([answer(), answer()]).toEqual(["resolved", "notParked"]);
  await until(() => store.list({ name: "plain", state: "done" }).length === 1);
});

test("invariant 18: a live process's job is left alone; a killed one's is recovered long before its lease ends", async () => {
  await startBoth();
  const id = enqueue("hold");
  await until(() => state(id) === "running");
  const others = Array.from({ length: 20 }, (_, i) => enqueue("plain", String(i)));
  await until(() => others.every((each) => state(each) === "done"));
  expect(store.show(id).attempts).toHaveLength(1);
  await kill(holderOf(id));
  await until(() => state(id) === "done");
  expect(effects(id)).toEqual([{ fence: store.show(id).job.fence, kind: "end" }]);
});

test.each([
  ["invariant 18: a frozen process loses its lease; when it wakes it can change nothing", "hold"],
  ["invariant 19: a handler that blocks the event loop past its lease commits nothing; the other's stands", "spin"],
])("%s", async (_, name) => {
  await startBoth(500);
  const id = enqueue(name);
  await until(() => state(id) === "running");
  const first = holderOf(id);
  if (name === "hold") first.process.kill("SIGSTOP");
  await until(() => state(id) === "done");
  const before = effects(id);
  expect(before).toEqual([{ fence: store.show(id).job.fence, kind: "end" }]);
  first.process.kill("SIGCONT");
  first.process.kill("SIGTERM"); // It ends what it was doing, tries to commit it, and stops.
  expect(await first.ended).toEqual({ code: 0, signal: null });
  expect(effects(id)).toEqual(before);
  expect(store.show(id).attempts).toMatchObject([{ outcome: "lost" }, { outcome: "done" }]);
});

test("invariant 20: SIGTERM: unfinished jobs go back without a spent attempt, exit 0", async () => {
  const ids = ["1", "2", "3", "4"].map((key) => enqueue("endless", key));
  const child = await start();
  await until(() => ids.every((id) => state(id) === "running"));
  child.process.kill("SIGTERM");
  expect(await child.ended).toEqual({ code: 0, signal: null });
  for (const id of ids) expect(store.show(id).job).toMatchObject({ state: "ready", attempts: 0, worker: undefined });
});
