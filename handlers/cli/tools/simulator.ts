// `trader simulator`: the simulated venue as a server on loopback, for programs that talk to GMO Coin. Reads no
// setting.
import { basename, join } from "node:path";
import type { Command } from "commander";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { yen } from "../../../lib/core/money.ts";
import { type EpochMs, isoUtc, jstText, latest, parseInstant } from "../../../lib/core/time.ts";
import { MEGABYTE, readCapped } from "../../../lib/io/cappedFile.ts";
import { realClock } from "../../../lib/io/clock.ts";
import { lockFolder } from "../../../lib/io/lock.ts";
import { parseFaults } from "../../../lib/sim/faults/faults.ts";
import { CANDLE_SYMBOLS, type OpenVenue, openVenue, readCandles } from "../../../lib/sim/server/openVenue.ts";
import { type GivenOptions, optionsText, parseOptions } from "../../../lib/sim/server/optionTable.ts";
import { startVenueServer, type VenueServer } from "../../../lib/sim/server/server.ts";
import { parseSocketRules } from "../../../lib/sim/server/socketFaults.ts";
import { reading } from "../../runtime/progress.ts";
import { makeStateFolder } from "../../runtime/stateFolder.ts";
import { type Interruption, untilInterrupted } from "../terminal.ts";

interface Options {
  readonly port: string;
  readonly data?: readonly string[];
  readonly speed: string;
  readonly seed: string;
  readonly faults?: string;
  readonly var?: string;
  readonly option?: readonly string[];
  readonly equity: string;
  readonly from?: string;
  readonly shiftTo?: string;
  readonly json?: boolean;
}
interface SimulatorDeps {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Prints addresses and keys: those of the simulated venue protect nothing. */
  readonly outAsItIs?: (text: string) => void;
  /** Default SIGINT, SIGTERM and SIGHUP of this process. */
  readonly interruption?: () => Interruption;
}

const HELP = () => `
--data takes ${CANDLE_SYMBOLS.join(", ")}; spot follows the margin symbol where it has no candles of its own.
Venue time starts at the first candle (or --from) and runs with the wall clock times --speed; after the last candle prices
stand still. API-TIMESTAMP is checked against the wall clock. With --shift-to now the candles are moved to today: venue time
is the time of this machine, also after a restart, and the bundled days last for one more day. With --var the account survives a restart, its time resumes.
With --json the first line is {"restPublic","restPrivate","wsPublic","wsPrivate","apiKey","secret"}: a client appends
/v1/… to the REST addresses and /{token} to wsPrivate. SIGTERM, SIGHUP or Ctrl+C ends it with exit code 0.

Options with their defaults (times in ms of the wall clock, except where a line says venue ms):
${optionsText()}`;

export const registerSimulator = (program: Command, deps: SimulatorDeps): void => {
  program
    .command("simulator")
    .description("serve a simulated GMO Coin on 127.0.0.1 over HTTP and WebSocket, driven by recorded candles")
    .option("--port <n>", "port to listen on; 0 = any free one", "0")
    .option("--data <symbol=file...>", "candle files (CSV or .csv.gz, 1 or 15 minutes) instead of the bundled days")
    .option("--speed <x>", "venue seconds per second, above 0 to 100000", "1")
    .option("--seed <n>", "seed of fills, faults and keys", "42")
    .option("--faults <file>", "fault script (JSON, docs/venue.md)")
    .option("--var <dir>", "keep the account in this folder (default: in memory)")
    .option("--option <name=value...>", "options of the venue and the server, below")
    .option("--equity <jpy>", "yen a new account begins with", "1000000")
    .option("--from <iso>", "start of a new venue, e.g. 2025-07-15T00:00:00Z (default: the first candle)")
    .option("--shift-to <now>", "now: move the candles to the present by whole days, and run in real time")
    .option("--json", "first line of stdout is one JSON object with addresses and key")
    .addHelpText("after", HELP)
    .action((options: Options) => simulate(options, deps));
};

