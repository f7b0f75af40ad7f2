// Our queue beside better-queue-sqlite, plainjob and liteque: the same jobs on the same disk in the same run, round by
// round in turns, so that a slow minute of the machine hits all of them. One JSON object; tables for a person on
// stderr.
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { RIVALS } from "./queue/drivers.ts";
import { install, versionsOf } from "./queue/install.ts";
import type { Round, RoundAnswer } from "./queue/measure.ts";
import { POLL_MS } from "./queue/measure.ts";
import { type Plan, startChild } from "./queue/orders.ts";
import { ours } from "./queue/ours.ts";
import { type Promises, testPromises } from "./queue/promises.ts";
import { comparisonsOf, goalsOf, type Result, summarize, tablesOf } from "./queue/report.ts";
import type { Driver, Level } from "./queue/subject.ts";
import { findSyncCounter, measureSyncs, type SyncsPerJob } from "./queue/syncs.ts";

const FULL_PLAN: Plan = { rounds: 3, jobs: 300, chainSteps: 200, starts: 60, idleMs: 1_500, probes: 100 };
const QUICK_PLAN: Plan = { rounds: 3, jobs: 60, chainSteps: 40, starts: 12, idleMs: 500, probes: 40 };
const SYNC_JOBS = 100;
const CHECK_LIMIT_MS = 20_000;
const ROUND_LIMIT_MS = 60_000;

const CONDITIONS = [
  "one process per queue, level and round, on a fresh file; rounds in turns; a median, lowest and highest of the rounds",
  "every job inserts one row as its effect, on the queue's own connection and in its own file; enqueues one after the other, each waiting for its acknowledgement",
  "chain, starts and idle at concurrency 1; a chain step is from handler start to handler start",
  `plainjob and liteque look every ${POLL_MS} ms, as our queue does for other processes' rows; their defaults and examples say 1,000 ms`,
  "starts: from the call of enqueue (its commit included) to the handler's first line, at a random moment of the poll; the other process is a real one, and both read process.hrtime, the machine's one monotonic clock on Linux",
  "idle CPU is measured at FULL only: an idle queue commits nothing; it is user and system time of the whole process",
  "syncs are fsync and fdatasync calls of a separate, untimed run",
  "NORMAL and OFF lose acknowledged jobs in a power cut; our product asserts FULL and never runs so",
  "a p99 of one round is close to its worst sample; verdict noise: the spreads of the rounds overlap",
];
const TMPFS = 0x01021994;

interface Variant {
  readonly driver: Driver;
  readonly level: Level;
  readonly rounds: Round[];
  readonly problems: Set<string>;
}
const tell = (line: string): void => void process.stderr.write(`bench queue: ${line}\n`);

export interface QueueBenchOptions {
  /** Half a minute: few jobs, rivals at FULL only, promises untested. */
  readonly quick: boolean;
  /** False: ours alone, nothing is installed. */
  readonly rivals: boolean;
}

/** Installed and able to run one job, or the reason why not. */
const prepare = async (driver: Driver, dir: string): Promise<Record<string, unknown>> => {
  const about = { rival: driver.name, versions: versionsOf(driver.name) };
  const why = await install(driver.name, tell);
  if (why !== undefined) return { ...about, installed: false, why };
  try {
    const folder = mkdtempSync(join(dir, "check-"));
    const level = driver.shippedLevel;
    await startChild({ role: "check", queue: driver.name, level, dir: folder }, CHECK_LIMIT_MS).answer;
    return { ...about, installed: true, shipsAt: level, notes: driver.notes };
  } catch (error) {
    return { ...about, installed: false, why: `installed, but it does not run: ${(error as Error).message}` };
  }
};

const measureOnce = async (variant: Variant, dir: string, plan: Plan, seed: number): Promise<void> => {
  const { driver, level } = variant;
  const folder = mkdtempSync(join(dir, "round-"));
  const order = { role: "measure", queue: driver.name, level, dir: folder, plan, seed } as const;
  try {
    const { numbers, problems } = (await startChild(order, ROUND_LIMIT_MS).answer) as RoundAnswer;
    variant.rounds.push(numbers);
    for (const problem of problems) variant.problems.add(problem);
  } catch (error) {
    variant.problems.add(`a round failed: ${(error as Error).message}`);
  }
  rmSync(folder, { recursive: true, force: true });
};

