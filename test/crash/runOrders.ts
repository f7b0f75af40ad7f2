// npm run crash:orders -- --runs N --seed S [--json]: kills the worker in a simulated world and prints what was lost of
// orders.
import { parseArgs } from "node:util";
import { entropyHex } from "../../lib/io/random.ts";
import { allPairs, everyPair, proveOrders, runWorld } from "./orderHarness.ts";
import { randomPlan, SHORT_TRADES } from "./orderPlan.ts";
import { judge, missedGoals, type OrderReport } from "./orderReport.ts";
import { SABOTAGES, type Sabotage } from "./orderSabotage.ts";

const HELP = `npm run crash:orders -- [--runs N] [--seed S] [--pairs N] [--json] [--product P] [--only RUN] [--break NAME]

Trades in a simulated world (real handlers, queue, database and connector; the simulated venue behind requests that take
time) in which the worker is killed around every commit, inside transactions, and before, during and after every request,
also reads; while the venue and the network fail as they can. Exit code 0 when every goal was met, 1 when one was missed,
2 for wrong use.

  --runs N      random worlds (default 100; 0 for none): one or two symbols, both directions, several kills each. Four planned
                worlds come first, in which each promise is put to the test where it could break, whatever the seed
  --pairs N     pairs of step and fault of two short trades (default: as many as --runs); "each" for every crash point with
                every fault once, as npm test does; "all" for every step with every fault, struck before and after it
  --seed S      what decides everything (default: a new one, printed)
  --product P   margin (default) or spot
  --only RUN    play one again and tell its story: the number of a random world, or the name of a pair as a failure says it
  --json        one line of JSON
  --break NAME  break a promise on purpose, to see that the run would notice:
${Object.entries(SABOTAGES)
  .map(([name, { breaks }]) => `                  ${name.padEnd(13)} ${breaks}`)
  .join("\n")}

runs           worlds played                      kills         processes that died
crashPoints    different places of death          faults        requests that were struck
duplicateEntries  trades above the approved size, and times two entries of a symbol were live at once
lostOrders     orders of ours at the venue that the book does not know as they are, and rows in doubt at the end
barePositionSecondsMax           longest bare time of a position while the worker lives (goal 1)
barePositionSecondsMaxAfterKill  the same around a kill; 3 s of it the worker is dead (goal 5)
refusedCloseSecondsMax           from a refused close, its stop given up for it, to the next order for it (goal 0.3)
recoverySecondsMax               from 3 s after a kill, or a later start, to "reconciled and protected" (goal 10)
priceDiffersSecondsMax           an order rests at another price than the book shows, while a worker lives (goal 5)
unresolvedUnknown  orders without an answer at the end    pnlMismatchJpy  book against the venue's executions
tradesNotEnded, brokenRules      trades still open; dead jobs, broken audit chains, moves that no state machine has
What the venue refuses or loses is taken off the bare times, as docs/orders.md says; bareSecondsMaxUncorrected is not.
`;

const wrongUse = (message: string): never => {
  process.stderr.write(`${message}\nSee npm run crash:orders -- --help\n`);
  process.exit(2);
};
const parse = () => {
  try {
    return parseArgs({
      options: {
        runs: { type: "string", default: "100" },
        pairs: { type: "string" },
        seed: { type: "string", default: entropyHex(4) },
        product: { type: "string", default: "margin" },
        only: { type: "string" },
        json: { type: "boolean", default: false },
        break: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    return wrongUse((error as Error).message);
  }
};
const whole = (name: string, text: string): number =>
  /^\d{1,7}$/.test(text)
    ? Number(text)
    : wrongUse(`--${name}: expected a whole number from 0 to 9999999, found ${JSON.stringify(text)}`);

const values = parse();
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const { seed, product } = values;
if (product !== "margin" && product !== "spot")
  wrongUse(`--product: expected margin or spot, found ${JSON.stringify(product)}`);
const of = product === "spot" ? "spot" : "margin";
if (seed === "") wrongUse('--seed: expected some text, found ""');
const isSabotage = (name: string): name is Sabotage => Object.hasOwn(SABOTAGES, name);
const sabotage = values.break;
if (sabotage !== undefined && !isSabotage(sabotage))
  wrongUse(`--break: expected one of ${Object.keys(SABOTAGES).join(", ")}, found ${JSON.stringify(sabotage)}`);
const broken = sabotage !== undefined && isSabotage(sabotage) ? { sabotage } : {};
const runs = whole("runs", values.runs);

if (values.only !== undefined) {
  const { only } = values;
  const plan = /^\d+$/.test(only)
    ? randomPlan(seed, whole("only", only), of)
    : ((await allPairs(seed, of)).find((pair) => pair.plan.name === only)?.plan ??
      wrongUse(`--only: expected a number or the name of a pair, found ${JSON.stringify(only)}`));
  const w = await runWorld({ ...plan, ...broken, story: true });
  const { report, notes } = await judge(w);
  w.close();
  process.stdout.write(`${[...w.story, ...notes.map((note) => `! ${note}`)].join("\n")}\n`);
  process.exit(missedGoals(report).length === 0 ? 0 : 1);
}

const pairs =
  values.pairs === "all"
    ? await allPairs(seed, of)
    : values.pairs === "each"
      ? (await Promise.all(Object.keys(SHORT_TRADES[of]).map((trade) => everyPair(trade, seed, of)))).flat()
      : whole("pairs", values.pairs ?? values.runs);
if (runs === 0 && pairs === 0) wrongUse("--runs and --pairs: expected one of them above 0, found none");
let told = 0;
const report = await proveOrders({
  seed,
  product: of,
  pairs,
  random: runs,
  ...broken,
  tell: (done, all) => {
    const percent = Math.floor((100 * done) / all);
    if (!process.stderr.isTTY || percent === told) return;
    told = percent;
    process.stderr.write(`\r${done} of ${all}${done === all ? "\n" : ""}`);
  },
});

const text = (r: OrderReport): string => {
  const { failures, endings, ledgerMatchesVenue, seed: used, ...numbers } = r;
  return [
    `seed ${used}`,
    ...Object.entries(numbers).map(([name, value]) => `${name.padEnd(32)} ${value}`),
    `${"ledgerMatchesVenue".padEnd(32)} ${ledgerMatchesVenue}`,
    `${"endings".padEnd(32)} ${Object.entries(endings)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ")}`,
    ...failures.map(({ run, broken: how }) => `${run}: ${how.join("; ")}`),
    missedGoals(r).length === 0 ? "every goal met" : `missed: ${missedGoals(r).join("; ")}`,
  ].join("\n");
};
process.stdout.write(`${values.json ? JSON.stringify(report) : text(report)}\n`);
process.exit(missedGoals(report).length === 0 ? 0 : 1);
