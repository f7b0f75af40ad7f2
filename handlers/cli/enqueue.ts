// `trader enqueue NAME JSON`: any handler ad hoc, as a job like any other. Printed only after the job is durable.
import type { Command } from "commander";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { type EpochMs, isoUtc, parseInstant } from "../../lib/core/time.ts";
import { entropyHex } from "../../lib/io/random.ts";
import type { Enqueued } from "../../queue/store.ts";
import type { NewJob } from "../../queue/types.ts";
import type { JobsDeps } from "./jobs.ts";

interface Options {
  readonly at?: string;
  readonly key?: string;
  readonly var?: string;
  readonly json?: boolean;
}

export const registerEnqueue = (program: Command, deps: JobsDeps): void => {
  program
    .command("enqueue <name> <json>")
    .description("put a job into the queue: the handler's name and its input as JSON")
    .option("--at <time>", "run at this ISO-8601 time (default: now)")
    .option("--key <key>", "enqueue at most once under this key (default: a new one)")
    .option("--var <dir>", "state folder (default: the setting VAR_DIR)")
    .option("--json", "print JSON")
    .action((name: string, text: string, options: Options) => {
      const input = jsonOf(text);
      const runAtMs = options.at === undefined ? undefined : instantOf(options.at);
      const { store, clock, close } = opened(deps, options);
      try {
        const key = options.key ?? `cli:${isoUtc(clock.nowMs())}:${entropyHex(4)}`;
        const result = enqueue(store, { name, key, input, ...(runAtMs === undefined ? {} : { runAtMs }) });
        if (options.json) deps.out(JSON.stringify(result));
        else if (result.created)
          deps.out(`job ${result.id} ${name} ${key}: ready; watch it with trader jobs show ${result.id}`);
        else deps.out(`job ${result.id} ${name} ${key}: was there already, nothing was changed`);
      } finally {
        close();
      }
    });
};

const opened = (deps: JobsDeps, options: Options) => {
  const state = deps.open(options.var === undefined ? {} : { var: options.var });
  return { store: state.store, clock: state.clock, close: () => state.close() };
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (e) {
    throw new UsageError(
      `JSON: expected the job's input as JSON such as '{}', found ${JSON.stringify(text)}: ${(e as Error).message}`,
    );
  }
};
const instantOf = (text: string): EpochMs => {
  try {
    return parseInstant(text);
  } catch (e) {
    throw new UsageError(`--at: ${(e as Error).message}`);
  }
};
/** A name or an input that no handler takes is a mistake in the command, not a failure of the queue. */
const enqueue = (store: { enqueue(job: NewJob): Enqueued }, job: NewJob): Enqueued => {
  try {
    return store.enqueue(job);
  } catch (e) {
    if (e instanceof AppError && (e.code === "UNKNOWN_HANDLER" || e.code === "BAD_INPUT"))
      throw new UsageError(e.message, { cause: e });
    throw e;
  }
};