const measureAll = async (variants: readonly Variant[], dir: string, plan: Plan): Promise<void> => {
  for (let round = 0; round < plan.rounds; round += 1) {
    tell(`round ${round + 1} of ${plan.rounds}`);
    // Every round starts with another queue.
    const turn = Math.floor((round * variants.length) / plan.rounds);
    for (const variant of [...variants.slice(turn), ...variants.slice(0, turn)]) {
      const failedBefore = round > 0 && variant.rounds.length === 0;
      if (failedBefore) continue; // What hung once costs its time limit once.
      const idleMs = variant.level === "FULL" ? plan.idleMs : 0;
      await measureOnce(variant, dir, { ...plan, idleMs }, round);
    }
  }
};

const countAll = async (variants: readonly Variant[], dir: string, plan: Plan): Promise<(SyncsPerJob | string)[]> => {
  const counter = findSyncCounter(dir);
  if (!counter) return variants.map(() => "not measurable here: neither strace nor cc with LD_PRELOAD works");
  tell(`counting syncs with ${counter.by}`);
  const counts: (SyncsPerJob | string)[] = [];
  for (const { driver, level } of variants) {
    const folder = mkdtempSync(join(dir, "syncs-"));
    const small = { ...plan, jobs: Math.min(plan.jobs, SYNC_JOBS) };
    try {
      counts.push(await measureSyncs(counter, { role: "syncs", queue: driver.name, level, dir: folder, plan: small }));
    } catch (error) {
      counts.push(`not measured: ${(error as Error).message}`);
    }
  }
  return counts;
};

const resultsOf = (variants: readonly Variant[], syncs: readonly (SyncsPerJob | string)[]): Result[] =>
  variants.map(({ driver, level, rounds, problems }, i) => ({
    queue: driver.name,
    synchronous: level,
    asShipped: level === driver.shippedLevel,
    rounds: rounds.length,
    metrics: summarize(rounds),
    syncsPerJob: syncs[i]!,
    problems: [...problems],
  }));

const promisesOf = async (results: readonly Result[], drivers: readonly Driver[], dir: string) => {
  tell("killing and restarting each queue");
  const tested = drivers.map(async (driver): Promise<readonly [string, Promises]> => {
    const full = results.find(({ queue, synchronous }) => queue === driver.name && synchronous === "FULL");
    const syncs = typeof full?.syncsPerJob === "object" ? full.syncsPerJob : undefined;
    const seen = full && full.rounds > 0 ? full.metrics["otherProcessStartP50Ms"] !== null : undefined;
    const known = { syncs, seen, problems: full?.problems ?? [] };
    return [driver.name, await testPromises(driver, mkdtempSync(join(dir, "promises-")), known)];
  });
  return new Map(await Promise.all(tested));
};

export const benchQueue = async ({ quick, rivals }: QueueBenchOptions): Promise<Record<string, unknown>> => {
  const dir = mkdtempSync(join(tmpdir(), "bench-queue-"));
  const plan = quick ? QUICK_PLAN : FULL_PLAN;
  try {
    const wanted = rivals ? RIVALS : [];
    const prepared = await Promise.all(wanted.map((driver) => prepare(driver, dir)));
    const drivers = [ours, ...wanted.filter((_, i) => prepared[i]?.["installed"] === true)];
    const from = performance.now();
    const loadBefore = loadavg()[0]!;
    const variants = drivers.flatMap((driver) =>
      driver.levels
        .filter((level) => !quick || driver === ours || level === "FULL")
        .map((level): Variant => ({ driver, level, rounds: [], problems: new Set() })),
    );
    await measureAll(variants, dir, plan);
    const results = resultsOf(variants, await countAll(variants, dir, plan));
    const promises = quick ? new Map<string, Promises>() : await promisesOf(results, drivers, dir);
    process.stderr.write(tablesOf(results, promises));
    const equals = drivers.filter(({ name }) => name !== "ours" && keepsAll(promises.get(name)) === true);
    const names = equals.map(({ name }) => name);
    if (promises.size > 0) tell(`rivals that keep all of these promises: ${names.join(", ") || "none"}`);
    return {
      machine: {
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        cpus: `${cpus().length} × ${cpus()[0]?.model ?? "?"}`,
        loadBefore,
        seconds: Math.round((performance.now() - from) / 1_000),
        folder: tmpdir(),
        onMemoryDisk: statfsSync(dir).type === TMPFS,
      },
      plan,
      conditions: CONDITIONS,
      rivals: prepared,
      results,
      comparisons: comparisonsOf(results).map((comparison) => ({
        ...comparison,
        keepsOurPromises: keepsAll(promises.get(comparison["rival"] as string)),
      })),
      promises: Object.fromEntries(promises),
      goals: goalsOf(results),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

/** null: not tested in this run. */
const keepsAll = (promises: Promises | undefined): boolean | null =>
  promises ? Object.values(promises).every(({ kept }) => kept === true) : null;
