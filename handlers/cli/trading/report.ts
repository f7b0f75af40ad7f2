// `trader report`: a day, week or month computed from the database as it is now, as text, JSON or a picture. It changes
// nothing unless --save is given: then it rewrites the finished days' rows of daily_summary and model_performance.
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import type { Config } from "../../../lib/core/config.ts";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { PERIOD_KINDS, type Period, parsePeriod, periodAt } from "../../../lib/core/period.ts";
import { LOCALES, type Locale } from "../../../lib/core/text/locale.ts";
import { DAY_MS, type EpochMs, earliest, plusMs } from "../../../lib/core/time.ts";
import { storageError } from "../../../lib/io/storageTrouble.ts";
import { periodReport } from "../../report/day.ts";
import { reportText } from "../../report/reportText.ts";
import { headsOfDays, reportChart, summaryRow } from "../../report/sendReport.ts";
import type { State } from "../../runtime/stateFolder.ts";
import { reportJson } from "../json/report.ts";

interface Deps {
  readonly config: () => Config;
  readonly open: (options: { var?: string }) => State;
  /** Read-only. */
  readonly look: (options: { var?: string }) => State;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}
interface Options {
  readonly day?: string;
  readonly week?: string;
  readonly month?: string;
  readonly var?: string;
  readonly json?: boolean;
  readonly locale?: string;
  readonly chart?: string;
  readonly save?: boolean;
}

export const registerReport = (program: Command, deps: Deps): void => {
  program
    .command("report")
    .description("the report of a JST day (default: today so far), week or month, computed anew")
    .option("--day <date>", "YYYY-MM-DD")
    .option("--week <date>", "any day of the week, YYYY-MM-DD; weeks begin on Monday")
    .option("--month <month>", "YYYY-MM")
    .option("--locale <language>", "en or ja (default: the setting LOCALE)")
    .option("--chart <file.png>", "also write the equity chart there")
    .option("--save", "also write the finished days' rows of daily_summary and model_performance again")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action((options: Options) => tellReport(options, deps));
};

const askedFor = (options: Options, nowMs: EpochMs): Period => {
  const given = PERIOD_KINDS.filter((kind) => options[kind] !== undefined);
  const [kind] = given;
  if (given.length > 1)
    throw new UsageError(`expected one of --day, --week, --month, found --${given.join(" and --")}`);
  if (kind === undefined) return periodAt("day", nowMs);
  try {
    return parsePeriod(kind, options[kind] ?? "");
  } catch (e) {
    throw new UsageError(`--${kind}: ${(e as Error).message}`);
  }
};
const localeOf = (options: Options, config: Config): Locale => {
  const wanted = options.locale ?? config.LOCALE;
  const locale = LOCALES.find((l) => l === wanted);
  if (locale === undefined)
    throw new UsageError(`--locale: expected ${LOCALES.join(" or ")}, found ${JSON.stringify(wanted)}`);
  return locale;
};

const tellReport = (options: Options, deps: Deps): void => {
  const config = deps.config();
  const locale = localeOf(options, config);
  const state = (options.save ? deps.open : deps.look)(options);
  try {
    const nowMs = state.clock.nowMs();
    const period = askedFor(options, nowMs);
    if (period.fromMs > nowMs)
      throw new UsageError(`--${period.kind}: expected a ${period.kind} that has begun, found ${period.name}`);
    const endMs = earliest(period.toMs, nowMs + 1);
    const report = periodReport(state.db.read, config, period, endMs);
    if (options.chart !== undefined) {
      const png = reportChart(state.db.read, report, period.toMs);
      if (png === undefined)
        throw new AppError(
          "permanent",
          "NO_EQUITY",
          `expected equity points in ${period.name}, found none: nothing was judged in it; leave --chart out`,
        );
      try {
        writeFileSync(options.chart, png);
      } catch (e) {
        throw (
          storageError(e, options.chart) ??
          new UsageError(
            `--chart: expected a file that can be written, found ${(e as Error).message}; its folder must exist`,
            { cause: e },
          )
        );
      }
    }
    if (options.save) saveDays(state, config, period, nowMs, deps.err);
    deps.out(options.json ? JSON.stringify(reportJson(report)) : reportText(locale, report));
  } finally {
    state.close();
  }
};

/** Writes the rows of the finished days; the row of an unfinished day is written at its end. */
const saveDays = (state: State, config: Config, period: Period, nowMs: EpochMs, tell: (text: string) => void): void => {
  let saved = 0;
  for (let at = period.fromMs; at < period.toMs; at = plusMs(at, DAY_MS)) {
    const day = periodAt("day", at);
    if (day.toMs > nowMs) break;
    const report = periodReport(state.db.read, config, day, day.toMs);
    const heads = headsOfDays(state.db.read, day.name, day.toMs);
    state.db.transaction((tx) => {
      tx.dailySummary.upsert(summaryRow(report));
      for (const { date, rows } of heads) for (const row of rows) tx.modelPerformance.upsert(date, row, nowMs);
      tx.audit.append({ atMs: nowMs, kind: "report.saved", actor: "cli", data: { date: day.name } });
    });
    saved += 1;
  }
  tell(`saved the rows of ${saved} finished ${saved === 1 ? "day" : "days"}`);
};
