// Kills real worker processes and compares what is left with the side log of acknowledgements.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../lib/io/random.ts";
import { openSqlite } from "../../lib/io/sqlite.ts";
import { buildProgram } from "./build.ts";
import { Child } from "./child.ts";
import { type ChildOrder, type Death, planDeath } from "./queuePlan.ts";

export interface CrashReport {
  readonly seed: string;
  /** Processes that ended by SIGKILL. */
  kills: number;
  /** How many of them at each named point; "random" from outside. */
  killsAt: Record<string, number>;
  acked: number;
  /** Acknowledged and at the end neither done nor dead. */
  lost: number;
  jobsDone: number;
  effectsTwice: number;
  /** Done without its effect. */
  effectsMissing: number;
  /** Done without the child it named. */
  childless: number;
  /** Children of a job that is not done. */
  orphans: number;
  /** Effects of an attempt other than the one that finished the job. */
  staleCommits: number;
  /** Ready or running after the last process found nothing to do. */
  stranded: number;
}

const ROOTS_PER_PROCESS = 6;

/** Sends the order and sees the process die. Returns the named point, or "random" when it was killed from outside. */
const die = async (child: Child, order: ChildOrder, death: Death): Promise<string> => {
  await child.order(order);
  let outside = false;
  let timer: NodeJS.Timeout | undefined;
  const killSoon = () => {
    timer = setTimeout(() => {
      outside = true;
      child.process.kill("SIGKILL");
    }, death.afterMs);
  };
  if (death.from === "order") killSoon();
  else child.process.once("message", killSoon);
  const { signal, code } = await child.ended;
  clearTimeout(timer);
  if (signal !== "SIGKILL") throw new Error(`expected death by SIGKILL, found exit ${code}: ${child.errors}`);
  return outside || !death.dieAt ? "random" : death.dieAt.point;
};

/** One database, `kills` processes one after the other; the next one loads its code while this one runs. */
const runLane = async (program: string, kills: number, seed: string): Promise<CrashReport> => {
  const dir = mkdtempSync(join(tmpdir(), "crash-queue-"));
  const random = seededRandom(seed);
  const report: CrashReport = {
    seed,
    kills: 0,
    killsAt: {},
    acked: 0,
    lost: 0,
    jobsDone: 0,
    effectsTwice: 0,
    effectsMissing: 0,
    childless: 0,
    orphans: 0,
    staleCommits: 0,
    stranded: 0,
  };
  const order = (boot: number): ChildOrder => ({
    dbPath: join(dir, "crash.db"),
    sideLogPath: join(dir, "acked.log"),
    outsidePath: join(dir, "outside.log"),
    bootId: `${seed}-${boot}`,
    enqueue: ROOTS_PER_PROCESS,
    finish: false,
  });
  let spare = new Child(program);
  try {
    for (let boot = 0; boot < kills; boot += 1) {
      const child = spare;
      await child.loaded;
      spare = new Child(program);
      const death = planDeath(random);
      const at = await die(child, { ...order(boot), ...(death.dieAt ? { dieAt: death.dieAt } : {}) }, death);
      report.kills += 1;
      report.killsAt[at] = (report.killsAt[at] ?? 0) + 1;
    }
    await spare.order({ ...order(kills), finish: true });
    const { code } = await spare.ended;
    if (code !== 0 || spare.errors !== "") throw new Error(`expected a clean end, found exit ${code}: ${spare.errors}`);
    return inspect(dir, report);
  } finally {
    spare.process.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  }
};

const inspect = (dir: string, report: CrashReport): CrashReport => {
  const sql = openSqlite(join(dir, "crash.db"));
  try {
    const count = (query: string): number => sql.prepare<[], number>(query).pluck().get() ?? 0;
    const state = sql.prepare<[string, string], string>("SELECT state FROM jobs WHERE name = ? AND key = ?").pluck();
    const log = join(dir, "acked.log");
    // A line is an acknowledgement only with its newline: the kill may cut the last one.
    const acked = existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1) : [];
    report.acked = acked.length;
    report.lost = acked.filter((line) => {
      const [name = "", key = ""] = line.split(" ");
      return !["done", "dead"].includes(state.get(name, key) ?? "");
    }).length;
    report.jobsDone = count("SELECT count(*) FROM jobs WHERE state = 'done'");
    report.effectsTwice = count(
      "SELECT count(*) FROM (SELECT 1 FROM crash_effects GROUP BY job_id, kind HAVING count(*) > 1)",
    );
    report.effectsMissing = count(
      `SELECT count(*) FROM jobs j WHERE state = 'done'
         AND NOT EXISTS (SELECT 1 FROM crash_effects e WHERE e.job_id = j.id AND e.kind = 'end')`,
    );
    report.childless = count(
      `SELECT count(*) FROM jobs j WHERE state = 'done' AND j.input ->> 'left' > 0
         AND NOT EXISTS (SELECT 1 FROM jobs c WHERE c.parent_id = j.id)`,
    );
    report.orphans = count("SELECT count(*) FROM jobs c JOIN jobs p ON p.id = c.parent_id WHERE p.state <> 'done'");
    report.staleCommits = count(
      `SELECT count(*) FROM crash_effects e WHERE e.kind = 'end' AND NOT EXISTS
         (SELECT 1 FROM attempts a WHERE a.job_id = e.job_id AND a.fence = e.fence AND a.outcome = 'done')`,
    );
    report.stranded = count("SELECT count(*) FROM jobs WHERE state IN ('ready', 'running')");
    return report;
  } finally {
    sql.close();
  }
};

/** Runs `kills` kills in two databases at once. The seed decides which process dies where. */
export const crashQueue = async (options: { kills: number; seed: string }): Promise<CrashReport> => {
  const { dir, program } = buildProgram("test/crash/queueChild.ts");
  try {
    const half = Math.floor(options.kills / 2);
    const shares = [half, options.kills - half].filter((share) => share > 0);
    const lanes = await Promise.all(shares.map((share, i) => runLane(program, share, `${options.seed}-${i}`)));
    return lanes.reduce((sum, lane) => add(sum, lane), { ...lanes[0]!, ...zero(lanes[0]!), seed: options.seed });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

const zero = (report: CrashReport): CrashReport =>
  Object.fromEntries(
    Object.entries(report).map(([name, value]) => [
      name,
      typeof value === "number" ? 0 : name === "killsAt" ? {} : value,
    ]),
  ) as unknown as CrashReport;
const add = (sum: CrashReport, lane: CrashReport): CrashReport => {
  const killsAt = { ...sum.killsAt };
  for (const [point, kills] of Object.entries(lane.killsAt)) killsAt[point] = (killsAt[point] ?? 0) + kills;
  const numbers = Object.fromEntries(
    Object.entries(lane)
      .filter(([, value]) => typeof value === "number")
      .map(([name, value]) => [name, (value as number) + (sum[name as keyof CrashReport] as number)]),
  );
  return { ...sum, ...numbers, killsAt };
};