const simulate = async (options: Options, deps: SimulatorDeps): Promise<void> => {
  // Before everything else: a SIGTERM while the candles are read must end it cleanly.
  const { signal, release } = (deps.interruption ?? untilInterrupted)();
  let unlock: (() => void) | undefined;
  try {
    const given = checked(options);
    for (const [symbol, path] of given.files) {
      const other = coinInName(path);
      if (other !== undefined && !symbol.startsWith(other))
        deps.err(`note: ${symbol} is read from ${path}, named ${other}`);
    }
    if (options.var !== undefined) {
      makeStateFolder(options.var);
      unlock = lockFolder(options.var);
    }
    const venue = openGiven(options, given);
    // What was due while it was down happens now, in order.
    if (given.shifted) venue.simulator.advanceTo(latest(realClock.nowMs(), venue.simulator.nowMs()));
    let fail: (error: unknown) => void = () => undefined;
    const ended = new Promise<void>((resolve, reject) => {
      fail = reject;
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    // The await below reports it; a failure may come before that await.
    ended.catch(() => undefined);
    let server: VenueServer;
    try {
      server = await startVenueServer({
        ...venue,
        port: given.port,
        speed: given.speed,
        options: given.options.server,
        onFailure: (error) => fail(error),
        onSlow: () =>
          deps.err(`note: this machine does not keep up with --speed ${given.speed}: venue time runs slower`),
      });
    } catch (e) {
      venue.simulator.close();
      throw asUsage(e);
    }
    try {
      announce(server, venue, options, given, deps);
      await ended;
    } finally {
      await server.close();
    }
  } finally {
    unlock?.();
    release(signal.aborted ? "leave" : undefined);
  }
};

interface Given {
  readonly port: number;
  readonly speed: number;
  readonly seed: number;
  readonly equity: number;
  readonly fromMs: EpochMs | undefined;
  readonly shifted: boolean;
  readonly files: ReadonlyMap<string, string>;
  readonly options: GivenOptions;
}

/** Checks everything on the command line that needs no file. Throws UsageError. */
const checked = (options: Options): Given => ({
  port: number("--port", options.port, /^\d{1,5}$/, 0, 65_535, "a port from 0 to 65535"),
  speed: number("--speed", options.speed, /^\d{1,6}(\.\d{1,6})?$/, 1e-6, 100_000, "a number above 0, at most 100000"),
  seed: number("--seed", options.seed, /^\d{1,15}$/, 0, 1e15, "a whole number of 0 or more"),
  equity: number("--equity", options.equity, /^\d{1,12}$/, 1, 1e12, "whole yen above 0"),
  fromMs: options.from === undefined ? undefined : from(options.from),
  shifted: shifted(options),
  files: files(options.data ?? []),
  options: usage(() => parseOptions(options.option ?? [])),
});
const number = (name: string, text: string, form: RegExp, min: number, max: number, expected: string): number => {
  const value = form.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${name}: expected ${expected}, found ${JSON.stringify(text)}`);
};
const shifted = ({ shiftTo, from, speed }: Options): boolean => {
  if (shiftTo === undefined) return false;
  if (shiftTo !== "now") throw new UsageError(`--shift-to: expected now, found ${JSON.stringify(shiftTo)}`);
  if (from !== undefined)
    throw new UsageError("--from: expected it without --shift-to now, found both: choose one start");
  if (Number(speed) !== 1)
    throw new UsageError(
      `--speed: expected 1 with --shift-to now (venue time is real time), found ${JSON.stringify(speed)}`,
    );
  return true;
};
const from = (text: string): EpochMs => {
  try {
    return parseInstant(text);
  } catch (e) {
    throw new UsageError(`--from: ${(e as Error).message}`, { cause: e });
  }
};
const files = (given: readonly string[]): ReadonlyMap<string, string> => {
  const paths = new Map<string, string>();
  for (const text of given) {
    const [symbol = "", file = ""] = text.split(/=(.*)/s);
    if (!CANDLE_SYMBOLS.includes(symbol) || file === "" || paths.has(symbol))
      throw new UsageError(
        `--data: expected SYMBOL=FILE with a symbol of ${CANDLE_SYMBOLS.join(", ")}, each once, found ${JSON.stringify(text)}`,
      );
    paths.set(symbol, file);
  }
  return paths;
};

/** The coin that a candle file's name contains; undefined: none or both. The file itself names no symbol. */
const coinInName = (path: string): string | undefined => {
  const coins = ["BTC", "ETH"].filter((coin) => basename(path).toUpperCase().includes(coin));
  return coins.length === 1 ? coins[0] : undefined;
};

/** What a person has to change on the command line or in a file it names. */
const WRONG_USE = new Set(["SIM_OPTION", "SIM_FAULTS", "SIM_START", "SIM_MARKET", "CANDLE_FILE"]);
const asUsage = (e: unknown): unknown =>
  e instanceof AppError && WRONG_USE.has(e.code) ? new UsageError(e.message, { cause: e }) : e;
const usage = <T>(work: () => T): T => {
  try {
    return work();
  } catch (e) {
    throw asUsage(e);
  }
};

const openGiven = (options: Options, given: Given): OpenVenue =>
  usage(() => {
    const faults = options.faults === undefined ? undefined : parseFaults(readText(options.faults), options.faults);
    parseSocketRules(faults?.sockets, options.faults);
    return openVenue({
      ...(given.files.size === 0 ? {} : { candles: readCandles(given.files, reading) }),
      ...(options.var === undefined ? {} : { path: join(options.var, "simulator.db") }),
      ...(given.fromMs === undefined ? {} : { fromMs: given.fromMs }),
      ...(given.shifted ? { shiftToMs: realClock.nowMs() } : {}),
      ...(faults ? { faults } : {}),
      seed: given.seed,
      equity: yen(given.equity),
      options: given.options,
    });
  });
const readText = (path: string): string => {
  try {
    return readCapped(path, MEGABYTE).toString("utf8");
  } catch (e) {
    throw new UsageError(`--faults: expected a readable file, found ${path}: ${(e as Error).message}`, { cause: e });
  }
};

const announce = (
  { addresses, port }: VenueServer,
  { simulator, endMs }: OpenVenue,
  options: Options,
  { speed, seed, fromMs }: Given,
  { out, outAsItIs = out, err }: SimulatorDeps,
): void => {
  const nowMs = simulator.nowMs();
  const resumed = simulator.resumed ? ", going on" : "";
  if (simulator.resumed && fromMs !== undefined)
    err(`note: --from counts for a new venue only; the one in ${options.var} goes on at ${isoUtc(nowMs)}`);
  if (nowMs >= endMs) err(`note: the candles end at ${isoUtc(endMs)}: prices stand still`);
  if (options.json) {
    outAsItIs(JSON.stringify({ ...addresses, ...simulator.credentials() }));
    return;
  }
  out(`simulated GMO Coin on 127.0.0.1:${port}, seed ${seed}, speed ${speed}`);
  out(`venue time  ${isoUtc(nowMs)} (${jstText(nowMs)})${resumed}; candles until ${isoUtc(endMs)}`);
  out(`account     ${options.var === undefined ? "in memory" : join(options.var, "simulator.db")}`);
  for (const [name, text] of Object.entries({ ...addresses, ...simulator.credentials() }))
    outAsItIs(`${name.padEnd(11)} ${text}`);
  out("Ctrl+C ends it");
};
