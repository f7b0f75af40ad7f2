// `trader rehearse`: whole trades with the real worker in MODE=live against a simulated exchange on this machine, killed on
// the way. Reads no setting and no key of yours, and can reach no other machine.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import type { z } from "zod";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { yen } from "../../../lib/core/money.ts";
import { MEGABYTE, readCapped } from "../../../lib/io/cappedFile.ts";
import { parseFastClock } from "../../../lib/io/clock.ts";
import { parseFaults } from "../../../lib/sim/faults/faults.ts";
import { rehearse } from "../../runtime/rehearsal/rehearsal.ts";
import { isFine, type RehearsalResult } from "../../runtime/rehearsal/result.ts";
import { serveRehearsalVenue } from "../../runtime/rehearsal/venueProcess.ts";
import type { CommandDeps } from "../commandDeps.ts";
import type { RehearseJson } from "../json/results.ts";

interface Options {
  readonly rounds: string;
  readonly kills: string;
  readonly speed: string;
  readonly seed: string;
  readonly faults: string;
  readonly var?: string;
  readonly json?: boolean;
  readonly serve?: string;
}
const EQUITY_JPY = 1_000_000;

export const registerRehearse = (program: Command, deps: CommandDeps): void => {
  program
    .command("rehearse")
    .description("whole trades in MODE=live against a simulated exchange on this machine, with kills: no real order")
    .option("--rounds <n>", "whole trades, 1 to 200", "3")
    .option("--kills <n>", "how many of them the worker is killed in", "1")
    .option("--faults <file>", "fault script of the exchange (JSON, docs/venue.md), or none", "none")
    .option("--speed <x>", "how fast time runs for exchange and worker, 1 to 20", "10")
    .option("--seed <n>", "seed of fills, faults and kills", "42")
    .option("--var <dir>", "keep everything in this folder (default: a temporary one, removed at the end)")
    .option("--json", "one JSON object")
    .addOption(new Option("--serve <wall,from,speed>", "be the exchange of a rehearsal on this clock").hideHelp())
    .action((options: Options) =>
      options.serve === undefined ? run(options, deps) : serve(options.serve, options, deps),
    );
};

const whole = (name: string, text: string, min: number, max: number): number => {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name}: expected a whole number from ${min} to ${max}, found ${JSON.stringify(text)}`);
};

const run = async (options: Options, deps: CommandDeps): Promise<void> => {
  const rounds = whole("rounds", options.rounds, 1, 200);
  const kills = whole("kills", options.kills, 0, rounds);
  const speed = whole("speed", options.speed, 1, 20);
  const seed = whole("seed", options.seed, 0, 999_999_999);
  if (options.faults !== "none") readFaults(options.faults);
  const { self } = deps;
  if (self === undefined) throw new RangeError("expected the program's own command line, found none");
  const dir = options.var === undefined ? mkdtempSync(join(tmpdir(), "trader-rehearsal-")) : resolve(options.var);
  const faultsFile = options.faults === "none" ? undefined : resolve(options.faults);
  let isDone = false;
  try {
    const plan = { rounds, kills, speed, seed, dir, faultsFile, program: self.program, path: self.path };
    const result = await rehearse(plan, deps.err);
    deps.out(options.json ? JSON.stringify(result satisfies z.infer<typeof RehearseJson>) : resultText(result));
    isDone = isFine(result);
    if (!isDone)
      throw new AppError(
        "alert",
        "REHEARSAL",
        `expected book and exchange to agree, found a difference; everything is kept in ${dir}`,
      );
  } finally {
    if (isDone && options.var === undefined) rmSync(dir, { recursive: true, force: true });
  }
};

const readFaults = (file: string) => {
  let text: string;
  try {
    text = readCapped(file, MEGABYTE).toString("utf8");
  } catch (e) {
    throw new UsageError(`--faults: expected a readable file, found ${file}: ${(e as Error).message}`, { cause: e });
  }
  try {
    return parseFaults(text, file);
  } catch (e) {
    throw e instanceof AppError ? new UsageError(e.message, { cause: e }) : e;
  }
};

const serve = async (clockText: string, options: Options, { out, outAsItIs = out }: CommandDeps): Promise<void> => {
  const clock = parseFastClock(clockText);
  if (clock === undefined)
    throw new UsageError(`--serve: expected WALL,FROM,SPEED, found ${JSON.stringify(clockText)}`);
  const seed = whole("seed", options.seed, 0, 999_999_999);
  const faults = options.faults === "none" ? undefined : readFaults(options.faults);
  await serveRehearsalVenue({ clock, seed, equity: yen(EQUITY_JPY), faults }, outAsItIs);
};

const ms = (value: number | null): string => (value === null ? "not measured" : `${value} ms`);
const resultText = (r: RehearsalResult): string =>
  [
    `${r.trades} whole trades of ${r.rounds} approvals, the worker killed ${r.kills} times`,
    `duplicate entries ${r.duplicateEntries}, lost orders ${r.lostOrders}, unresolved ${r.unresolvedUnknown}, difference ${r.pnlMismatchJpy} JPY`,
    `unprotected at most ${ms(r.unprotectedMsMax)} alive, ${ms(r.unprotectedMsMaxAfterKill)} around a kill; ready again within ${ms(r.recoveryMsMax)}`,
    `tap to accepted ${ms(r.tapToAcceptedMsP50)} (median); fill to stop ${ms(r.fillToStopMsP50)} (median), ${ms(r.fillToStopMsP99)} (99 of 100)`,
    `at most ${r.requestsPerSecondMax} private requests in a second`,
    r.bookMatchesVenue
      ? "book and exchange agree: nothing held, nothing resting, the same yen"
      : "BOOK AND EXCHANGE DIFFER",
  ].join("\n");
