// What the queue's commands share: their dependencies, the two common options, and a state opened for one piece of
// work.

import type { Command } from "commander";
import type { JobState } from "../../db/tables/jobs.ts";
import type { Config } from "../../lib/core/config.ts";
import { UsageError } from "../../lib/core/errors.ts";
import type { State } from "../runtime/stateFolder.ts";
import type { Interruption, Terminal } from "./terminal.ts";

export interface JobsDeps {
  readonly config: () => Config;
  /** A connection that can write. */
  readonly open: (options: { var?: string }) => State;
  /** A read-only connection. */
  readonly look: (options: { var?: string }) => State;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Set when stdout is a terminal that redraws in place. */
  readonly terminal?: Terminal;
  /** Waits, ended early by the signal; default the real timers. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Default SIGINT, SIGTERM and SIGHUP of this process. */
  readonly interruption?: () => Interruption;
}
export interface Common {
  readonly var?: string;
  readonly json?: boolean;
}

export const STATES: readonly JobState[] = ["ready", "running", "parked", "done", "dead", "cancelled", "expired"];
/** The actor in audit events. */
export const ACTOR = "cli";

/** Opens the state, does the work, closes the state. */
export const within = <T>(open: JobsDeps["open"], options: Common, work: (state: State) => T): T => {
  const state = open(options.var === undefined ? {} : { var: options.var });
  try {
    return work(state);
  } finally {
    state.close();
  }
};
/** A subcommand with --var and --json. */
export const withCommon = (parent: Command, usage: string, description: string): Command =>
  parent
    .command(usage)
    .description(description)
    .option("--var <dir>", "state folder (default: the setting VAR_DIR)")
    .option("--json", "print JSON");
/** Throws UsageError unless the text is a whole number of at least 1. */
export const positive = (what: string, text: string): number => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new UsageError(`${what}: expected a whole number of at least 1, found ${JSON.stringify(text)}`);
  return value;
};
/** The id of a job, "8" or "#8". Throws UsageError. */
export const jobId = (text: string): number => positive("ID", text.replace(/^#/, ""));
