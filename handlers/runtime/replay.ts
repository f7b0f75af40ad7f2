// Runs the system on recorded days: begins a replay, continues it, or prints the summary of a finished one.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../db/open.ts";
import { META } from "../../db/tables/meta.ts";
import type { Config } from "../../lib/core/config.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { parseEventsCsv } from "../../lib/core/events.ts";
import { symbolsOf } from "../../lib/core/product.ts";
import { epochMs, isoUtc, jstText, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import { realClock, VirtualClock } from "../../lib/io/clock.ts";
import { createGmoVenue } from "../../lib/io/gmo/gmoVenue.ts";
import { noTimers } from "../../lib/io/gmo/timers.ts";
import { lockFolder } from "../../lib/io/lock.ts";
import { fileLogger } from "../../lib/io/logger.ts";
import { entropyHex, seededRandom } from "../../lib/io/random.ts";
import { ALL_RULES, SYMBOL_RULES } from "../../lib/sim/engine/symbolRules.ts";
import { bundledEventsFile, bundledSpreads } from "../../lib/sim/market/bundled.ts";
import { CandleMarket } from "../../lib/sim/market/candleMarket.ts";
import { followersOf, SpotMarket } from "../../lib/sim/market/spotMarket.ts";
import { Simulator } from "../../lib/sim/simulator.ts";
import type { LoadedModel } from "../../models/registry.ts";
import type { Database } from "../../queue/types.ts";
import { collectHistoryJob } from "../jobs.ts";
import { ledgerDifferences } from "../reconciliation/compareBook.ts";
import { type ReplaySummary, replaySummary, summaryText } from "../report/summary.ts";
import { writeReplayReport } from "../report/write.ts";
import { accountFacts } from "../risk/account.ts";
import { fenceOf } from "../risk/fenceHalt.ts";
import { storyLine } from "./auditLine.ts";
import { createSystem } from "./createSystem.ts";
import { progressLine } from "./progress.ts";
import {
  checkOptions,
  describeRun,
  type Identity,
  loadData,
  modelFor,
  newIdentity,
  type ReplayData,
  refuseSeenDays,
  type StartOptions,
  storedIdentity,
} from "./replayIdentity.ts";
import { runReplay } from "./replayLoop.ts";
import { parseApprover, scriptedMessenger } from "./scriptedOwner.ts";
import { claimFolder, databasePath, makeStateFolder, venuePath, virtualNow } from "./stateFolder.ts";

export interface Deps {
  readonly config: () => Config;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly whenOutCloses?: (run: () => void) => void;
}
const removeDatabase = (path: string): void => {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
};
/** Deletes a finished or interrupted replay; never a database of paper or real trades. */
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
  removeDatabase(path);
  removeDatabase(venuePath(varDir));
  rmSync(join(varDir, "report.html"), { force: true });
};
export const start = async (options: StartOptions, deps: Deps): Promise<void> => {
  const startedMs = realClock.monotonicMs();
  const config = deps.config();
  // A person who sets MODE=live must not mistake a replay for real trading.
  if (config.MODE === "live")
    throw new UsageError(
      "MODE: expected replay or paper for trader start (npm start), found live: it replays recorded days with a simulated account and trades nothing; unset MODE to replay, trader worker is the system in real time",
    );
  const varDir = options.var ?? config.VAR_DIR;
  // All refusals come before the folder is changed, the cheapest checks first.
  checkOptions(options);
  const approverText = options.approver ?? "all";
  parseApprover(approverText);
  const model = modelFor(options.model);
  const data = loadData(options.data, config.PRODUCT);
  const isNew = options.fresh === true || !existsSync(databasePath(varDir));
  const wanted = isNew ? newIdentity(options, config, data, model, approverText) : undefined;
  makeStateFolder(varDir);
  const unlock = lockFolder(varDir);
  try {
    if (options.fresh) forget(varDir);
    const db = openDatabase(databasePath(varDir));
    try {
      claimFolder(db, "replay", config.PRODUCT);
      const stored = storedIdentity(db, options, config, data);
      const identity = stored ?? wanted ?? newIdentity(options, config, data, model, approverText);
      if (stored && stored.modelId !== model.id)
        throw new UsageError(
          `this folder holds a replay of model ${stored.modelId}, not ${model.id}: give the same --model, or use --fresh`,
        );
      refuseSeenDays(model, epochMs(identity.fromMs));
      if (!stored) {
        // Left over when --fresh was killed, or when the database was deleted by hand: a new database needs a new venue
        // file.
        removeDatabase(venuePath(varDir));
        begin(db, identity, config, model);
      }
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
      deps.out(options.json ? JSON.stringify(summary) : summaryText(summary));
    } finally {
      db.close();
    }
  } finally {
    unlock();
  }
};
/** One transaction: the identity, the calendar, the model and the starting equity of a new replay. */
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
/** Jobs enqueued after the end (trader enqueue); no other job can be ready then. */
const dueJobs = (db: Database): number => db.read.jobs.stats(virtualNow(db) ?? epochMs(0)).due;
interface Replay {
  readonly db: Database;
  readonly identity: Identity;
  readonly config: Config;
  readonly model: LoadedModel;
  readonly data: ReplayData;
  readonly varDir: string;
  readonly deps: Deps;
  readonly startedMs: number;
  readonly json: boolean;
  readonly resumed: boolean;
}
const replayMarket = ({ PRODUCT }: Config, { files: candles }: ReplayData) => {
  const rules = PRODUCT === "spot" ? ALL_RULES : SYMBOL_RULES;
  const recorded = new CandleMarket({ candles, rules, spreadsBps: bundledSpreads() });
  return { market: PRODUCT === "spot" ? new SpotMarket(recorded, rules) : recorded, rules };
};
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
    `${r.resumed ? "continuing" : "replaying"} ${jstText(fromMs)} to ${jstText(toMs)}, model ${model.id}, seed ${identity.seed}, approver ${identity.approver} (mode replay: simulated account)`,
  );
  const simulator = Simulator.open({
    path: venuePath(varDir),
    ...replayMarket(config, data),
    seed: identity.seed,
    startEquity: config.PAPER_EQUITY_JPY,
    startMs: fromMs,
  });
  // The venue's file is written at every step, so its time is ahead of the time in our database.
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
    ...fenceOf({ db, clock, config, log }),
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
  let isRead = true;
  deps.whenOutCloses?.(() => {
    isRead = false;
  });
  try {
    system.declareSchedules();
    // Also when resumed: the process may have been killed before this. The key makes enqueuing idempotent.
    for (const symbol of symbolsOf(config.PRODUCT)) system.store.enqueue(collectHistoryJob(symbol, "start"));
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
          if (line === undefined) continue;
          const fact = { event: "audit", seq: row.seq, at: isoUtc(row.atMs), kind: row.kind, text: line };
          progress.print(r.json ? JSON.stringify(fact) : line, deps.out);
        }
      },
      onProgress: progress.show,
      goesOn: () => isRead,
    });
    progress.end();
    if (!isRead)
      throw new AppError(
        "retry",
        "OUT_CLOSED",
        "expected a reader of the output until the replay ends, found the pipe closed; trader start in the same folder continues it",
      );
    if (finished !== undefined) return JSON.parse(finished) as ReplaySummary;
    for (const { text } of db.read.outbox.after(0).filter((m) => m.kind === "report"))
      deps.out(r.json ? JSON.stringify({ event: "report", text }) : `\n${text}`);
    const run = describeRun(identity, config, data, {
      followers: config.PRODUCT === "spot" ? followersOf(Object.keys(data.files)) : [],
      importantEvents: db.read.events.range(fromMs, toMs).filter((e) => e.importance === "high").length,
    });
    const reportPath = join(varDir, "report.html");
    const differences = await ledgerDifferences({ db: db.read, venue }, symbolsOf(config.PRODUCT));
    for (const difference of differences) deps.err(`book and venue differ: ${JSON.stringify(difference)}`);
    const summary = replaySummary(db, {
      product: config.PRODUCT,
      ledgerMatchesVenue: differences.length === 0,
      equityStart: config.PAPER_EQUITY_JPY,
      equityEnd: (await accountFacts({ db: db.read, venue }, config.PRODUCT)).equity,
      dbPath: db.path,
      reportPath,
      elapsedMs: Math.round(realClock.monotonicMs() - r.startedMs),
    });
    writeFileSync(reportPath, writeReplayReport(db.read, { fromMs, toMs, config, model, summary, run }));
    db.transaction((tx) => tx.meta.set(META.summary, JSON.stringify(summary)));
    return summary;
  } finally {
    await system.worker.stop({ graceMs: 5 * SECOND_MS });
    simulator.close();
  }
};
