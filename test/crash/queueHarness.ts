// Kills real worker processes and compares what is left with the side log of acknowledgements.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildProgram } from "./build.ts";
import { Child } from "./child.ts";
import { type ChildOrder, type Death, type LanePlan, planRun, type Sabotage } from "./queuePlan.ts";
import { brokenPromises, type CrashReport, emptyReport, inspect, sum, worst } from "./queueReport.ts";

export interface CrashOptions {
  readonly kills: number;
  readonly seed: string;
  /** Default planRun(kills, seed). */
  readonly plan?: readonly LanePlan[];
  readonly sabotage?: Sabotage | undefined;
  readonly onKill?: () => void;
}

const ROOTS_PER_PROCESS = 6;
const LOOK_EVERY = 10;
/** Generous: how long something due may wait for a process that looks, before it counts as stranded. */
const GIVE_UP_MS = 20_000;

interface Lane {
  readonly program: string;
  readonly dir: string;
  readonly seed: string;
  readonly options: CrashOptions;
  readonly report: CrashReport;
}

const orderOf = (lane: Lane, name: string, death?: Death): ChildOrder => ({
  dbPath: join(lane.dir, "crash.db"),
  sideLogPath: join(lane.dir, "acked.log"),
  outsidePath: join(lane.dir, "outside.log"),
  bootId: `${lane.seed}-${name}`,
  enqueue: death?.quiet ? 0 : ROOTS_PER_PROCESS,
  dieAt: death?.dieAt,
  until: death === undefined ? "empty" : death.quiet ? "caughtUp" : "killed",
  giveUpMs: lane.options.sabotage ? 1_000 : GIVE_UP_MS,
  sabotage: lane.options.sabotage,
});

interface CaughtUp {
  readonly due: number;
  readonly afterMs: number;
}

/** Sends the order and sees the process die. Returns where: the named point, "caughtUp", or "random" from outside. */
const die = async (lane: Lane, child: Child, order: ChildOrder, death: Death): Promise<string> => {
  let at = death.dieAt?.point ?? "random";
  let timer: NodeJS.Timeout | undefined;
  const killSoon = (): void => {
    timer = setTimeout(() => {
      at = "random";
      child.process.kill("SIGKILL");
    }, death.afterMs);
  };
  child.process.on("message", (message: "running" | CaughtUp) => {
    if (message === "running" && !death.quiet && death.from === "start") killSoon();
    if (typeof message !== "object") return;
    at = "caughtUp";
    lane.report.stranded += message.due;
    lane.report.slowestCatchUpMs = Math.max(lane.report.slowestCatchUpMs, Math.round(message.afterMs));
    child.process.kill("SIGKILL");
  });
  await child.order(order);
  if (death.from === "order") killSoon();
  const { signal, code } = await child.ended;
  clearTimeout(timer);
  if (signal !== "SIGKILL") throw new Error(`expected death by SIGKILL, found exit ${code}: ${child.errors}`);
  return at;
};

/**
 * The files as the dead process left them, copied before the check: the next process must recover the originals alone.
 */
const lookAtCopy = (lane: Lane): void => {
  const dir = join(lane.dir, "copy");
  mkdirSync(dir);
  for (const name of ["crash.db", "crash.db-wal"])
    if (existsSync(join(lane.dir, name))) copyFileSync(join(lane.dir, name), join(dir, name));
  worst(lane.report, inspect(join(dir, "crash.db"), join(lane.dir, "acked.log"), false));
  lane.report.looks += 1;
  rmSync(dir, { recursive: true });
};

const countErrors = (lane: Lane, child: Child): void => {
  if (child.errors === "") return;
  lane.report.errorsLogged += child.errors.trimEnd().split("\n").length;
  process.stderr.write(child.errors);
};

/** Processes one after the other; the next one loads its code while this one runs. */
const runRunner = async (lane: Lane, name: string, deaths: readonly Death[], alone: boolean): Promise<void> => {
  let spare = new Child(lane.program);
  try {
    for (const [boot, death] of deaths.entries()) {
      const child = spare;
      await child.loaded;
      spare = new Child(lane.program);
      const at = await die(lane, child, orderOf(lane, `${name}-${boot}`, death), death);
      lane.report.kills += 1;
      lane.report.killsAt[at] = (lane.report.killsAt[at] ?? 0) + 1;
      countErrors(lane, child);
      const look = boot % LOOK_EVERY === 0 || lane.options.sabotage !== undefined;
      if (alone && look && existsSync(join(lane.dir, "acked.log"))) lookAtCopy(lane);
      lane.options.onKill?.();
    }
  } finally {
    spare.process.kill("SIGKILL");
  }
};

const runLane = async (program: string, plan: LanePlan, options: CrashOptions): Promise<CrashReport> => {
  const dir = mkdtempSync(join(tmpdir(), "crash-queue-"));
  const lane: Lane = { program, dir, seed: plan.seed, options, report: emptyReport(plan.seed) };
  const { runners } = plan;
  try {
    const alone = runners.length === 1;
    const ends = await Promise.allSettled(runners.map((deaths, i) => runRunner(lane, String(i), deaths, alone)));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    const last = new Child(program);
    await last.order(orderOf(lane, "last"));
    const { code } = await last.ended;
    countErrors(lane, last);
    if (code !== 0) throw new Error(`expected a clean end, found exit ${code}: ${last.errors}`);
    const { unfinished, ...seen } = inspect(join(dir, "crash.db"), join(dir, "acked.log"), true);
    worst(lane.report, seen);
    lane.report.acked = seen.acked;
    lane.report.jobsDone = seen.jobsDone;
    lane.report.stranded += unfinished;
    return lane.report;
  } finally {
    if (brokenPromises(lane.report) > 0 && !options.sabotage)
      process.stderr.write(`what was found is kept in ${dir}\n`);
    else rmSync(dir, { recursive: true, force: true });
  }
};

/** The plan's lanes at the same time, each on a file of its own. */
export const crashQueue = async (options: CrashOptions): Promise<CrashReport> => {
  const plan = options.plan ?? planRun(options.kills, options.seed);
  const lanes = await Promise.all(plan.map((lane) => runLane(child(), lane, options)));
  return sum(options.seed, lanes);
};

let built: ReturnType<typeof buildProgram> | undefined;
/** The program whose processes are killed, bundled once for all runs of this process. */
const child = (): string => {
  if (built === undefined) {
    built = buildProgram("test/crash/queueChild.ts");
    const { dir } = built;
    process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  }
  return built.program;
};
