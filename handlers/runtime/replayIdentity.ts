// What makes a replay this replay: which days of which candles, seed, approver, settings and model. A second run
// continues exactly that; anything else is refused with the option's name rather than mixed into the same book.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { META } from "../../db/tables/meta.ts";
import { type Config, SETTINGS, type SettingName } from "../../lib/core/config.ts";
import { isDefault, shownSetting } from "../../lib/core/configText.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { formatE8 } from "../../lib/core/money.ts";
import { ALL_SYMBOLS, modelSymbol, type Product, symbolsOf } from "../../lib/core/product.ts";
import { BAR_MS, DAY_MS, type EpochMs, epochMs, isoUtc, parseInstant } from "../../lib/core/time.ts";
import { BUNDLED_SYMBOLS, bundledCandleFile, bundledCandles } from "../../lib/sim/market/bundled.ts";
import { type CandleFile, readCandleFile } from "../../lib/sim/market/candleFile.ts";
import { DEFAULT_MODEL_ID, type LoadedModel, loadModel, shippedDir } from "../../models/registry.ts";
import type { Database } from "../../queue/types.ts";
import type { PriceSource, ReplayRun } from "../report/run.ts";
import { reading } from "./progress.ts";

const DEFAULT_DAYS = 3;
export const DEFAULT_SEED = 42;

/** What makes a replay this replay. Stored with its database; everything in it is deterministic. */
export const Identity = z.strictObject({
  fromMs: z.int(),
  toMs: z.int(),
  seed: z.int(),
  approver: z.string(),
  modelId: z.string(),
  dataSha256: z.string(),
  settings: z.record(z.string(), z.string()),
});
export type Identity = z.infer<typeof Identity>;

/** The options of the command line, as text. */
export interface StartOptions {
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
const wholeNumber = (name: string, text: string | undefined, min: number, max: number): number | undefined => {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(`${name}: expected a whole number from ${min} to ${max}, found ${JSON.stringify(text)}`);
  return value;
};

/** Checks the options before any file is read. Throws UsageError. */
export const checkOptions = (options: StartOptions): void => {
  wholeNumber("--days", options.days, 1, 366);
  wholeNumber("--seed", options.seed, 0, 2_147_483_647);
  if (options.from !== undefined) barClose(options.from);
};
const barClose = (text: string): EpochMs => {
  let atMs: EpochMs;
  try {
    atMs = parseInstant(text);
  } catch (e) {
    throw new UsageError(`--from: ${(e as Error).message}`);
  }
  if (atMs % BAR_MS !== 0)
    throw new UsageError(`--from: expected a bar boundary (a whole quarter of an hour), found ${isoUtc(atMs)}`);
  return atMs;
};

/** The candles of a replay and their checksums. */
export interface ReplayData {
  readonly files: Readonly<Record<string, CandleFile>>;
  readonly sha256: string;
  readonly sources: readonly PriceSource[];
  readonly firstMs: EpochMs;
  readonly endMs: EpochMs;
}

/** Throws UsageError for wrong use, AppError permanent CANDLE_FILE for a bad file. */
export const loadData = (given: readonly string[] | undefined, product: Product): ReplayData => {
  const paths = new Map<string, string>(BUNDLED_SYMBOLS.map((symbol) => [symbol, bundledCandleFile(symbol)]));
  if (given !== undefined) {
    paths.clear();
    // A coin without candles of its own follows its margin symbol.
    const traded = symbolsOf(product);
    const known: readonly string[] = product === "spot" ? ALL_SYMBOLS : traded;
    for (const text of given) {
      const [symbol = "", file = ""] = text.split(/=(.*)/s);
      if (!known.includes(symbol) || file === "")
        throw new UsageError(
          `--data: expected SYMBOL=FILE with a symbol of ${known.join(", ")}, found ${JSON.stringify(text)}`,
        );
      paths.set(symbol, file);
    }
    const missing = traded.filter((symbol) => !paths.has(symbol) && !paths.has(modelSymbol(symbol)));
    if (missing.length > 0)
      throw new UsageError(
        `--data: expected a file for each of ${traded.join(", ")}, found none for ${missing.join(", ")}`,
      );
  }
  const files: Readonly<Record<string, CandleFile>> =
    given === undefined
      ? bundledCandles()
      : Object.fromEntries(
          [...paths].map(([symbol, path]) => [symbol, readCandleFile(path, undefined, reading(path))]),
        );
  const hash = createHash("sha256");
  const sources: PriceSource[] = [];
  for (const [symbol, path] of paths) {
    const bytes = readFileSync(path);
    hash.update(bytes);
    const { candles, intervalMs } = files[symbol]!;
    const sha256 = sha256Of(bytes);
    sources.push({
      symbol,
      bundled: isBundledFile(symbol, sha256),
      file: basename(path),
      sha256,
      candles: candles.length,
      intervalMs,
      firstMs: epochMs(candles[0]?.openMs ?? 0),
      endMs: epochMs((candles.at(-1)?.openMs ?? 0) + intervalMs),
    });
  }
  const all = Object.values(files);
  return {
    files,
    sha256: hash.digest("hex"),
    sources,
    firstMs: epochMs(Math.max(...all.map((f) => f.candles[0]?.openMs ?? Number.MAX_SAFE_INTEGER))),
    endMs: epochMs(Math.min(...all.map((f) => (f.candles.at(-1)?.openMs ?? 0) + f.intervalMs))),
  };
};

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
/** Whether a file is the one that ships with the program, under whatever name. */
const isBundledFile = (symbol: string, sha256: string): boolean => {
  const own = BUNDLED_SYMBOLS.find((name) => name === symbol);
  return own !== undefined && sha256Of(readFileSync(bundledCandleFile(own))) === sha256;
};

/** The window asked for, inside the data. `from` and the end are bar closes. */
const windowOf = (options: StartOptions, data: ReplayData): { readonly fromMs: EpochMs; readonly toMs: EpochMs } => {
  const days = wholeNumber("--days", options.days, 1, 366);
  const fromMs =
    options.from === undefined ? epochMs(data.endMs - (days ?? DEFAULT_DAYS) * DAY_MS) : barClose(options.from);
  const toMs = epochMs(fromMs + (days ?? DEFAULT_DAYS) * DAY_MS);
  if (fromMs < data.firstMs + DAY_MS || toMs > data.endMs)
    throw new UsageError(
      `expected days inside the recorded data (${isoUtc(data.firstMs)} to ${isoUtc(data.endMs)}, the first day serving as warm-up), found ${isoUtc(fromMs)} to ${isoUtc(toMs)}; choose other --from and --days`,
    );
  return { fromMs, toMs };
};

const settingsOf = (config: Config): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config)
      // Only the worker uses the bot: a replay's result does not depend on it, and a token must not be stored in our
      // files.
      .filter(([name]) => !["MODE", "VAR_DIR", "LOG_LEVEL"].includes(name) && !name.startsWith("TELEGRAM_"))
      .map(([name, value]) => [name, typeof value === "bigint" ? formatE8(value) : String(value)]),
  );

