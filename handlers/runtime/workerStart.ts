// The worker's third step: checks whether the database is a restored backup, halts entries until the first reconcile,
// and starts the schedules, the quote feed, the queue, the bot and the health reporter.

import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import type { Config } from "../../lib/core/config.ts";
import { symbolsOf } from "../../lib/core/product.ts";
import { type EpochMs, jstText, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import type { Notifier } from "../../lib/io/systemd.ts";
import type { Messenger } from "../context.ts";
import { reconcileJob } from "../jobs.ts";
import { collectHistoryAtStart, retryHistory } from "../market/historyJobs.ts";
import { noPricesText, PriceOutage } from "../market/priceOutage.ts";
import type { Closing } from "./closing.ts";
import { haltUntilReconciled, type System } from "./createSystem.ts";
import { type HealthReporter, startHealthReporter } from "./healthReporter.ts";
import { startQuoteFeed } from "./quoteFeed.ts";
import { quarantineIfRestored, startKeepingProgress } from "./restoredBackup.ts";
import type { Say } from "./shutdown.ts";
import type { Connections } from "./workerConnections.ts";
import type { Folder } from "./workerFolder.ts";

const OUTBOX_LOOK_MS = 250;
const REVIVE_EVERY_MS = 30 * MINUTE_MS;

export interface Running {
  readonly system: System;
  readonly reporter: HealthReporter;
  readonly messenger: Messenger;
}

export const start = async (
  closing: Closing,
  folder: Folder,
  connections: Connections,
  p: {
    readonly config: Config;
    readonly say: Say;
    readonly err: (text: string) => void;
    readonly notifier: Notifier;
  },
): Promise<Running> => {
  const { varDir, db, model, log } = folder;
  const { system, account, bot, bootId } = connections;
  const { config, say } = p;
  const { store } = system;
  const { clock } = system.desk;
  const locale = config.LOCALE;
  const symbols = symbolsOf(config.PRODUCT);
  const restored = quarantineIfRestored({ db, store, clock, locale }, varDir);
  if (restored !== undefined) {
    log.error({ why: restored }, "database.quarantined");
    p.err(`this database is a restored backup (${restored}): entries are paused until the venue and the book agree`);
  }
  const progress = await startKeepingProgress({ db, varDir, log, clock, locale, mayWrite: folder.watch.check });
  closing.add(() => progress.end());
  connections.addHealth(progress.health);
  collectHistoryAtStart(store, bootId, symbols);
  system.declareSchedules();
  haltUntilReconciled(db, clock);
  store.enqueue({ ...reconcileJob(`start:${bootId}`), priority: 100 });
  store.wakeAll();
  let reporter: HealthReporter | undefined;
  const prices = new PriceOutage({
    db,
    store,
    clock,
    locale,
    log,
    report: p.err,
    onChange: (hasPrices) => {
      reporter?.refresh();
      if (hasPrices) revive();
    },
  });
  connections.addHealth(prices.health);
  // Also without an outage: requests for candles may fail while the ticker works.
  const revive = (): void => {
    if (prices.now() !== undefined) return;
    try {
      retryHistory(store);
    } catch (error) {
      log.error({ err: error }, "history.reviveFailed");
    }
  };
  const reviving = setInterval(revive, REVIVE_EVERY_MS);
  closing.add(() => clearInterval(reviving));
  const pollMs = config.QUOTE_POLL_SECONDS * SECOND_MS;
  const quoteMaxAgeMs = config.QUOTE_MAX_AGE_SECONDS * SECOND_MS;
  const feed = startQuoteFeed({
    venue: system.venue,
    account,
    db,
    store,
    clock,
    log,
    prices,
    pollMs,
    quoteMaxAgeMs,
    symbols,
  });
  closing.add(() => feed.stop());
  const outbox = setInterval(() => {
    try {
      system.pumpOutbox();
    } catch (error) {
      log.error({ err: error }, "outbox.pumpFailed");
    }
  }, OUTBOX_LOOK_MS);
  closing.add(() => clearInterval(outbox));
  // Stopped gracefully before (untilStopped), this does nothing; else no handler may run on files that are being
  // closed.
  closing.add(() => system.worker.stop({ graceMs: 0 }));
  system.worker.start();
  bot?.start();
  reporter = startHealthReporter({
    worker: system.worker,
    notifier: p.notifier,
    clock,
    log,
    describe: () => {
      const none = prices.now();
      return `mode ${account.mode}, ${none ? `${noPricesText(none)}, ` : ""}${marketText(db.read.snapshots.lastTakenMs())}`;
    },
    say,
  });
  closing.add(() => reporter?.end());
  await turnOfTheLoop(); // The queue has made its first look after it.
  log.info({ mode: account.mode, varDir, model: model.id, bootId }, "worker.started");
  say(
    { event: "started", mode: account.mode, dbPath: db.path, model: model.id },
    `worker started: mode ${account.mode}, database ${db.path}, model ${model.id}; Ctrl+C stops it`,
  );
  reporter.ready();
  return { system, reporter, messenger: connections.messenger };
};

const marketText = (lastMs: EpochMs | undefined): string =>
  lastMs === undefined ? "no market data yet" : `last market data ${jstText(lastMs)}`;
