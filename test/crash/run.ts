// npm run crash -- --kills N --seed S [--json]: kills worker processes and prints what was lost.
import { parseArgs } from "node:util";
import { entropyHex } from "../../lib/io/random.ts";
import { crashQueue } from "./queueHarness.ts";
import { planRun, SABOTAGES, type Sabotage } from "./queuePlan.ts";
import { brokenPromises } from "./queueReport.ts";

const HELP = `npm run crash -- [--kills N] [--seed S] [--json] [--plan] [--break NAME]

Kills worker processes with SIGKILL, starts the next ones on the same file, and compares what is left with a side log
that was written (with fdatasync) after each acknowledged enqueue. Half of the kills on a file with one process at a
time, half on a file with two. Exit code 0 when nothing was broken, 1 when something was, 2 for wrong use.

  --kills N     processes to kill, at least 1 (default 200)
  --seed S      what decides each death (default: a new one, printed)
  --json        one line of JSON
  --plan        print the planned deaths as JSON and kill nobody
  --break NAME  break a promise on purpose, to see that the run would notice: ${Object.keys(SABOTAGES).join(", ")}

The same seed plans the same deaths: which process dies, at which named point and at its how manieth passing, or how many
milliseconds after its start. What it cannot repeat is when the operating system runs which process: a death by time
comes at another instruction, and a process may be killed by its time limit (200 ms) before it reaches its point.

kills         processes that died by SIGKILL        acked         enqueues acknowledged in the side log
lost          acknowledged, not in the file, or not done at the end (none of these jobs may die)
effectsTwice  effects committed more than once      effectsMissing  jobs done without their effect
childless     done without the child they named     orphans       children of a job that is not done
staleCommits  effects of an attempt that did not finish its job
stranded      left when nothing moved any more      errorsLogged  lines in the processes' error logs
`;

const wrongUse = (message: string): never => {
  process.stderr.write(`${message}\nSee npm run crash -- --help\n`);
  process.exit(2);
};
const parse = () => {
  try {
    return parseArgs({
      options: {
        kills: { type: "string", default: "200" },
        seed: { type: "string", default: entropyHex(4) },
        json: { type: "boolean", default: false },
        plan: { type: "boolean", default: false },
        break: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    return wrongUse((error as Error).message);
  }
};

const values = parse();
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const kills = Number(values.kills);
if (!/^\d+$/.test(values.kills) || kills < 1 || kills > 1_000_000)
  wrongUse(`--kills: expected a whole number from 1 to 1000000, found ${JSON.stringify(values.kills)}`);
if (values.seed === "") wrongUse('--seed: expected some text, found ""');
const isSabotage = (name: string): name is Sabotage => Object.hasOwn(SABOTAGES, name);
const sabotage = values.break;
if (sabotage !== undefined && !isSabotage(sabotage))
  wrongUse(`--break: expected one of ${Object.keys(SABOTAGES).join(", ")}, found ${JSON.stringify(sabotage)}`);

if (values.plan) {
  process.stdout.write(`${JSON.stringify(planRun(kills, values.seed))}\n`);
  process.exit(0);
}
if (!values.json) process.stdout.write(`killing ${kills} worker processes, seed ${values.seed}\n`);
let killed = 0;
const report = await crashQueue({
  kills,
  seed: values.seed,
  onKill: () => {
    killed += 1;
    if (!values.json && killed % 100 === 0 && killed < kills) process.stderr.write(`${killed} of ${kills}\n`);
  },
  ...(sabotage === undefined ? {} : { sabotage: sabotage as Sabotage }),
});
if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
else
  for (const [name, value] of Object.entries(report))
    process.stdout.write(`${name.padEnd(17)} ${typeof value === "object" ? JSON.stringify(value) : value}\n`);
process.exitCode = brokenPromises(report) === 0 ? 0 : 1;
