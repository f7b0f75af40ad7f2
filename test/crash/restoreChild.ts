// `trader restore` that is killed at one of its steps: restoreChild.ts VAR_DIR FILE STEP.
import { restore } from "../../handlers/cli/setup/restore.ts";

const [varDir = "", file = "", step = ""] = process.argv.slice(2);
await restore({
  varDir,
  file,
  onStep: (at) => {
    if (at === step) process.kill(process.pid, "SIGKILL");
  },
});
process.stdout.write("restored\n");
