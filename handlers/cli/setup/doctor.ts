// `trader doctor`: checks whether this machine can run the system. Each check says what it found and, when it failed,
// what to do.
import { existsSync, rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import { META } from "../../../db/tables/meta.ts";
import { capitalText, tradableWith } from "../../../lib/core/capital.ts";
import type { Config } from "../../../lib/core/config.ts";
import { AppError, errorText, UsageError } from "../../../lib/core/errors.ts";
import { computeFeatures, FEATURE_WINDOW_BARS } from "../../../lib/core/features.ts";
import { isRehearsal } from "../../../lib/core/liveSettings.ts";
import { symbolsOf } from "../../../lib/core/product.ts";
import { BAR_MS, DAY_MS, type EpochMs, epochMs, isoUtc, jstText, parseInstant } from "../../../lib/core/time.ts";
import { clockProblem } from "../../../lib/core/venueClock.ts";
import { realClock } from "../../../lib/io/clock.ts";
import { isLocked } from "../../../lib/io/lock.ts";
import { openSqlite } from "../../../lib/io/sqlite.ts";
import { notWritable, storageError } from "../../../lib/io/storageTrouble.ts";
import { ALL_RULES } from "../../../lib/sim/engine/symbolRules.ts";
import { BUNDLED_SYMBOLS, bundledCandleFile } from "../../../lib/sim/market/bundled.ts";
import { readCandleFile } from "../../../lib/sim/market/candleFile.ts";
import { DEFAULT_MODEL_ID, loadModel, shippedDir } from "../../../models/registry.ts";
import { noPrices, noPricesText, pricesHealth } from "../../market/priceOutage.ts";
import { keptVenueClock } from "../../risk/venueClock.ts";
import { verifyAudit } from "../../runtime/auditWitness.ts";
import { databasePath, makeStateFolder, openToLook, productOf, venuePath } from "../../runtime/stateFolder.ts";
import { runnerHealth } from "../../runtime/workerStatus.ts";
import type { DoctorJson } from "../json/results.ts";
import { calendarGap } from "./calendar.ts";
import { networkChecks } from "./networkChecks.ts";
import { type Finding, telegramChecks } from "./telegramChecks.ts";

type Check = Finding;

/** What a check found that lets the system run, but that a person should change. */
interface Warning {
  readonly warning: string;
}
/** Runs one check; the message of what it throws is the finding. */
const check = (name: string, work: () => string | Warning): Check => {
  try {
    const found = work();
    return typeof found === "string"
      ? { name, ok: true, found }
      : { name, ok: true, warning: true, found: found.warning };
  } catch (e) {
    return { name, ok: false, found: errorText(e) };
  }
};

const OLDEST_SANE_CLOCK = parseInstant("2026-11-01T00:00:00Z");
const OLD_MODEL_DAYS = 90;
const SMALLEST_FREE_BYTES = 500_000_000;

/** What the worker last measured: the check itself asks no exchange. Throws on a clock that halts entries. */
const exchangeClock = (dir: string): string => {
  if (!existsSync(databasePath(dir))) return "not measured yet (the worker measures it)";
  const { db } = openToLook(dir);
  try {
    const kept = keptVenueClock(db.read);
    if (kept === undefined) return "not measured yet (the worker measures it)";
    const { measured, publicMs } = kept.clock;
    const at = `measured ${jstText(epochMs(kept.atMs))}`;
    const seconds = (ms: number): string => `${ms < 0 ? "-" : "+"}${(Math.abs(ms) / 1_000).toFixed(2)} s`;
    // On paper the account is simulated here: the exchange's clock shows in its public replies alone.
    const own =
      measured === undefined
        ? "unknown"
        : `${seconds(measured.offsetMs)} (± ${(measured.errorMs / 1_000).toFixed(2)} s)`;
    const byPrices = publicMs === undefined ? "no public reply" : publicMs === 0 ? "agrees" : seconds(publicMs);
    const refused = kept.clock.refused === true ? ", and requests refused for their timestamp" : "";
    const found = `by account replies ${own}, by public replies ${byPrices}${refused}`;
    if (clockProblem(kept.clock) !== undefined)
      throw new Error(
        `expected the exchange's clock within 5 s of this server's and steady, found ${found}, ${at}; start time synchronisation (timedatectl), then wait for the next reconcile`,
      );
    return `${found}, ${at}`;
  } finally {
    db.close();
  }
};

const checks = (config: Config, dir: string): readonly Check[] => [
  check("node", () => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    if (major < 20 || (major === 20 && minor < 18))
      throw new Error(`expected Node 20.18.1 or later, found ${process.versions.node}; install a newer Node`);
    return process.versions.node;
  }),
  check("clock", () => {
    const now = realClock.nowMs();
    if (now < OLDEST_SANE_CLOCK)
      throw new Error(
        `expected a clock after ${isoUtc(OLDEST_SANE_CLOCK)}, found ${isoUtc(now)}; start time synchronisation`,
      );
    return isoUtc(now);
  }),
  check("exchange clock", () => exchangeClock(dir)),
  check("state folder", () => {
    makeStateFolder(dir);
    for (const file of [databasePath(dir), venuePath(dir), join(dir, "runner.lock"), join(dir, "progress.json")]) {
      const refused = notWritable(file);
      if (refused !== undefined) throw new Error(refused);
    }
    const mode = statSync(dir).mode & 0o077;
    return mode === 0 ? dir : { warning: `${dir}, which others on this machine can read: chmod 700 ${dir}` };
  }),
  check("disk", () => {
    const { bavail, bsize } = statfsSync(dir);
    const free = bavail * bsize;
    if (free < SMALLEST_FREE_BYTES)
      throw new Error(`expected 500 MB free, found ${Math.round(free / 1e6)} MB; make room`);
    return `${Math.round(free / 1e6)} MB free`;
  }),
  check("sqlite", () => {
    const path = join(dir, `doctor-${process.pid}.db`);
    try {
      const db = openSqlite(path); // throws unless WAL and synchronous=FULL hold
      const version = db.prepare("SELECT sqlite_version()").pluck().get();
      db.close();
      return `SQLite ${String(version)}, WAL, synchronous=FULL`;
    } finally {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    }
  }),
  check("database", () => {
    const path = databasePath(dir);
    if (!existsSync(path)) return "none yet (trader start or trader worker makes it)";
    const { db } = openToLook(dir);
    try {
      const audit = verifyAudit(db, dir);
      if (audit.problems.length > 0)
        throw new Error(
          `expected a whole audit log, found: ${audit.problems.join("; ")}; compare with a backup, or restore one: trader restore FILE`,
        );
      const integrity = db.sql.pragma("quick_check", { simple: true });
      if (integrity !== "ok")
        throw new Error(`expected a sound file, found ${String(integrity)}; restore a backup: trader restore FILE`);
      const product = productOf(db) ?? config.PRODUCT;
      if (product !== config.PRODUCT)
        throw new Error(
          `expected PRODUCT=${product} as this folder was begun with, found PRODUCT=${config.PRODUCT} in the settings; change it, or use another --var folder`,
        );
      return `${path}, mode ${db.read.meta.get("mode") ?? "none yet"}, ${product}, audit log whole${audit.lost.length > 0 ? `, but ${audit.lost.join("; ")}` : ""}`;
    } catch (e) {
      throw storageError(e, path) ?? e;
    } finally {
      db.close();
    }
  }),
  check("worker", () => {
    const path = databasePath(dir);
    if (!existsSync(path)) return "none has run yet";
    const { db } = openToLook(dir);
    try {
      const replay = db.read.meta.get(META.mode) === "replay";
      const { light, why } = runnerHealth(db, { locked: isLocked(dir), replay, realNowMs: realClock.realNowMs() });
      if (light === "red") throw new Error(`expected a healthy worker, found it RED: ${why}`);
      return light === "off" ? "none is running" : light === "green" ? "running, healthy" : light;
    } catch (e) {
      throw storageError(e, path) ?? e;
    } finally {
      db.close();
    }
  }),
  check("prices", () => {
    // Recorded by a running worker: without one it is out of date.
    if (!existsSync(databasePath(dir)) || !isLocked(dir)) return "no worker is running";
    const { db, clock } = openToLook(dir);
    try {
      const none = noPrices(db);
      const health = pricesHealth(none, clock.nowMs());
      if (!health.ok)
        throw new Error(
          `expected fresh prices, found ${health.why}; check this machine's clock and network, and the exchange's notices`,
        );
      return none === undefined ? "the worker gets fresh prices" : noPricesText(none);
    } catch (e) {
      throw storageError(e, databasePath(dir)) ?? e;
    } finally {
      db.close();
    }
  }),
  check("calendar", () => {
    const path = databasePath(dir);
    if (!existsSync(path)) return calendarText(undefined);
    const { db } = openToLook(dir);
    try {
      if (db.read.meta.get(META.mode) === "replay") return "the bundled one of the replayed days";
      return calendarText(db.read.events.lastMs());
    } catch (e) {
      throw storageError(e, path) ?? e;
    } finally {
      db.close();
    }
  }),
  check("indicators", () => {
    const candles = Array.from({ length: FEATURE_WINDOW_BARS }, (_, i) => {
      const close = 1_000_000 + 5_000 * Math.sin(i / 5) + 10 * (i % 7);
      return {
        openMs: epochMs(i * BAR_MS),
        open: close - 50,
        high: close + 200,
        low: close - 200,
        close,
        volume: 10 + (i % 5),
      };
    });
    const result = computeFeatures(candles);
    if (result.kind !== "ok")
      throw new Error(`expected 12 indicators of a made-up market, found: ${result.reason}; reinstall with npm ci`);
    return `${result.values.length} indicators (tulind works)`;
  }),
  check("model", () => {
    const model = loadModel(shippedDir(DEFAULT_MODEL_ID));
    const days = Math.floor((realClock.nowMs() - model.dataEndMs) / DAY_MS);
    const found = `${model.id}, data until ${isoUtc(epochMs(model.dataEndMs))}, checksums match`;
    return days <= OLD_MODEL_DAYS
      ? found
      : {
          warning: `${found}, ${days} DAYS OLD: good for replay and practice, train a newer one before you rely on it`,
        };
  }),
  check("bundled days", () =>
    BUNDLED_SYMBOLS.map((s) => `${s} ${readCandleFile(bundledCandleFile(s)).candles.length} candles`).join(", "),
  ),
  check("capital", () => capitalFound(config, dir)),
  check("mode", () => {
    if (config.MODE === "live" && !isRehearsal(config))
      throw new Error(
        "expected replay or paper, found live: live trading needs checks (key rights, balance, 7 days of paper) that this version does not have yet; it runs with a simulated exchange on this machine only",
      );
    return `${config.MODE}, ${config.PRODUCT}: ${symbolsOf(config.PRODUCT).join(", ")}`;
  }),
];