/** The stored replay of this folder, checked against the options of now; undefined for a new one. */
export const storedIdentity = (
  db: Database,
  options: StartOptions,
  config: Config,
  data: ReplayData,
): Identity | undefined => {
  const text = db.read.meta.get(META.replay);
  if (text === undefined) return undefined;
  const stored = Identity.parse(JSON.parse(text));
  const differs = (what: string, found: string, wanted: string): never => {
    throw new UsageError(
      `this folder holds a replay with ${what} ${found}, not ${wanted}: leave it out to continue, or use --fresh or another --var folder`,
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

/** A shipped model by id, or any model folder by path. */
export const modelFor = (name: string | undefined): LoadedModel =>
  loadModel(
    name === undefined
      ? shippedDir(DEFAULT_MODEL_ID)
      : existsSync(join(name, "manifest.json")) || name.includes("/")
        ? name
        : shippedDir(name),
  );

/** A model must not be evaluated on days of its training data (DESIGN 9). */
export const refuseSeenDays = (model: LoadedModel, fromMs: EpochMs): void => {
  if (model.dataEndMs > fromMs)
    throw new AppError(
      "permanent",
      "MODEL_SAW_THESE_DAYS",
      `expected a model whose data end before the replay (${isoUtc(fromMs)}), found ${model.id} with data until ${isoUtc(epochMs(model.dataEndMs))}; choose later days or an older model`,
    );
};

/** The identity of a new replay. Throws UsageError for days outside the data. */
export const newIdentity = (
  options: StartOptions,
  config: Config,
  data: ReplayData,
  model: LoadedModel,
  approver: string,
): Identity => {
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

/** The settings that may change a replay's result; not where it is kept or how it reads. */
const shapesTheRun = (name: SettingName): boolean =>
  !["MODE", "VAR_DIR", "LOG_LEVEL", "LOCALE", "GMO_PRIVATE_URL", "LIVE_CONFIRM"].includes(name) &&
  !/^(TELEGRAM|GMO_API|GMO_WS)_/.test(name);

/** What the report says about data and method. */
export const describeRun = (
  identity: Identity,
  config: Config,
  data: ReplayData,
  facts: { readonly followers: ReplayRun["followers"]; readonly importantEvents: number },
): ReplayRun => {
  const usual = windowOf({}, data);
  return {
    sources: data.sources,
    followers: facts.followers,
    fromMs: epochMs(identity.fromMs),
    toMs: epochMs(identity.toMs),
    defaultDays: identity.fromMs === usual.fromMs && identity.toMs === usual.toMs,
    approver: identity.approver,
    seed: identity.seed,
    modelId: identity.modelId,
    defaultModel: identity.modelId === DEFAULT_MODEL_ID,
    settings: (Object.keys(SETTINGS) as SettingName[])
      .filter((name) => shapesTheRun(name) && !isDefault(config, name))
      .map((name) => `${name}=${String(shownSetting(config, name))}`),
    importantEvents: config.AVOID_NEWS_TIME ? facts.importantEvents : undefined,
  };
};
