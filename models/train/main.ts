// The training command: tsx models/train/main.ts --data DIR --out models/artifacts/ID [--end ISO]
// The id is the last part of --out. LIGHTGBM_BIN names the trainer; without it trainer.ts searches for it.
import { basename, resolve } from "node:path";
import { parseArgs } from "node:util";
import { redact } from "../../lib/core/redact.ts";
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
    trainer: findTrainer(process.env["LIGHTGBM_BIN"], process.env["XDG_CACHE_HOME"]),
    say: (line) => process.stdout.write(`${redact(line)}\n`),
  });
}