/** What the capital of the settings can trade at the newest prices that a worker has kept. */
const capitalFound = (config: Config, dir: string): string | Warning => {
  // Live it is required; on paper it limits the simulated account's yen.
  const { CAPITAL_LIMIT_JPY: limit, PAPER_EQUITY_JPY: paper } = config;
  const capital = limit !== undefined && (config.MODE === "live" || limit < paper) ? limit : paper;
  if (!existsSync(databasePath(dir))) return "what it can trade is known once a worker has read prices";
  const { db } = openToLook(dir);
  try {
    const markets = symbolsOf(config.PRODUCT).flatMap((symbol) => {
      const quote = db.read.quotes.newest(symbol);
      const rules = ALL_RULES.find((r) => r.symbol === symbol);
      return quote === undefined || rules === undefined ? [] : [{ ...rules, price: quote.ask }];
    });
    if (markets.length === 0) return "what it can trade is known once a worker has read prices";
    const found = capitalText(capital, config.MAX_POSITION_RATIO, markets);
    const none = tradableWith(capital, config.MAX_POSITION_RATIO, markets).every(({ size }) => size === 0n);
    return none ? { warning: `no trade is possible: ${found}` } : found;
  } catch (e) {
    throw storageError(e, databasePath(dir)) ?? e;
  } finally {
    db.close();
  }
};

