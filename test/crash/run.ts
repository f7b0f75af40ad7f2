// npm run crash -- --kills N --seed S [--json]: kills worker processes and prints what was lost. The seed decides which
// process dies at which point. Exit code 1 when an invariant is broken.
import { parseArgs } from "node:util";
import { entropyHex } from "../../lib/io/random.ts";
import { crashQueue } from "./queueHarness.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: entropyHex(4) },
    json: { type: "boolean", default: false },
  },
});
const kills = Number(values.kills);
if (!Number.isSafeInteger(kills) || kills < 1) {
  process.stderr.write(`--kills: expected a whole number of at least 1, found ${values.kills}\n`);
  process.exit(2);
}
if (!values.json) process.stdout.write(`killing ${kills} worker processes, seed ${values.seed}\n`);
const report = await crashQueue({ kills, seed: values.seed });
if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
else
  for (const [name, value] of Object.entries(report))
    process.stdout.write(`${name.padEnd(15)} ${JSON.stringify(value)}\n`);
const { lost, effectsTwice, effectsMissing, childless, orphans, staleCommits, stranded } = report;
process.exitCode = lost + effectsTwice + effectsMissing + childless + orphans + staleCommits + stranded === 0 ? 0 : 1;
