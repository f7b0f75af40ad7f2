// `trader pause|stop|panic|resume|close|reject-all|adopt|keep-stop|restore-stop`: the owner's commands at the command line; Telegram's use the
// same function. The command is durable when its first line is printed; then it waits for the result at the exchange.
import type { Command } from "commander";
import type { z } from "zod";
import type { OwnerCommand, OwnerCommandName } from "../../../db/tables/ownerCommands.ts";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { SECOND_MS } from "../../../lib/core/time.ts";
import { type Requested, requestCommand } from "../../owner/requestCommand.ts";
import { folderText, hintWith, idleText } from "../folder.ts";
import { SeenJson } from "../json/position.ts";
import type { OwnerCommandJson } from "../json/results.ts";
import { waitForJob } from "../queue/waitForJob.ts";
import { ACTOR, type Common, type JobsDeps, positive, withCommon, within } from "../queueOptions.ts";

interface Deps extends JobsDeps {
  /** Asks a yes-or-no question; set only in a terminal. */
  readonly confirm?: (question: string) => Promise<boolean>;
}
interface Options extends Common {
  /** Seconds; false with --no-wait. */
  readonly wait: string | false;
  readonly reason?: string;
  readonly yes?: boolean;
}
interface Wanted {
  readonly command: OwnerCommandName;
  readonly tradeId?: number;
  readonly positionId?: string;
}

const WAIT_SECONDS = "60";
const DESCRIPTIONS = {
  pause: "no new proposals and entries until resume, a resting entry order is cancelled; protection goes on",
  stop: "stop trading: proposals rejected, entry orders cancelled and verified at the venue, stops stay; until resume",
  panic: "stop, and close every position of ours at market until flat; until resume",
  resume: "end pause, stop and panic once the exchange and our book agree; other halts end by themselves",
} as const;

const STOP_ANSWERS = [
  ["keep-stop", "keepStop", "a stop that was moved on the exchange's page stays there and counts as approved"],
  ["restore-stop", "restoreStop", "put our stop back where it was before it was moved on the exchange's page"],
] as const;

export const registerOwnerCommands = (program: Command, deps: Deps): void => {
  for (const command of ["pause", "stop", "panic", "resume"] as const) {
    const sub = withOptions(withCommon(program, command, DESCRIPTIONS[command]));
    if (command === "panic") sub.option("--yes", "do not ask");
    sub.action(async (options: Options) => {
      if (
        command === "panic" &&
        !(await isConfirmed(options, deps, "Close ALL positions of ours at market and stop trading?"))
      )
        return;
      await run(deps, options, { command });
    });
  }
  withOptions(
    withCommon(
      program,
      "close [tradeId]",
      "close one trade, or all of them (asks first): a limit order for a few seconds, then at market; entries are not halted",
    ),
  )
    .option("--yes", "do not ask")
    .action(async (id: string | undefined, options: Options) => {
      const tradeId = id === undefined || id === "all" ? undefined : positive("trade", id);
      // A forgotten trade number must not close every trade without a question.
      if (tradeId === undefined && !(await isConfirmed(options, deps, "Close ALL trades of ours? Trading goes on.")))
        return;
      await run(deps, options, { command: "close", ...(tradeId === undefined ? {} : { tradeId }) });
    });
  withOptions(withCommon(program, "reject-all", "reject every open proposal")).action(async (options: Options) =>
    run(deps, options, { command: "rejectAll" }),
  );
  for (const [name, command, what] of STOP_ANSWERS)
    withOptions(withCommon(program, `${name} <tradeId>`, what)).action(async (id: string, options: Options) =>
      run(deps, options, { command, tradeId: positive("trade", id) }),
    );
  withOptions(
    withCommon(program, "adopt <positionId>", "take a position opened by hand into the book, with a stop"),
  ).action(async (positionId: string, options: Options) => run(deps, options, { command: "adopt", positionId }));
};

const withOptions = (command: Command): Command =>
  command
    .option("--wait <seconds>", "wait for the result at the exchange, at most this long", WAIT_SECONDS)
    .option("--no-wait", "end as soon as it is durable")
    .option("--reason <text>", "stored with the command and shown by status");

const isConfirmed = async (options: Options, deps: Deps, question: string): Promise<boolean> => {
  if (options.yes || options.json || deps.confirm === undefined) return true;
  const sure = await deps.confirm(question);
  if (!sure) deps.err("nothing was changed");
  return sure;
};

const run = async (deps: Deps, options: Options, wanted: Wanted): Promise<void> => {
  const limitMs = options.wait === false ? undefined : secondsOf(options.wait);
  const hint = hintWith(options);
  const request = {
    ...wanted,
    actor: ACTOR,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  };
  const { requested, idle, folder, resting } = within(deps.open, options, (state) => ({
    requested: requestCommand(state, request),
    idle: idleText(state.db, hint),
    folder: folderText(state.db),
    resting: state.db.read.orders.allLive().filter((o) => o.intent.purpose === "entry").length,
  }));
  deps.err(`${folder}: ${requested.text}`);
  if (limitMs === undefined) {
    tell(deps, options, wanted, requested, undefined);
    return;
  }
  if (idle !== undefined) {
    tell(deps, options, wanted, requested, undefined);
    // Done without the exchange when nothing is left to do there. A resting entry can still fill.
    if (
      wanted.command === "rejectAll" ||
      wanted.command === "keepStop" ||
      (wanted.command === "pause" && resting === 0)
    ) {
      deps.err(`note: it is in force already; ${idle}`);
      return;
    }
    throw new AppError(
      "permanent",
      "NOT_CARRIED_OUT",
      `the request is saved, but nothing has been done or checked at the exchange yet: ${idle}. Until then orders and stops at the exchange stay as they are`,
    );
  }
  const { end } = await waitForJob(deps, options, { id: requested.jobId, limitMs });
  const command = within(deps.look, options, ({ db }) => db.read.ownerCommands.byId(requested.commandId));
  tell(deps, options, wanted, requested, command);
  const result = command?.result;
  if (result === undefined) {
    const how =
      end === "interrupt" ? "the waiting was broken off" : `not verified at the venue after ${options.wait} s`;
    throw new AppError(
      "permanent",
      "NOT_VERIFIED",
      `${how}; it goes on trying, the result comes as a message (${hint(`jobs show ${requested.jobId}`)} tells what it waits for)`,
    );
  }
  if (result.outcome === "refused") throw new AppError("permanent", "REFUSED", lastLines(result.text));
};
const lastLines = (text: string): string => text.split("\n").slice(1).join("; ");

const tell = (
  deps: Deps,
  options: Options,
  wanted: Wanted,
  requested: Requested,
  command: OwnerCommand | undefined,
): void => {
  const result = command?.result;
  if (options.json) {
    const seen = result?.seen ?? null;
    const fact = {
      command: wanted.command,
      commandId: requested.commandId,
      jobId: requested.jobId,
      outcome: result?.outcome ?? null,
      text: result?.text ?? requested.text,
      seen: seen === null ? null : SeenJson.parse(seen),
    };
    deps.out(JSON.stringify(fact satisfies z.infer<typeof OwnerCommandJson>));
  } else if (result?.outcome === "done") deps.out(result.text);
};

const secondsOf = (text: string): number => {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1) throw new UsageError(`--wait: expected whole seconds of at least 1, found ${JSON.stringify(text)}`);
  return seconds * SECOND_MS;
};
