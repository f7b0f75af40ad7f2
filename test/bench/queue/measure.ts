// One round of one queue at one level, in a process of its own: each measurement on a fresh file of the same folder,
// with an fdatasync probe beside it, because most of a durable job is the disk's time.
import { once } from "node:events";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../../lib/io/random.ts";
import { eventually, type Order, type Plan, sleep, startChild } from "./orders.ts";
import { quantile } from "./statistics.ts";
import type { BenchJob, Driver, OpenOptions, OpenQueue } from "./subject.ts";

/** The numbers of one round; a missing one could not be measured, `problems` says why. */
export type Round = Readonly<Record<string, number>>;
export interface RoundAnswer {
  readonly numbers: Round;
  readonly problems: readonly string[];
}

export const POLL_MS = 40;
const SECTION_LIMIT_MS = 10_000;
const UNSEEN_MS = 1_500;
const WARM_UP_JOBS = 40;
const SETTLE_MS = 300;

const sinceNs = (fromNs: bigint): number => Number(process.hrtime.bigint() - fromNs) / 1e6;

export const baseOptions = (order: Order, file: string): OpenOptions => ({
  path: join(order.dir, `${order.role}-${file}.db`),
  level: order.level,
  concurrency: 1,
  pollMs: POLL_MS,
  retryDelayMs: 1_000,
  takeoverMs: 60_000,
  recover: false,
  started: () => {},
  beforeAck: () => {},
});

export const enqueueMany = async (queue: OpenQueue, count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await queue.enqueue({ kind: "work", n });
};
export const untilDone = async (queue: OpenQueue): Promise<boolean> =>
  eventually(async () => (await queue.left()) === 0, SECTION_LIMIT_MS);

const fdatasyncProbe = (dir: string, count: number): number[] => {
  const file = openSync(join(dir, "probe"), "w");
  const page = Buffer.alloc(4_096, 1);
  const times = Array.from({ length: count }, () => {
    const start = process.hrtime.bigint();
    writeSync(file, page);
    fdatasyncSync(file);
    return sinceNs(start);
  });
  closeSync(file);
  return times;
};

class RoundOf {
  readonly numbers: Record<string, number> = {};
  readonly problems: string[] = [];
  readonly #disk: number[] = [];
  readonly #random;
  constructor(
    private readonly driver: Driver,
    private readonly order: Order,
    private readonly plan: Plan,
  ) {
    this.#random = seededRandom(order.seed ?? 1);
  }

