// `trader start`: the main job on recorded days. Owns the replay's identity (which days, seed, approver, settings): a second
// run continues exactly that replay, and anything else is refused rather than mixed into the same book.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { openDatabase } from "../../db/open.ts";
import type { Config } from "../../lib/core/config.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { parseEventsCsv } from "../../lib/core/events.ts";
import { formatE8 } from "../../lib/core/money.ts";
import {
  BAR_MS,
  DAY_MS,
  type EpochMs,
  epochMs,
  isoUtc,
  jstText,
  MINUTE_MS,
  parseInstant,
  SECOND_MS,
} from "../../lib/core/time.ts";
import { realClock, VirtualClock } from "../../lib/io/clock.ts";
import { createGmoVenue } from "../../lib/io/gmo/gmoVenue.ts";
import { noTimers } from "../../lib/io/gmo/timers.ts";
import { lockFolder } from "../../lib/io/lock.ts";
import { fileLogger } from "../../lib/io/logger.ts";
import { entropyHex, seededRandom } from "../../lib/io/random.ts";
import { BUNDLED_SYMBOLS, bundledCandleFile, bundledEventsFile, bundledSpreads } from "../../lib/sim/bundled.ts";
import { type CandleFile, readCandleFile } from "../../lib/sim/candleFile.ts";
import { CandleMarket } from "../../lib/sim/candleMarket.ts";
import { Simulator } from "../../lib/sim/simulator.ts";
import { SYMBOL_RULES } from "../../lib/sim/symbolRules.ts";
import { DEFAULT_MODEL_ID, type LoadedModel, loadModel, shippedDir } from "../../models/registry.ts";
import type { Database } from "../../queue/types.ts";
import { SYMBOLS } from "../facts.ts";
import { ledgerDifferences } from "../orders/ledger.ts";
import { type ReplaySummary, replaySummary, summaryText } from "../report/summary.ts";
import { writeReplayReport } from "../report/write.ts";
import { parseApprover, scriptedMessenger } from "./approver.ts";
import { progressLine } from "./progress.ts";
import { runReplay } from "./replay.ts";
import { claimMode, databasePath, META, venuePath, virtualNow } from "./state.ts";
import { storyLine } from "./story.ts";
import { createSystem } from "./system.ts";

const DEFAULT_DAYS = 3;
const DEFAULT_SEED = 42;

/** What makes a replay this replay. Stored with its database; everything in it is deterministic. */
const Identity = z.strictObject({
  fromMs: z.int(),
  toMs: z.int(),
  seed: z.int(),
  approver: z.string(),
  modelId: z.string(),
  dataSha256: z.string(),
  settings: z.record(z.string(), z.string()),
});
type Identity = z.infer<typeof Identity>;

