// The real-time system: wired, started, stopped. Paper by default; live is refused in this version.

import { join } from "node:path";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { openDatabase } from "../../db/open.ts";
import type { Config } from "../../lib/core/config.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { symbolsOf } from "../../lib/core/product.ts";
import { type EpochMs, epochMs, jstText, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import { type Clock, realClock, steadyClock } from "../../lib/io/clock.ts";
import { createGmoVenue } from "../../lib/io/gmo/gmoVenue.ts";
import { httpTransport } from "../../lib/io/gmo/httpTransport.ts";
import { realTimers, type Timers } from "../../lib/io/gmo/timers.ts";
import { lockFolder } from "../../lib/io/lock.ts";
import { fileLogger, type Logger } from "../../lib/io/logger.ts";
import { entropyHex, seededRandom } from "../../lib/io/random.ts";
import { type ServiceManager, serviceNotifier } from "../../lib/io/systemd.ts";
import { createTelegramClient } from "../../lib/io/telegram/client.ts";
import { SPOT_SYMBOL_RULES, SYMBOL_RULES } from "../../lib/sim/engine/symbolRules.ts";
import { QuoteMarket } from "../../lib/sim/market/quoteMarket.ts";
import { Simulator } from "../../lib/sim/simulator.ts";
import { DEFAULT_MODEL_ID, type LoadedModel, loadModel, shippedDir } from "../../models/registry.ts";
import type { Database } from "../../queue/types.ts";
import type { Messenger } from "../context.ts";
import { reconcileJob } from "../jobs.ts";
import { collectHistoryAtStart, retryHistory } from "../market/historyJobs.ts";
import { noPricesText, PriceOutage } from "../market/priceOutage.ts";
import { Bot, claimBot, ownersOf } from "../telegram/bot.ts";
import { telegramMessenger } from "../telegram/messenger.ts";
import { type HealthReporter, startHealthReporter, worstHealth } from "./healthReporter.ts";
import { paperTransport, startQuoteFeed } from "./paperMarket.ts";
import { quarantineIfRestored, startKeepingProgress } from "./restoredBackup.ts";
import { brokenFile, refusal, reportStopped, type Say, stopSignals } from "./shutdown.ts";
import { claimFolder, databasePath, makeStateFolder, venuePath } from "./stateFolder.ts";
import { createSystem, haltUntilReconciled } from "./system.ts";

/** What running handlers get after SIGTERM. queue/systemd/cryptotrader.service allows for it. */
export const GRACE_MS = 10 * SECOND_MS;
export const OUTBOX_LOOK_MS = 250;
export const REVIVE_EVERY_MS = 30 * MINUTE_MS;
/** Handlers at once: two chains, one entry, protection and a report side by side. */
export const CONCURRENCY = 4;
export interface Deps {
  readonly config: () => Config;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Default the real ones; a test may live at another time of day and without the venue's request pace. */
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** Under systemd: whom to tell. */
  readonly service?: ServiceManager | undefined;
}
export const requirePaper = (config: Config): void => {
  if (config.MODE === "replay")
    throw new UsageError("MODE: expected paper, found replay: recorded days are run by trader start");
  if (config.MODE === "live")
    throw new AppError(
      "permanent",
      "LIVE_NOT_AVAILABLE",
      "expected MODE=paper, found live: this version cannot trade real money; the checks it needs (key rights, balance, seven days of paper) do not exist yet",
    );
};
/** The champion is pinned by its manifest's checksum: a changed model is refused, not silently swapped. */
export const pinModel = (db: Database, model: LoadedModel): void =>
  db.transaction((tx) => {
    const champion = tx.models.champion();
    if (champion === undefined) {
      tx.models.registerChampion(
        {
          id: model.id,
          featureSet: model.featureSet,
          manifestSha256: model.manifestSha256,
          dataEndMs: epochMs(model.dataEndMs),
        },
        realClock.nowMs(),
      );
      return;
    }
    if (champion.id !== model.id || champion.manifestSha256 !== model.manifestSha256)
      throw new AppError(
        "permanent",
        "MODEL_NOT_CHAMPION",
        `expected this database's champion ${champion.id} (${champion.manifestSha256.slice(0, 12)}), found ${model.id} (${model.manifestSha256.slice(0, 12)}); restore that model, or use another --var folder`,
      );
  });
/** Who sleeps until a time that a clock set back has moved away looks now. */
export const heldClock = (db: Database, log: Logger, wakeAll: () => void): Clock =>
  steadyClock(realClock, {
    floorMs: db.read.audit.last()?.atMs,
    onSetBack: (byMs) => {
      log.error({ byMs }, "clock.setBack");
      try {
        wakeAll();
      } catch (error) {
        log.error({ err: error }, "clock.wakeFailed");
      }
    },
  });
export interface WorkerOptions {
  readonly var?: string;
  readonly json?: boolean;
}
export const runWorker = async (options: WorkerOptions, deps: Deps): Promise<void> => {
  const config = deps.config();
  const varDir = options.var ?? config.VAR_DIR;
  try {
    await run(options, deps, config, varDir);
  } catch (e) {
    throw refusal(e, varDir);
  }
};
export const run = async (options: WorkerOptions, deps: Deps, config: Config, varDir: string): Promise<void> => {
  const say: Say = (fact, text) => deps.out(options.json ? JSON.stringify(fact) : text);
  const notifier = serviceNotifier(deps.service, deps.err);
  requirePaper(config);
  makeStateFolder(varDir);
  // First of all, so that a stop during the start is a graceful one too.
  const stopping = stopSignals();
  const unlock = lockFolder(varDir);
  const db = openDatabase(databasePath(varDir));
  const closers: (() => void | Promise<void>)[] = [unlock, () => db.close()];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    claimFolder(db, "paper", config.PRODUCT);
    const model = loadModel(shippedDir(DEFAULT_MODEL_ID));
    pinModel(db, model);
    const broken = brokenFile(varDir);
    const log = fileLogger(config.LOG_LEVEL, join(varDir, "logs"), { onError: broken.look });
    let wakeAll: (() => unknown) | undefined;
    const clock = deps.clock ?? heldClock(db, log, () => wakeAll?.());
    const rules = config.PRODUCT === "spot" ? SPOT_SYMBOL_RULES : SYMBOL_RULES;
    const simulator = Simulator.open({
      path: venuePath(varDir),
      market: new QuoteMarket(rules),
      seed: "paper",
      rules,
      startEquity: config.PAPER_EQUITY_JPY,
      startMs: clock.nowMs(),
      options: { authClock: () => clock.nowMs() },
    });
    closers.push(() => simulator.close());
    const http = httpTransport({ publicUrl: config.GMO_PUBLIC_URL });
    closers.push(() => http.close());
    const venue = createGmoVenue({
      transport: paperTransport(http, simulator, clock),
      credentials: simulator.credentials(),
      clock,
      log,
      timers: deps.timers ?? realTimers,
      pace: { publicPerSecond: config.GMO_PUBLIC_PER_SECOND },
    });
    const telegram = await telegramParts(config);
    const bootId = entropyHex();
    const system = createSystem({
      db,
      clock,
      config,
      venue,
      model,
      messenger: telegram?.messenger ?? logMessenger(say),
      account: "paper",
      pollMs: config.QUOTE_POLL_SECONDS * SECOND_MS,
      log,
      bootId,
      random: seededRandom(bootId),
      concurrency: CONCURRENCY,
      virtual: false,
    });
    if (telegram === undefined) claimBot(db, 0);
    const bot =
      telegram &&
      new Bot({
        db,
        store: system.store,
        clock,
        config,
        venue,
        log,
        client: telegram.client,
        account: "paper",
        timers: realTimers,
        newToken: () => entropyHex(),
      });
    closers.push(() => bot?.stop());
    const restored = quarantineIfRestored({ db, store: system.store, clock, locale: config.LOCALE }, varDir);
    if (restored !== undefined) {
      log.error({ why: restored }, "database.quarantined");
      deps.err(
        `this database is a restored backup (${restored}): entries are paused until the venue and the book agree`,
      );
    }
    const progress = await startKeepingProgress({ db, varDir, log, clock, locale: config.LOCALE });
    closers.push(() => progress.end());
    collectHistoryAtStart(system.store, bootId, symbolsOf(config.PRODUCT));
    haltUntilReconciled(db, clock);
    system.store.enqueue({ ...reconcileJob(`start:${bootId}`), priority: 100 });
    system.store.wakeAll();
    wakeAll = () => system.store.wakeAll();
    let light: HealthReporter | undefined;
    const prices = new PriceOutage({
      db,
      store: system.store,
      clock,
      locale: config.LOCALE,
      log,
      report: deps.err,
      onChange: (hasPrices) => {
        light?.refresh();
        if (hasPrices) revive();
      },
    });
    // Also without an outage: the candles may have been refused while the prices went on.
    const revive = (): void => {
      if (prices.now() !== undefined) return;
      try {
        retryHistory(system.store);
      } catch (error) {
        log.error({ err: error }, "history.reviveFailed");
      }
    };
    const reviving = setInterval(revive, REVIVE_EVERY_MS);
    const pollMs = config.QUOTE_POLL_SECONDS * SECOND_MS;
    const feed = startQuoteFeed({
      venue: system.venue,
      simulator,
      db,
      store: system.store,
      clock,
      log,
      prices,
      pollMs,
      symbols: symbolsOf(config.PRODUCT),
    });
    const outbox = setInterval(() => {
      try {
        system.pumpOutbox();
      } catch (error) {
        log.error({ err: error }, "outbox.pumpFailed");
      }
    }, OUTBOX_LOOK_MS);
    closers.push(() => {
      clearInterval(outbox);
      clearInterval(reviving);
      feed.stop();
    });
    system.worker.start();
    bot?.start();
    light = startHealthReporter({
      worker: {
        health: () =>
          worstHealth(
            () => system.worker.health(),
            progress.health,
            () => bot?.health() ?? { ok: true },
          ),
        polledMs: () => system.worker.polledMs(),
      },
      notifier,
      clock,
      log,
      describe: () => {
        const none = prices.now();
        return `mode paper, ${none ? `${noPricesText(none)}, ` : ""}${marketText(db.read.snapshots.lastTakenMs())}`;
      },
      say,
    });
    closers.push(() => light?.end());
    await turnOfTheLoop(); // the first look at the queue has been made after it
    log.info({ mode: "paper", varDir, model: model.id, bootId }, "worker.started");
    say(
      { event: "started", mode: "paper", dbPath: db.path, model: model.id },
      `worker started: mode paper, database ${db.path}, model ${model.id}; Ctrl+C stops it`,
    );
    light.ready();
    const signal = await Promise.race([stopping.first, broken.found]);
    light.stopping();
    stopping.onSecond(() => void system.worker.stop({ graceMs: 0 }));
    if (signal instanceof AppError) {
      log.error({ err: signal }, "worker.fileBroken");
      await system.worker.stop({ graceMs: 0 });
      throw signal;
    }
    say(
      { event: "stopping", signal },
      `${signal}: finishing what runs (at most ${GRACE_MS / SECOND_MS} s; again to stop at once)`,
    );
    await system.worker.stop({ graceMs: GRACE_MS });
    log.info({ signal }, "worker.stopped");
    reportStopped(say, system.store);
  } finally {
    await closeAll();
    await notifier.close();
  }
};
export const marketText = (lastMs: EpochMs | undefined): string =>
  lastMs === undefined ? "no market data yet" : `last market data ${jstText(lastMs)}`;
/** What sends and asks, when the settings name a bot. */
export const telegramParts = async (config: Config) => {
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_API_URL: apiUrl, LOCALE: locale } = config;
  const owners = ownersOf(config);
  if (token === undefined || owners === undefined) return undefined;
  const client = await createTelegramClient({ token, apiUrl });
  return { client, messenger: telegramMessenger({ client, chatId: owners.chatId, locale }) };
};
/** Without Telegram the messages go to the terminal (and so to the service's journal); answers come by `trader approve`. */
export const logMessenger = (say: Say): Messenger => ({
  async deliver(message) {
    say(
      { event: "message", kind: message.kind, proposalId: message.proposalId ?? null, text: message.text },
      message.text,
    );
    return { kind: "delivered" };
  },
});
