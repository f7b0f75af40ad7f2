// One measured process. Its order comes as JSON in the first argument; its answer goes back over the channel of fork.
import { existsSync, openSync, rmdirSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { driverOf } from "./drivers.ts";
import { baseOptions, enqueueMany, measureRound, untilDone } from "./measure.ts";
import { eventually, type Order } from "./orders.ts";
import type { BenchJob, Driver, OpenOptions } from "./subject.ts";

const TAKEOVER_MS = 1_000;
const RECOVERY_LIMIT_MS = 6_000;

/** Does the package load, and does it run one job? */
const check = async (driver: Driver, order: Order): Promise<string> => {
  const queue = await driver.open(baseOptions(order, "check"));
  await queue.enqueue({ kind: "work", n: 1 });
  queue.start();
  if (!(await eventually(async () => (await queue.effects()).length === 1, 5_000)))
    throw new Error("a job was enqueued and did not run within 5 s");
  return "runs";
};

/** Enqueues into the file of another process's worker, when told. */
const sender = async (driver: Driver, order: Order): Promise<never> => {
  const queue = await driver.open({ ...baseOptions({ ...order, role: "measure" }, "starts") });
  process.on("message", (n: number) => {
    void queue.enqueue({ kind: "start", n, sentNs: String(process.hrtime.bigint()) });
  });
  process.send?.({ ready: true });
  return new Promise<never>(() => {});
};

/** A call that fails and leaves a line in the trace of system calls: where one phase ends and the next begins. */
const mark = (phase: string): void => {
  try {
    rmdirSync(`/bench-phase-${phase}`);
  } catch {
    // There is no such folder.
  }
};

const syncs = async (driver: Driver, order: Order): Promise<string> => {
  const jobs = order.plan!.jobs;
  const backlog = await driver.open(baseOptions(order, "backlog"));
  const written = (): Promise<boolean> => eventually(async () => (await backlog.left()) === jobs, 5_000);
  mark("enqueue");
  await enqueueMany(backlog, jobs);
  await written();
  mark("process");
  backlog.start();
  await untilDone(backlog);
  mark("other");
  await backlog.stop();
  let steps = 0;
  const started = (): void => {
    steps += 1;
  };
  const chain = await driver.open({ ...baseOptions(order, "chain"), started });
  chain.start();
  mark("chain");
  await chain.enqueue({ kind: "chain", n: jobs });
  await eventually(() => steps > jobs, 10_000);
  await untilDone(chain);
  mark("other");
  await chain.stop();
  return "counted";
};

/** Enqueues without waiting and writes down each acknowledgement, until it is killed. */
const acks = async (driver: Driver, order: Order): Promise<never> => {
  const queue = await driver.open(baseOptions(order, "acks"));
  const log = openSync(join(order.dir, "acks.log"), "a");
  for (let n = 0; ; n += 1) {
    const acked = queue.enqueue({ kind: "work", n });
    if (acked instanceof Promise) void acked.then(() => writeSync(log, `${n}\n`));
    else writeSync(log, `${n}\n`);
    if (n % 50 === 0) await new Promise(setImmediate);
  }
};

const dying = (order: Order): Partial<OpenOptions> => {
  const seen = join(order.dir, `${order.kind}.seen`);
  return {
    takeoverMs: TAKEOVER_MS,
    started: (job: BenchJob) => {
      if (job.kind !== "flaky" || existsSync(seen)) return;
      writeFileSync(seen, "");
      process.send?.({ failing: true });
      throw new Error("the first attempt fails");
    },
    beforeAck: (job: BenchJob) => {
      if (job.kind !== "mortal" || existsSync(seen)) return;
      writeFileSync(seen, "");
      process.kill(process.pid, "SIGKILL");
    },
  };
};

/** Its first attempt fails (the parent kills it in the retry delay), or kills it between the effect and the ack. */
const victim = async (driver: Driver, order: Order): Promise<never> => {
  const options = { ...baseOptions(order, order.kind!), ...dying(order) };
  const queue = await driver.open(options);
  queue.start();
  await queue.enqueue({ kind: order.kind!, n: 1 });
  return new Promise<never>(() => {});
};

/** Starts again on the victim's file, or on the one of `acks`. Answers with every effect there is in the end. */
const survivor = async (driver: Driver, order: Order): Promise<readonly number[]> => {
  const role = order.kind ? "victim" : "acks";
  const from = baseOptions({ ...order, role }, order.kind ?? "acks");
  const queue = await driver.open({ ...from, ...dying(order), recover: true });
  queue.start();
  // A failed job may have left the file for good: only its effect says that it was tried again.
  const settled = async (): Promise<boolean> =>
    order.kind === "flaky" ? (await queue.effects()).length > 0 : (await queue.left()) === 0;
  await eventually(settled, RECOVERY_LIMIT_MS, 20);
  return queue.effects();
};

const ROLES: Readonly<Record<Order["role"], (driver: Driver, order: Order) => Promise<unknown>>> = {
  check,
  measure: (driver, order) => measureRound(driver, order, order.plan!),
  sender,
  syncs,
  acks,
  victim,
  survivor,
};

process.on("disconnect", () => process.exit(1)); // The parent is gone: the result is not needed.
const order = JSON.parse(process.argv[2] ?? "{}") as Order;
ROLES[order.role](driverOf(order.queue), order).then(
  (answer) => {
    if (process.send) process.send({ answer }, () => process.exit(0));
    else process.exit(0);
  },
  (error: unknown) => {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  },
);
