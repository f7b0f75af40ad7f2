// The training command: tsx models/train/main.ts --data DIR --out models/artifacts/ID [--end ISO] [--trainer FILE] [--cache DIR]
// The id is the last part of --out. The trainer is found as trainer.ts says.
import { basename, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseInstant } from "../../lib/core/time.ts";
import { findTrainer } from "./trainer.ts";
import { trainTouch } from "./trainTouch.ts";

/** Before the bundled replay begins, with a day to spare (issue: the replayed days are never trained on). */
const DEFAULT_END = "2025-06-29T21:00:00Z";
const { values } = parseArgs({
  options: {
    data: { type: "string" },
    out: { type: "string" },
    end: { type: "string", default: DEFAULT_END },
    trainer: { type: "string" },
    cache: { type: "string" },
  },
});
if (!values.data || !values.out) {
  process.stderr.write("expected --data DIR (candle files) and --out DIR (the model folder to write)\n");
  process.exitCode = 2;
} else {
  const outDir = resolve(values.out);
  await trainTouch({
    dataDir: values.data,
    outDir,
    id: basename(outDir),
    endMs: parseInstant(values.end),
    trainer: findTrainer(values.trainer, values.cache),
    say: (line) => process.stdout.write(`${line}\n`),
  });
}
