// `trader worker` on a clock that runs faster than the wall's: liveChild.ts VAR_DIR WALL_MS FROM_MS SPEED. Everything else is the
// program's own, its settings too.
import { runWorker } from "../../handlers/runtime/worker.ts";
import { parseConfig } from "../../lib/core/config.ts";
import { fastClock } from "./shiftedClock.ts";

const [varDir = "", wallMs = "", fromMs = "", speed = ""] = process.argv.slice(2);
const settings = parseConfig(process.env);
if (settings.kind === "bad") throw new Error(settings.problems.join("; "));
await runWorker(
  { var: varDir },
  {
    config: () => settings.config,
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    clock: fastClock(Number(wallMs), Number(fromMs), Number(speed)),
  },
);
