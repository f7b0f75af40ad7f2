// Which of our promises a queue keeps: killed and started again in this run where that is cheap, else read from its
// source. Tested at FULL, the level at which the speeds are compared; what it ships with stands beside it.
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, type Order, sleep, startChild } from "./orders.ts";
import type { Driver } from "./subject.ts";
import type { SyncsPerJob } from "./syncs.ts";

export interface PromiseResult {
  /** undefined: not measurable in this run. */
  readonly kept: boolean | undefined;
  readonly how: string;
}
export const PROMISES = [
  "ackSurvivesKill",
  "ackIsOnDisk",
  "retrySurvivesKill",
  "effectOnceWhenKilledBeforeAck",
  "otherProcessSeen",
  "fencedAck",
] as const;
export type Promises = Readonly<Record<(typeof PROMISES)[number], PromiseResult>>;

const CHILD_LIMIT_MS = 20_000;
const ACKS = 100;

const linesOf = (path: string): readonly string[] =>
  existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];

/** An untested promise counts as unknown; the benchmark continues. */
const tested = async (test: () => Promise<PromiseResult>): Promise<PromiseResult> => {
  try {
    return await test();
  } catch (error) {
    return { kept: undefined, how: `not tested: ${(error as Error).message}` };
  }
};

const ackSurvivesKill = async (order: Order): Promise<PromiseResult> => {
  const log = join(order.dir, "acks.log");
  const child = startChild({ ...order, role: "acks" }, CHILD_LIMIT_MS);
  if (!(await eventually(() => linesOf(log).length >= ACKS, CHILD_LIMIT_MS, 2)))
    throw new Error("no hundred acknowledgements");
  child.process.kill("SIGKILL");
  await child.answer.catch(() => {});
  const acked = linesOf(log).map(Number);
  const effects = new Set((await startChild({ ...order, role: "survivor" }, CHILD_LIMIT_MS).answer) as number[]);
  const lost = acked.filter((n) => !effects.has(n)).length;
  return { kept: lost === 0, how: `tested: ${acked.length} acknowledged before SIGKILL, ${lost} lost` };
};

const retrySurvivesKill = async (order: Order): Promise<PromiseResult> => {
  const child = startChild({ ...order, role: "victim", kind: "flaky" }, CHILD_LIMIT_MS);
  await new Promise((resolve) => child.process.once("message", resolve));
  await sleep(250); // Of a delay of a second: the failure is recorded by then.
  child.process.kill("SIGKILL");
  await child.answer.catch(() => {});
  const effects = (await startChild({ ...order, role: "survivor", kind: "flaky" }, CHILD_LIMIT_MS).answer) as number[];
  const ran = effects.length > 0;
  return { kept: ran, how: `tested: SIGKILL in the retry delay, then ${ran ? "tried again" : "never tried again"}` };
};

const effectOnce = async (order: Order): Promise<PromiseResult> => {
  const child = startChild({ ...order, role: "victim", kind: "mortal" }, CHILD_LIMIT_MS);
  await child.answer.catch(() => {});
  if (!existsSync(join(order.dir, "mortal.seen"))) throw new Error("the victim did not come to its acknowledgement");
  const effects = (await startChild({ ...order, role: "survivor", kind: "mortal" }, CHILD_LIMIT_MS).answer) as number[];
  const how = `tested: SIGKILL between effect and ack, then the inserted rows are ${effects.length}`;
  return { kept: effects.length === 1, how };
};

/** All at FULL. `seen`: did jobs of another process start in the measured rounds? undefined: not measured. */
export const testPromises = async (
  driver: Driver,
  dir: string,
  known: {
    readonly syncs: SyncsPerJob | undefined;
    readonly seen: boolean | undefined;
    readonly problems: readonly string[];
  },
): Promise<Promises> => {
  const orderIn = (name: string): Order => ({
    role: "check",
    queue: driver.name,
    level: "FULL",
    dir: mkdtempSync(join(dir, `${name}-`)),
  });
  const [acks, retry, effect] = await Promise.all([
    tested(() => ackSurvivesKill(orderIn("acks"))),
    tested(() => retrySurvivesKill(orderIn("retry"))),
    tested(() => effectOnce(orderIn("effect"))),
  ]);
  const { syncs, seen, problems } = known;
  const unseen = problems.find((problem) => problem.startsWith("otherProcessStart"));
  const shipped = driver.shippedLevel === "FULL" ? "" : `; as shipped (${driver.shippedLevel}) it is not`;
  const onDisk: PromiseResult = syncs
    ? {
        // Who loses acknowledged jobs to a kill acknowledges before it writes, however often it syncs later.
        kept: syncs.enqueue >= 1 && acks.kept === true,
        how: `counted: ${syncs.enqueue} syncs per enqueue at FULL${shipped}`,
      }
    : { kept: undefined, how: "not measurable here" };
  return {
    ackSurvivesKill: acks,
    ackIsOnDisk: onDisk,
    retrySurvivesKill: retry,
    effectOnceWhenKilledBeforeAck: effect,
    otherProcessSeen: {
      kept: seen,
      how: seen === undefined ? "not measured" : `tested: ${seen ? "jobs of another process start" : unseen}`,
    },
    fencedAck: { kept: driver.fencedAck.kept, how: driver.fencedAck.source },
  };
};
