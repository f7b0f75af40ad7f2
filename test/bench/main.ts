// `npm run bench [-- chart|queue|inference|loops|orders|replay|venue … --quick --no-rivals]`: measures on this machine and
// prints JSON. Nothing here is asserted: speed belongs in a benchmark, and a number without its rival or its probe in
// the same run says little.
import { benchChart } from "./chart.ts";
import { benchInference } from "./inference.ts";
import { benchLoops } from "./loops.ts";
import { benchOrders } from "./orders.ts";
import { benchQueue, type QueueBenchOptions } from "./queue.ts";
import { benchReplay } from "./replay.ts";
import { benchVenue } from "./venue.ts";

const BENCHES: Readonly<Record<string, (options: QueueBenchOptions) => Promise<Record<string, unknown>>>> = {
  chart: benchChart,
  queue: benchQueue,
  inference: benchInference,
  loops: benchLoops,
  orders: benchOrders,
  replay: benchReplay,
  venue: benchVenue,
};
/** `--no-rivals` concerns the queue's benchmark only, `--quick` the venue's, too. */
const FLAGS = ["--quick", "--no-rivals"];

const words = process.argv.slice(2).filter((word) => word !== "--");
const wanted = words.filter((word) => !word.startsWith("--"));
const unknown = words.filter((word) => !(word in BENCHES) && !FLAGS.includes(word));
if (unknown.length > 0) {
  const known = [...Object.keys(BENCHES), ...FLAGS].join(", ");
  process.stderr.write(`bench: expected some of ${known}, found ${unknown.join(", ")}\n`);
  process.exit(2);
}
const options = { quick: words.includes("--quick"), rivals: !words.includes("--no-rivals") };
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`${JSON.stringify({ bench: name, ...(await bench(options)) }, null, 2)}\n`);
}
