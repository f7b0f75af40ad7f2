// The queue's commands on a test's own world: what they print to stdout and stderr, and how they end.
import { Command } from "commander";
import { openDatabase } from "../../../db/open.ts";
import { registerEnqueue } from "../../../handlers/cli/queue/enqueue.ts";
import { registerJobs } from "../../../handlers/cli/queue/jobs.ts";
import { registerSchedules } from "../../../handlers/cli/queue/schedules.ts";
import type { JobsDeps } from "../../../handlers/cli/queueOptions.ts";
import type { Terminal } from "../../../handlers/cli/terminal.ts";
import { registerAudit } from "../../../handlers/cli/trading/audit.ts";
import { defaultConfig } from "../../../lib/core/config.ts";
import { JobStore } from "../../../queue/store.ts";
import type { World } from "../../queue/world.ts";

export interface Commands {
  /** Stdout of a command that ends well; rejects with its error. */
  trader(...args: string[]): Promise<string>;
  /** Stderr so far. */
  readonly err: readonly string[];
  /** Stdout so far, also of a command that is still running. */
  readonly out: readonly string[];
}

/** A terminal of that width; nothing is drawn on it. */
export const terminalOf = (columns: number): Terminal => ({
  columns: () => columns,
  rows: () => 24,
  colour: false,
  write: () => {},
  onResize: () => () => {},
});

/**
 * Commands that change open the world's file anew; those that look get a connection that cannot write, as in the
 * program.
 */
export const commandsOn = (w: World, changes: Partial<JobsDeps> = {}): Commands => {
  const out: string[] = [];
  const err: string[] = [];
  const clock = { ...w.clock, nowMs: w.clock.nowMs, realNowMs: w.clock.realNowMs, monotonicMs: () => w.clock.realMs };
  const open = (readonly: boolean) => (): ReturnType<JobsDeps["open"]> => {
    const db = openDatabase(w.path, { readonly });
    return { db, store: new JobStore(db, w.registry, clock), clock, close: () => db.close() };
  };
  return {
    out,
    err,
    async trader(...args) {
      const before = out.length;
      const program = new Command("trader").exitOverride().configureOutput({ writeErr: () => {} });
      const deps: JobsDeps = {
        config: () => defaultConfig(),
        open: open(false),
        look: open(true),
        out: (text) => void out.push(text),
        err: (text) => void err.push(text),
        ...changes,
      };
      registerJobs(program, deps);
      registerEnqueue(program, deps);
      registerSchedules(program, deps);
      registerAudit(program, deps);
      await program.parseAsync(args, { from: "user" });
      return out.slice(before).join("\n");
    },
  };
};
