// `trader enqueue NAME JSON`: enqueues a job of any handler. It prints after the job is durable; with --wait it ends
// when the job ends, with exit code 0 for a job that is done.
import type { Command } from "commander";
import type { z } from "zod";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { type EpochMs, isoUtc, parseInstant, SECOND_MS } from "../../../lib/core/time.ts";
import { entropyHex } from "../../../lib/io/random.ts";
import type { Enqueued } from "../../../queue/store.ts";
import type { NewJob } from "../../../queue/types.ts";
import { folderText, hintWith, idleText } from "../folder.ts";
import { jobErrorJson } from "../json/job.ts";
import type { EnqueuedJson, WaitedJson } from "../json/results.ts";
import { type Common, type JobsDeps, withCommon, within } from "../queueOptions.ts";
import { clean, jstSeconds } from "../terminal.ts";
import { examplesText } from "./exampleInputs.ts";
import { verdictOf, waitForJob } from "./waitForJob.ts";

interface Options extends Common {
  readonly at?: string;
  readonly key?: string;
  /** true: without limit. */
  readonly wait?: string | true;
}

export const registerEnqueue = (program: Command, deps: JobsDeps): void => {
  const command = withCommon(
    program,
    "enqueue <name> <json>",
    "put a job into the queue: the handler's name and its input as JSON",
  );
  command
    .usage("<name> <json> [options]")
    .configureOutput({ outputError: (text, write) => write(eatenByWait(command.opts<Options>()) ?? text) })
    .option("--at <time>", "run at this ISO-8601 time (default: now)")
    .option("--key <key>", "enqueue at most once under this key (default: a new one)")
    .option("--wait [seconds]", "wait until the job ends, at most this long; exit 0 when it is done, else 1")
    .addHelpText("after", () => `\n${examplesText()}`)
    .action(async (name: string, text: string, options: Options) => {
      const input = jsonOf(text);
      const runAtMs = options.at === undefined ? undefined : instantOf(options.at);
      const limitMs = options.wait === undefined || options.wait === true ? undefined : secondsOf(options.wait);
      const hint = hintWith(options);
      const { key, result, folder, idle } = within(deps.open, options, ({ store, clock, db }) => {
        const own = options.key ?? `cli:${isoUtc(clock.nowMs())}:${entropyHex(4)}`;
        const job = { name, key: own, input, ...(runAtMs === undefined ? {} : { runAtMs }) };
        return { key: own, result: enqueue(store, job), folder: folderText(db), idle: idleText(db, hint) };
      });
      const what = `job ${result.id} ${name} ${clean(key)}`;
      const said = result.created
        ? `${what}: ready${runAtMs === undefined ? "" : ` at ${jstSeconds(runAtMs)}`}, in ${folder}`
        : `${what}: was there already in ${folder}, nothing was changed`;
      if (options.wait === undefined) {
        if (options.json) {
          const fact = { id: result.id, created: result.created };
          deps.out(JSON.stringify(fact satisfies z.infer<typeof EnqueuedJson>));
        } else deps.out(result.created ? `${said}; watch it with ${hint(`jobs show ${result.id}`)}` : said);
        if (idle !== undefined && result.created) deps.err(`note: ${idle}`);
        return;
      }
      deps.err(said);
      if (idle !== undefined) deps.err(`note: ${idle}; still waiting`);
      await wait(deps, options, result, limitMs);
    });
};

/** --wait before the arguments takes the handler's name as its seconds; commander then reports the JSON as missing. */
const eatenByWait = ({ wait }: Options): string | undefined =>
  typeof wait === "string" && !SECONDS.test(wait)
    ? `error: --wait: expected seconds or nothing, found ${JSON.stringify(wait)}; put --wait after the name and the JSON\n`
    : undefined;

const wait = async (deps: JobsDeps, options: Options, result: Enqueued, limitMs: number | undefined): Promise<void> => {
  const waited = await waitForJob(deps, options, { id: result.id, limitMs });
  const { text, failed } = verdictOf(waited, hintWith(options));
  const { job } = waited;
  if (options.json) {
    const fact = {
      id: result.id,
      created: result.created,
      state: job.state,
      ended: waited.end === "job",
      attempts: job.attempts,
      reason: job.reason ?? null,
      error: job.error ? jobErrorJson(job.error) : null,
      waitedMs: Math.round(waited.waitedMs),
    };
    deps.out(JSON.stringify(fact satisfies z.infer<typeof WaitedJson>));
  }
  if (failed !== undefined) throw new AppError("permanent", failed, text);
  if (!options.json) deps.out(text);
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (e) {
    throw new UsageError(
      `JSON: expected the job's input as JSON, found ${text}: ${(e as Error).message}; use double quotes inside single ones: '{"symbol":"BTC_JPY"}'`,
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
const SECONDS = /^\d{1,7}(\.\d{1,3})?$/;
const secondsOf = (text: string): number => {
  const seconds = SECONDS.test(text) ? Number(text) : 0;
  if (seconds <= 0)
    throw new UsageError(
      `--wait: expected seconds above 0 or nothing, found ${JSON.stringify(text)}; put --wait after the name and the JSON`,
    );
  return seconds * SECOND_MS;
};
/** An unknown name or an input of the wrong shape is wrong use (exit code 2), not a failure of the queue. */
const enqueue = (store: { enqueue(job: NewJob): Enqueued }, job: NewJob): Enqueued => {
  try {
    return store.enqueue(job);
  } catch (e) {
    if (e instanceof AppError && (e.code === "UNKNOWN_HANDLER" || e.code === "BAD_INPUT"))
      throw new UsageError(e.message, { cause: e });
    throw e;
  }
};
