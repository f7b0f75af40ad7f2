// `trader worker` on a shifted clock and without request pacing: workerChild.ts VAR_DIR AHEAD_MS. Everything else is
// the program's own.
import { runWorker } from "../../handlers/runtime/worker.ts";
import { parseConfig } from "../../lib/core/config.ts";
import { noTimers } from "../../lib/io/gmo/timers.ts";
import { shiftedClock } from "./shiftedClock.ts";

const [varDir = "", aheadMs = ""] = process.argv.slice(2);
const settings = parseConfig(process.env);
if (settings.kind === "bad") throw new Error(settings.problems.join("; "));
await runWorker(
  { var: varDir },
  {
    config: () => settings.config,
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    clock: shiftedClock(Number(aheadMs)),
    timers: noTimers,
  },
);
