// Single processes and named deaths: what only real processes can show. Several on one file: queueTogether.test.ts.
import { existsSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { LONG } from "../long.ts";
import { until } from "../queue/world.ts";
import { RETRY_DELAY_MS } from "./actorHandlers.ts";
import { ActorStage, LONG_LEASE_MS } from "./actorStage.ts";

const stage = new ActorStage();
const enqueue = stage.enqueue.bind(stage);
const state = stage.state.bind(stage);
const effects = stage.effects.bind(stage);
const show = (id: number) => stage.store.show(id);

test("invariant 9: killed inside a retry delay, the job runs once, not before its time, with the right attempt", async () => {
  const retryDelayMs = LONG ? 10_000 : RETRY_DELAY_MS; // A wait is at least half of it: 5 s.
  const id = enqueue("flaky");
  const first = await stage.start({ retryDelayMs });
  await until(() => show(id).attempts[0]?.outcome === "retry");
  await stage.kill(first);
  const { runAtMs } = show(id).job;
  expect(runAtMs - show(id).attempts[0]!.startedMs).toBeGreaterThanOrEqual(retryDelayMs / 2);
  await stage.start({ retryDelayMs });
  await until(() => state(id) === "done");
  expect(show(id).attempts).toMatchObject([
    { attempt: 1, outcome: "retry" },
    { attempt: 2, outcome: "done" },
  ]);
  expect(show(id).attempts[1]!.startedMs).toBeGreaterThanOrEqual(runAtMs);
  expect(effects(id)).toHaveLength(1);
});

test("invariant 10: a handler that kills its process is dead after its attempts, and the others go on", async () => {
  const id = enqueue("poison");
  const other = enqueue("plain");
  for (let death = 0; death < 3; death += 1) expect((await (await stage.start()).ended).signal).toBe("SIGKILL");
  await stage.start();
  await until(() => state(id) === "dead" && state(other) === "done");
  expect(show(id).attempts.map((a) => [a.attempt, a.outcome, a.error?.code])).toEqual([
    [1, "lost", "WORKER_LOST"],
    [2, "lost", "WORKER_LOST"],
    [3, "lost", "WORKER_LOST"],
  ]);
  expect(effects(id)).toEqual([]);
});

test("invariant 14: killed while a person is asked, the questions stand; of two answers at the same time one counts", async () => {
  const keys = Array.from({ length: 40 }, (_, i) => String(i));
  for (const key of keys) enqueue("ask", key);
  const first = await stage.start();
  await until(() => stage.store.stats().states.parked === keys.length);
  await stage.kill(first);
  await stage.start();
  const peers = [stage.peer(), stage.peer()];
  await Promise.all(peers.map((peer) => peer.loaded));
  const answers = (await Promise.all(
    peers.map((peer, i) => stage.command(peer, { do: "answer", keys, as: `person-${i}` })),
  )) as string[][];
  for (const [i, key] of keys.entries())
    expect([answers[0]![i], answers[1]![i]].sort(), key).toEqual(["notParked", "resolved"]);
  await until(() => stage.store.stats().states.done === 2 * keys.length);
  for (const { id } of stage.store.list({ name: "ask" })) expect(show(id).children).toHaveLength(1);
});

test.each([
  ["invariant 18: a frozen process loses its lease; when it wakes it can change nothing", "hold"],
  ["invariant 19: a handler that blocks the event loop past its lease commits nothing; the other's stands", "spin"],
])("%s", async (_, name) => {
  await stage.startBoth({ leaseMs: 500 });
  const id = enqueue(name);
  await until(() => state(id) === "running");
  const first = stage.holderOf(id);
  if (name === "hold") first.process.kill("SIGSTOP");
  await until(() => state(id) === "done");
  const before = effects(id);
  expect(before).toEqual([{ fence: show(id).job.fence, kind: "end" }]);
  first.process.kill("SIGCONT");
  first.process.kill("SIGTERM"); // It ends what it was doing, tries to commit it, and stops.
  expect(await first.ended).toEqual({ code: 0, signal: null });
  expect(effects(id)).toEqual(before);
  expect(show(id).attempts).toMatchObject([{ outcome: "lost" }, { outcome: "done" }]);
});

test("invariant 20: SIGTERM with 4 running, one of which ignores its abort: none spends an attempt, exit 0, the WAL is empty", async () => {
  const ids = [...["1", "2", "3"].map((key) => enqueue("obeys", key)), enqueue("endless")];
  const child = await stage.start({ graceMs: 100 });
  await until(() => ids.every((id) => state(id) === "running"));
  const waiting = enqueue("plain");
  child.process.kill("SIGTERM");
  expect(await child.ended).toEqual({ code: 0, signal: null });
  for (const id of ids) {
    expect(show(id).job).toMatchObject({ state: "ready", attempts: 0, worker: undefined });
    expect(show(id).attempts).toMatchObject([{ outcome: "released" }]);
  }
  expect(["ready", "done"]).toContain(state(waiting)); // A slot was never free; the reserved one is not for it.
  const wal = `${stage.db.path}-wal`;
  expect(existsSync(wal) ? statSync(wal).size : 0).toBe(0);
});

test("invariant 20: after SIGTERM nothing new is claimed; a second SIGTERM does not wait for the grace", async () => {
  const ids = [enqueue("obeys"), enqueue("endless")];
  const child = await stage.start({ graceMs: LONG_LEASE_MS });
  await until(() => ids.every((id) => state(id) === "running"));
  child.process.kill("SIGTERM");
  await until(() => child.messages.includes("stopping"));
  const late = enqueue("plain", "late");
  child.process.kill("SIGTERM");
  expect(await child.ended).toEqual({ code: 0, signal: null });
  expect(show(late)).toMatchObject({ job: { state: "ready", attempts: 0 }, attempts: [] });
  for (const id of ids) expect(show(id).job).toMatchObject({ state: "ready", attempts: 0 });
});
