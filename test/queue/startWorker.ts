// Starts workers with real timers in one process, and stops them after the test.
import type { Worker, WorkerOptions } from "../../queue/worker.ts";
import { closeWorlds, type World } from "./world.ts";

const running: Worker[] = [];

/** Stops what a test has started and closes its worlds: for `afterEach`. */
export const stopWorkers = async (): Promise<void> => {
  await Promise.all(running.splice(0).map((worker) => worker.stop({ graceMs: 0 })));
  closeWorlds();
};

export const start = (w: World, changes: Partial<WorkerOptions<object>> = {}): Worker => {
  const worker = w.worker({ virtual: false, pollMs: 5, reserve: 0, ...changes });
  running.push(worker);
  worker.start();
  return worker;
};
export const allDone = (w: World) => () => w.store.stats().states.done === w.store.list({ limit: 1_000 }).length;