interface Options {
  readonly from?: string;
  readonly days?: string;
  readonly approver?: string;
  readonly seed?: string;
  readonly var?: string;
  readonly model?: string;
  readonly data?: readonly string[];
  readonly fresh?: boolean;
  readonly json?: boolean;
}
interface Deps {
  readonly config: () => Config;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export const registerStart = (program: Command, deps: Deps): void => {
  program
    .command("start")
    .description("replay recorded days through the whole system (no settings needed)")
    .option(
      "--from <iso>",
      "first bar close to judge, e.g. 2025-08-11T21:00:00Z (default: the last 3 bundled venue days)",
    )
    .option("--days <n>", "venue days to replay")
    .option("--approver <who>", "all, none (never answers) or random:SEED (default all)")
    .option("--seed <n>", `seed of the simulated venue and of reaction times (default ${DEFAULT_SEED})`)
    .option("--var <dir>", "state folder")
    .option("--model <dir>", "model folder, or the id of a shipped model")
    .option("--data <symbol=file...>", "candle files (CSV or .csv.gz, 1 or 15 minutes) instead of the bundled days")
    .option("--fresh", "forget the replay in this folder and begin again")
    .option("--json", "last line of stdout is one JSON object about the whole database")
    .action((options: Options) => start(options, deps));
};

const wholeNumber = (name: string, text: string | undefined, min: number, max: number): number | undefined => {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(`${name}: expected a whole number from ${min} to ${max}, found ${JSON.stringify(text)}`);
  return value;
};

interface Data {
  readonly files: Readonly<Record<string, CandleFile>>;
  readonly sha256: string;
  readonly firstMs: EpochMs;
  readonly endMs: EpochMs;
}

const loadData = (given: readonly string[] | undefined): Data => {
  const paths = new Map<string, string>(BUNDLED_SYMBOLS.map((symbol) => [symbol, bundledCandleFile(symbol)]));
  if (given !== undefined) {
    paths.clear();
    for (const text of given) {
      const [symbol = "", file = ""] = text.split(/=(.*)/s);
      if (!(SYMBOLS as readonly string[]).includes(symbol) || file === "")
        throw new UsageError(
          `--data: expected SYMBOL=FILE with a symbol of ${SYMBOLS.join(", ")}, found ${JSON.stringify(text)}`,
        );
      paths.set(symbol, file);
    }
    const missing = SYMBOLS.filter((symbol) => !paths.has(symbol));
    if (missing.length > 0)
      throw new UsageError(
        `--data: expected a file for each of ${SYMBOLS.join(", ")}, found none for ${missing.join(", ")}`,
      );
  }
  const files = Object.fromEntries([...paths].map(([symbol, path]) => [symbol, readCandleFile(path)]));
  const hash = createHash("sha256");
  for (const path of paths.values()) hash.update(readFileSync(path));
  const all = Object.values(files);
  return {
    files,
    sha256: hash.digest("hex"),
    firstMs: epochMs(Math.max(...all.map((f) => f.candles[0]?.openMs ?? Number.MAX_SAFE_INTEGER))),
    endMs: epochMs(Math.min(...all.map((f) => (f.candles.at(-1)?.openMs ?? 0) + f.intervalMs))),
  };
};

/** The window asked for, inside the data. `from` and the end are bar closes. */
const windowOf = (options: Options, data: Data): { readonly fromMs: EpochMs; readonly toMs: EpochMs } => {
  const days = wholeNumber("--days", options.days, 1, 366);
  let fromMs: EpochMs;
  if (options.from === undefined) fromMs = epochMs(data.endMs - (days ?? DEFAULT_DAYS) * DAY_MS);
  else
    try {
      fromMs = parseInstant(options.from);
    } catch (e) {
      throw new UsageError(`--from: ${(e as Error).message}`);
    }
  const toMs = epochMs(fromMs + (days ?? DEFAULT_DAYS) * DAY_MS);
  if (fromMs % BAR_MS !== 0)
    throw new UsageError(`--from: expected a bar boundary (a whole quarter of an hour), found ${isoUtc(fromMs)}`);
  if (fromMs < data.firstMs + DAY_MS || toMs > data.endMs)
    throw new UsageError(
      `expected days inside the recorded data (${isoUtc(data.firstMs)} to ${isoUtc(data.endMs)}, the first day serving as warm-up), found ${isoUtc(fromMs)} to ${isoUtc(toMs)}; choose other --from and --days`,
    );
  return { fromMs, toMs };
};

const settingsOf = (config: Config): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config)
      .filter(([name]) => !["MODE", "VAR_DIR", "LOG_LEVEL"].includes(name))
      .map(([name, value]) => [name, typeof value === "bigint" ? formatE8(value) : String(value)]),
  );

/** The stored replay of this folder, checked against what was asked for now; or undefined for a new one. */
const storedIdentity = (db: Database, options: Options, config: Config, data: Data): Identity | undefined => {
  const text = db.read.meta.get(META.replay);
  if (text === undefined) return undefined;
  const stored = Identity.parse(JSON.parse(text));
  const differs = (what: string, found: string, wanted: string): never => {
    throw new UsageError(
      `this folder holds a replay with ${what} ${found}, not ${wanted}: leave the option away to continue it, or use --fresh or another --var folder`,
    );
  };
  const days = wholeNumber("--days", options.days, 1, 366);
  const seed = wholeNumber("--seed", options.seed, 0, 2_147_483_647);
  if (options.from !== undefined || days !== undefined) {
    const asked = windowOf(
      {
        ...options,
        from: options.from ?? isoUtc(epochMs(stored.fromMs)),
        days: String(days ?? (stored.toMs - stored.fromMs) / DAY_MS),
      },
      data,
    );
    if (asked.fromMs !== stored.fromMs || asked.toMs !== stored.toMs)
      differs(
        "the days",
        `${isoUtc(epochMs(stored.fromMs))} to ${isoUtc(epochMs(stored.toMs))}`,
        `${isoUtc(asked.fromMs)} to ${isoUtc(asked.toMs)}`,
      );
  }
  if (seed !== undefined && seed !== stored.seed) differs("the seed", String(stored.seed), String(seed));
  if (options.approver !== undefined && options.approver !== stored.approver)
    differs("the approver", stored.approver, options.approver);
  if (data.sha256 !== stored.dataSha256)
    differs("other candle data,", stored.dataSha256.slice(0, 12), data.sha256.slice(0, 12));
  const settings = settingsOf(config);
  for (const [name, value] of Object.entries(settings))
    if (stored.settings[name] !== value) differs(name, String(stored.settings[name]), value);
  return stored;
};