/** Whether a worker has run in this folder: a replay needs no network. A database that cannot be read is another check's finding. */
const isOfWorker = (dir: string): boolean => {
  try {
    const { db } = openToLook(dir);
    try {
      return db.read.meta.get(META.mode) !== "replay";
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
};

/** Never a failure: paper runs without a calendar. */
const calendarText = (lastMs: EpochMs | undefined): string | Warning => {
  const gap = calendarGap(lastMs, realClock.nowMs());
  return gap === undefined ? `until ${lastMs === undefined ? "" : jstText(lastMs)}` : { warning: gap };
};

const mark = ({ ok, warning }: Check): string => (ok ? (warning ? "WARN" : "ok  ") : "FAIL");

export const registerDoctor = (
  program: Command,
  deps: { readonly config: () => Config; readonly out: (text: string) => void },
): void => {
  program
    .command("doctor")
    .description(
      "check settings, clock, disk, database, calendar, native modules, model, bundled data, network, and the bot when there is one",
    )
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action(async (options: { var?: string; json?: boolean }) => {
      let results: readonly Check[];
      try {
        const config = deps.config();
        const dir = options.var ?? config.VAR_DIR;
        results = [
          { name: "settings", ok: true, found: "all valid" },
          ...checks(config, dir),
          ...(await networkChecks(config, { needed: config.TELEGRAM_BOT_TOKEN !== undefined || isOfWorker(dir) })),
          ...(await telegramChecks(config, dir)),
        ];
      } catch (e) {
        if (!(e instanceof UsageError)) throw e;
        results = [{ name: "settings", ok: false, found: e.message }];
      }
      const failed = results.filter((r) => !r.ok);
      if (options.json) {
        const checked = results.map(({ name, ok, warning = false, found }) => ({ name, ok, warning, found }));
        const fact = { ok: failed.length === 0, checks: checked };
        deps.out(JSON.stringify(fact satisfies z.infer<typeof DoctorJson>));
      } else for (const r of results) deps.out(`${mark(r)}  ${r.name.padEnd(14)} ${r.found}`);
      if (failed.length > 0)
        throw new AppError(
          "permanent",
          "DOCTOR",
          `${failed.length} of ${results.length} checks failed: ${failed.map((r) => r.name).join(", ")}`,
        );
    });
};