  async #with<T>(file: string, changes: Partial<OpenOptions>, work: (queue: OpenQueue) => Promise<T>): Promise<T> {
    const queue = await this.driver.open({ ...baseOptions(this.order, file), ...changes });
    try {
      return await work(queue);
    } finally {
      await Promise.race([queue.stop(), sleep(2_000)]);
    }
  }

  /** A third of the samples; what the disk did before, between and after the measurements. */
  probe(): void {
    this.#disk.push(...fdatasyncProbe(this.order.dir, Math.ceil(this.plan.probes / 3)));
  }

  probed(): void {
    const p50 = quantile(this.#disk, 0.5);
    this.numbers["fdatasyncP50Ms"] = p50;
    this.numbers["fdatasyncP99Ms"] = quantile(this.#disk, 0.99);
    const step = this.numbers["chainStepP50Ms"];
    if (step !== undefined) this.numbers["chainStepTimesFdatasync"] = step / p50;
  }

  /** Code that has never run is slow once; that is not the queue's speed. */
  async warmUp(): Promise<void> {
    await this.#with("warm", {}, async (queue) => {
      await enqueueMany(queue, WARM_UP_JOBS);
      queue.start();
      await untilDone(queue);
    });
  }

  /** The enqueues, one after the other, are the backlog that is then worked off. Returns the time of the enqueues. */
  async throughput(concurrency: number): Promise<number> {
    const { jobs } = this.plan;
    let runs = 0;
    const started = (): void => {
      runs += 1;
    };
    return this.#with(`backlog${concurrency}`, { concurrency, started }, async (queue) => {
      const from = process.hrtime.bigint();
      await enqueueMany(queue, jobs);
      const enqueueMs = sinceNs(from);
      // Some acknowledge first and write later.
      await eventually(async () => (await queue.left()) === jobs, SECTION_LIMIT_MS);
      const startNs = process.hrtime.bigint();
      queue.start();
      const finished = (await eventually(() => runs >= jobs, SECTION_LIMIT_MS)) && (await untilDone(queue));
      if (finished) this.numbers[`processPerSecondAt${concurrency}`] = (jobs / sinceNs(startNs)) * 1_000;
      else this.problems.push(`concurrency ${concurrency}: ${runs} of ${jobs} jobs within ${SECTION_LIMIT_MS} ms`);
      return enqueueMs;
    });
  }

  /** From the start of one handler to the start of the next: the effect, the next job's enqueue, the ack, the claim. */
  async chain(): Promise<void> {
    const starts: bigint[] = [];
    const started = (): void => void starts.push(process.hrtime.bigint());
    await this.#with("chain", { started }, async (queue) => {
      queue.start();
      await queue.enqueue({ kind: "chain", n: this.plan.chainSteps });
      await eventually(() => starts.length > this.plan.chainSteps, SECTION_LIMIT_MS);
      await untilDone(queue);
    });
    const steps = starts.slice(1).map((at, i) => Number(at - starts[i]!) / 1e6);
    if (steps.length < this.plan.chainSteps)
      this.problems.push(`chain: ${steps.length} steps of ${this.plan.chainSteps}`);
    if (steps.length === 0) return;
    this.numbers["chainStepP50Ms"] = quantile(steps, 0.5);
    this.numbers["chainStepP99Ms"] = quantile(steps, 0.99);
  }

  /** From the call of enqueue, its commit included, to the first line of the handler in a worker with nothing to do. */
  async starts(): Promise<void> {
    const startedMs = new Map<number, number>();
    const started = (job: BenchJob): void => void startedMs.set(job.n, sinceNs(BigInt(job.sentNs ?? 0)));
    await this.#with("starts", { started }, async (queue) => {
      queue.start();
      const own = (n: number) => queue.enqueue({ kind: "start", n, sentNs: String(process.hrtime.bigint()) });
      await this.#sample("ownStart", 0, own, startedMs);
      await this.#startsFromOtherProcess(startedMs);
      if (this.plan.idleMs > 0) await this.#idle();
    });
  }

  async #startsFromOtherProcess(startedMs: ReadonlyMap<number, number>): Promise<void> {
    const sender = startChild({ ...this.order, role: "sender" }, 4 * SECTION_LIMIT_MS);
    try {
      await Promise.race([once(sender.process, "message"), sender.answer]); // It is ready, or it has failed.
      await this.#sample("otherProcessStart", 1_000_000, (n) => sender.process.send(n), startedMs);
    } catch (error) {
      this.problems.push(`otherProcessStart: the other process ${(error as Error).message}`);
    } finally {
      sender.process.kill("SIGKILL");
    }
  }

  async #sample(
    name: string,
    firstN: number,
    send: (n: number) => unknown,
    startedMs: ReadonlyMap<number, number>,
  ): Promise<void> {
    const times: number[] = [];
    for (let n = firstN; n < firstN + this.plan.starts; n += 1) {
      // At any moment of the poll, not always just after one.
      await sleep(this.#random.next() * POLL_MS);
      await send(n);
      if (!(await eventually(() => startedMs.has(n), UNSEEN_MS))) {
        this.problems.push(`${name}: not started within ${UNSEEN_MS} ms`);
        return;
      }
      times.push(startedMs.get(n)!);
    }
    this.numbers[`${name}P50Ms`] = quantile(times, 0.5);
    this.numbers[`${name}P99Ms`] = quantile(times, 0.99);
  }

  async #idle(): Promise<void> {
    await sleep(SETTLE_MS);
    const from = process.hrtime.bigint();
    const before = process.cpuUsage();
    await sleep(this.plan.idleMs);
    const used = process.cpuUsage(before);
    this.numbers["idleCpuPercent"] = ((used.user + used.system) / 1_000 / sinceNs(from)) * 100;
  }
}

export const measureRound = async (driver: Driver, order: Order, plan: Plan): Promise<RoundAnswer> => {
  const round = new RoundOf(driver, order, plan);
  round.probe();
  await round.warmUp();
  const enqueueMs = (await round.throughput(1)) + (await round.throughput(4));
  round.numbers["enqueuePerSecond"] = ((2 * plan.jobs) / enqueueMs) * 1_000;
  round.probe();
  await round.chain();
  round.probe();
  await round.starts();
  round.probed();
  return { numbers: round.numbers, problems: round.problems };
};