const modelFor = (name: string | undefined): LoadedModel =>
  loadModel(
    name === undefined
      ? shippedDir(DEFAULT_MODEL_ID)
      : existsSync(join(name, "manifest.json")) || name.includes("/")
        ? name
        : shippedDir(name),
  );

/** A model that has seen the days it is judged on proves nothing (DESIGN 9). */
export const refuseSeenDays = (model: LoadedModel, fromMs: EpochMs): void => {
  if (model.dataEndMs > fromMs)
    throw new AppError(
      "permanent",
      "MODEL_SAW_THESE_DAYS",
      `expected a model whose data end before the replay (${isoUtc(fromMs)}), found ${model.id} with data until ${isoUtc(epochMs(model.dataEndMs))}; choose later days or an older model`,
    );
};

/** Deletes a finished or broken-off replay; never the book of paper or real trades. */
const forget = (varDir: string): void => {
  const path = databasePath(varDir);
  if (existsSync(path)) {
    const db = openDatabase(path);
    const mode = db.read.meta.get(META.mode);
    db.close();
    if (mode !== undefined && mode !== "replay")
      throw new AppError(
        "permanent",
        "NOT_A_REPLAY",
        `expected a replay in ${varDir} to forget, found a book of mode ${mode}: it stays; use another --var folder`,
      );
  }
  for (const file of [path, venuePath(varDir)])
    for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  rmSync(join(varDir, "report.html"), { force: true });
};

const start = async (options: Options, deps: Deps): Promise<void> => {
  const startedMs = realClock.monotonicMs();
  const config = deps.config();
  const varDir = options.var ?? config.VAR_DIR;
  const data = loadData(options.data);
  const approverText = options.approver ?? "all";
  parseApprover(approverText); // before anything is written
  const model = modelFor(options.model);
  // Everything that can be refused is refused before the folder is touched.
  const isNew = options.fresh === true || !existsSync(databasePath(varDir));
  const wanted = isNew ? newIdentity(options, config, data, model, approverText) : undefined;
  try {
    mkdirSync(varDir, { recursive: true });
  } catch (e) {
    throw new AppError(
      "permanent",
      "VAR_DIR",
      `expected a folder to write to, found ${varDir}: ${(e as Error).message}; choose another --var`,
      {},
      { cause: e },
    );
  }
  const unlock = lockFolder(varDir);
  try {
    if (options.fresh) forget(varDir);
    const db = openDatabase(databasePath(varDir));
    try {
      claimMode(db, "replay");
      const stored = storedIdentity(db, options, config, data);
      const identity = stored ?? wanted ?? newIdentity(options, config, data, model, approverText);
      if (stored && stored.modelId !== model.id)
        throw new UsageError(
          `this folder holds a replay of model ${stored.modelId}, not ${model.id}: give the same --model, or use --fresh`,
        );
      refuseSeenDays(model, epochMs(identity.fromMs));
      if (!stored) begin(db, identity, config, model);
      const summary = await replay({
        db,
        identity,
        config,
        model,
        data,
        varDir,
        deps,
        startedMs,
        json: options.json ?? false,
        resumed: stored !== undefined,
      });
      deps.out(summaryText(summary));
      if (options.json) deps.out(JSON.stringify(summary));
    } finally {
      db.close();
    }
  } finally {
    unlock();
  }
};

const newIdentity = (options: Options, config: Config, data: Data, model: LoadedModel, approver: string): Identity => {
  const window = windowOf(options, data);
  refuseSeenDays(model, window.fromMs);
  return {
    ...window,
    seed: wholeNumber("--seed", options.seed, 0, 2_147_483_647) ?? DEFAULT_SEED,
    approver,
    modelId: model.id,
    dataSha256: data.sha256,
    settings: settingsOf(config),
  };
};

/** One transaction: the identity, the calendar, the model, the starting equity and the first jobs of a new replay. */
const begin = (db: Database, identity: Identity, config: Config, model: LoadedModel): void => {
  const events = parseEventsCsv(readFileSync(bundledEventsFile(), "utf8"));
  const atMs = epochMs(identity.fromMs);
  db.transaction((tx) => {
    tx.meta.set(META.replay, JSON.stringify(identity));
    tx.meta.set(META.virtualNowMs, String(identity.fromMs));
    tx.events.import(events);
    tx.models.registerChampion(
      {
        id: model.id,
        featureSet: model.featureSet,
        manifestSha256: model.manifestSha256,
        dataEndMs: epochMs(model.dataEndMs),
      },
      atMs,
    );
    tx.equity.record(atMs, config.PAPER_EQUITY_JPY);
    tx.audit.append({
      atMs,
      kind: "replay.started",
      actor: "start",
      data: { ...identity, manifest: model.manifestSha256 },
    });
  });
};

