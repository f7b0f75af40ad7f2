// `npm run bench [-- queue|inference|replay …]`: measures on this machine and prints JSON. Nothing here is asserted: speed
// belongs in a benchmark, and a number without its rival or its probe in the same run says little.
import { benchInference } from "./inference.ts";
import { benchQueue } from "./queue.ts";
import { benchReplay } from "./replay.ts";

const BENCHES: Readonly<Record<string, () => Promise<Record<string, unknown>>>> = {
  queue: benchQueue,
  inference: benchInference,
  replay: benchReplay,
};

const wanted = process.argv.slice(2).filter((name) => name !== "--");
const unknown = wanted.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  process.stderr.write(`bench: expected some of ${Object.keys(BENCHES).join(", ")}, found ${unknown.join(", ")}\n`);
  process.exit(2);
}
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`${JSON.stringify({ bench: name, ...(await bench()) }, null, 2)}\n`);
}
