// The measured queues by name. Importing a driver loads no rival: its package is loaded when it opens a queue.
import { betterQueueSqlite } from "../rivals/better-queue-sqlite/driver.ts";
import { liteque } from "../rivals/liteque/driver.ts";
import { plainjob } from "../rivals/plainjob/driver.ts";
import { ours } from "./ours.ts";
import type { Driver } from "./subject.ts";

export const RIVALS: readonly Driver[] = [betterQueueSqlite, plainjob, liteque];

export const driverOf = (name: string): Driver => {
  const driver = [ours, ...RIVALS].find((each) => each.name === name);
  if (!driver) throw new Error(`expected the name of a queue of the benchmark, found ${name}`);
  return driver;
};