/** Jobs somebody enqueued after the end (trader enqueue); nothing else can be ready then. */
const dueJobs = (db: Database): number => db.read.jobs.stats(virtualNow(db) ?? epochMs(0)).due;

interface Replay {
  readonly db: Database;
  readonly identity: Identity;
  readonly config: Config;
  readonly model: LoadedModel;
  readonly data: Data;
  readonly varDir: string;
  readonly deps: Deps;
  readonly startedMs: number;
  readonly json: boolean;
  readonly resumed: boolean;
}

const replay = async (r: Replay): Promise<ReplaySummary> => {
  const { db, identity, config, model, data, varDir, deps } = r;
  const finished = db.read.meta.get(META.summary);
  const waiting = finished === undefined ? 0 : dueJobs(db);
  if (waiting > 0) deps.err(`this replay has ended; running ${waiting} job(s) enqueued since`);
  else if (finished !== undefined) {
    deps.err(`this replay has ended (trader start --fresh begins it again); its summary:`);
    return JSON.parse(finished) as ReplaySummary;
  }
  const fromMs = epochMs(identity.fromMs);
  const toMs = epochMs(identity.toMs);
  const now = virtualNow(db) ?? fromMs;
  deps.err(
    `${r.resumed ? "continuing" : "replaying"} ${jstText(fromMs)} to ${jstText(toMs)}, model ${model.id}, seed ${identity.seed}, approver ${identity.approver}`,
  );
  const simulator = Simulator.open({
    path: venuePath(varDir),
    market: new CandleMarket({ candles: data.files, rules: SYMBOL_RULES, spreadsBps: bundledSpreads() }),
    seed: identity.seed,
    rules: SYMBOL_RULES,
    startEquity: config.PAPER_EQUITY_JPY,
    startMs: fromMs,
  });
  // The venue's file is ahead of our own note of the time: it is written at every step.
  const clock = new VirtualClock(epochMs(Math.max(now, simulator.nowMs())));
  const log = fileLogger(config.LOG_LEVEL, join(varDir, "logs"));
  const progress = progressLine(process.stderr, fromMs, toMs);
  const bootId = entropyHex();
  const venue = createGmoVenue({
    transport: simulator.transport(),
    credentials: simulator.credentials(),
    clock,
    log,
    timers: noTimers,
  });
  const system = createSystem({
    db,
    clock,
    config,
    venue,
    model,
    messenger: scriptedMessenger(parseApprover(identity.approver), identity.seed),
    account: "replay",
    pollMs: MINUTE_MS,
    log,
    bootId,
    random: seededRandom(`${identity.seed}:jitter`),
    concurrency: 1,
    virtual: true,
  });
  try {
    if (!r.resumed)
      for (const symbol of SYMBOLS)
        system.store.enqueue({ name: "collectHistory", key: `collectHistory:${symbol}:start`, input: { symbol } });
    await runReplay({
      system,
      simulator,
      clock,
      fromMs,
      toMs,
      bootId,
      onAudit: (rows) => {
        for (const row of rows) {
          const line = storyLine(row);
          if (line !== undefined) progress.print(line, deps.out);
        }
      },
      onProgress: progress.show,
    });
    progress.end();
    if (finished !== undefined) return JSON.parse(finished) as ReplaySummary;
    for (const message of db.read.outbox.after(0).filter((m) => m.kind === "report")) deps.out(`\n${message.text}`);
    const reportPath = join(varDir, "report.html");
    const differences = await ledgerDifferences({ db: db.read, venue }, SYMBOLS);
    for (const difference of differences) deps.err(`book and venue differ: ${JSON.stringify(difference)}`);
    const summary = replaySummary(db, {
      ledgerMatchesVenue: differences.length === 0,
      equityStart: config.PAPER_EQUITY_JPY,
      equityEnd: (await venue.margin()).equity,
      dbPath: db.path,
      reportPath,
      elapsedMs: Math.round(realClock.monotonicMs() - r.startedMs),
    });
    writeFileSync(reportPath, writeReplayReport(db.read, { fromMs, toMs, config, model, summary }));
    db.transaction((tx) => tx.meta.set(META.summary, JSON.stringify(summary)));
    return summary;
  } finally {
    await system.worker.stop({ graceMs: 5 * SECOND_MS });
    simulator.close();
  }
};
