// The sentences of a replay's report about its data and its method: each one from the run it describes. Pure.
import { type EpochMs, jstText, MINUTE_MS } from "../../lib/core/time.ts";

export interface PriceSource {
  readonly symbol: string;
  /** The days that ship with the program, recognised by their content; else the user's own file. */
  readonly bundled: boolean;
  /** Name without folders. */
  readonly file: string;
  readonly sha256: string;
  readonly candles: number;
  readonly intervalMs: number;
  readonly firstMs: EpochMs;
  readonly endMs: EpochMs;
}
export interface ReplayRun {
  readonly sources: readonly PriceSource[];
  /** Spot: coins that follow the candles of another symbol. */
  readonly followers: readonly { readonly symbol: string; readonly of: string; readonly factor: number }[];
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
  /** The window is the one that `trader start` takes without --from and --days. */
  readonly defaultDays: boolean;
  readonly approver: string;
  readonly seed: number;
  readonly modelId: string;
  /** Without --model. */
  readonly defaultModel: boolean;
  /** "MAX_SPREAD_BPS=9", those other than the defaults. */
  readonly settings: readonly string[];
  /** Important events in the days; undefined: the news gate is off. */
  readonly importantEvents: number | undefined;
}

const list = (names: readonly string[]): string => names.join(" and ");

const ofFile = (s: PriceSource): string =>
  `Prices of ${s.symbol}: the file ${s.file} (${s.candles} candles of ${s.intervalMs / MINUTE_MS} min, ${jstText(s.firstMs)} to ${jstText(s.endMs)}, SHA-256 ${s.sha256.slice(0, 12)}); where they come from is not known here.`;

/** Where the prices come from, and what is simulated. */
export const dataNote = ({ sources, followers }: Pick<ReplayRun, "sources" | "followers">): string => {
  const bundled = sources.filter((s) => s.bundled).map((s) => s.symbol);
  return [
    ...(bundled.length === 0
      ? []
      : [
          `Prices of ${list(bundled)}: the days that ship with the program, recorded Binance USDT candles times USD/JPY, rounded to the yen. They are not GMO Coin prices; at weekends the Friday rate is held.`,
        ]),
    ...sources.filter((s) => !s.bundled).map(ofFile),
    ...followers.map((f) => `${f.symbol} follows the candles of ${f.of} times ${f.factor}.`),
    "Orders, fills, fees and margin are those of the simulated venue; the spread is a measured mean by hour of the day, not of these files. A fee below zero is a maker rebate received.",
  ].join(" ");
};

/** How days, model, settings and answers were chosen: only what is recorded of it. */
export const methodNote = (run: ReplayRun): string =>
  [
    run.defaultDays
      ? `Days: ${jstText(run.fromMs)} to ${jstText(run.toMs)}, the last three of the data, taken when none are named.`
      : `Days: ${jstText(run.fromMs)} to ${jstText(run.toMs)}, named for this run.`,
    `Model: ${run.modelId}${run.defaultModel ? ", the one taken when none is named" : ", named for this run"}; its own data end before these days.`,
    run.settings.length === 0
      ? "Settings: the defaults."
      : `Settings other than the defaults: ${run.settings.join(", ")}.`,
    `Answers: ${answersText(run.approver)}, seed ${run.seed}.`,
    run.importantEvents === undefined
      ? "News: the gate is off."
      : run.importantEvents === 0
        ? "News: the calendar has no important event in these days, so the news gate stopped nothing."
        : `News: ${run.importantEvents} important events of the calendar that ships with the program.`,
    "How often these days were replayed before, and whether a choice above followed from a result, is not recorded: a result picked out of several runs shows nothing.",
  ].join(" ");

const answersText = (approver: string): string =>
  approver === "all"
    ? "a script approved every proposal"
    : approver === "none"
      ? "nobody answered"
      : `a script answered at random (${approver})`;
