// Money and sizes as scaled integers. Floats never touch yen or coins; every division says how it rounds.
// One scale for everything: 1n = 1e-8 (docs/decisions/0002-money-scales.md).

declare const unit: unique symbol;
/** Yen, scaled: 1n = 1e-8 JPY. Used for prices (yen per whole coin) and amounts alike. */
export type YenE8 = bigint & { readonly [unit]: "yen_e8" };
/** Coins, scaled: 1n = 1e-8 of the base coin. */
export type CoinE8 = bigint & { readonly [unit]: "coin_e8" };
/** A dimensionless ratio, scaled: 1n = 1e-8 (a fee of 0.05 % is 50_000n). */
export type RatioE8 = bigint & { readonly [unit]: "ratio_e8" };

export const E8 = 100_000_000n;
export const yenE8 = (value: bigint): YenE8 => value as YenE8;
export const coinE8 = (value: bigint): CoinE8 => value as CoinE8;
export const ratioE8 = (value: bigint): RatioE8 => value as RatioE8;
/** Whole yen to YenE8. */
export const yen = (whole: number | bigint): YenE8 => (BigInt(whole) * E8) as YenE8;

const DECIMAL = /^(-?)(\d{1,20})(?:\.(\d{1,18}))?$/;

/**
 * Exact parse of a plain decimal string ("-12.34") to a 1e-8 integer.
 * Throws RangeError on anything else: exponents, blanks, or more than 8 significant decimals (nothing is rounded away).
 */
export const parseE8 = (text: string): bigint => {
  const match = DECIMAL.exec(text);
  if (!match) throw new RangeError(`expected a plain decimal such as "0.001", found ${JSON.stringify(text)}`);
  const [, sign, whole = "", fraction = ""] = match;
  const trimmed = fraction.replace(/0+$/, "");
  if (trimmed.length > 8) throw new RangeError(`expected at most 8 decimals, found ${JSON.stringify(text)}`);
  const value = BigInt(whole) * E8 + BigInt(trimmed.padEnd(8, "0"));
  return sign === "-" ? -value : value;
};
export const parseYen = (text: string): YenE8 => parseE8(text) as YenE8;
export const parseCoin = (text: string): CoinE8 => parseE8(text) as CoinE8;
export const parseRatio = (text: string): RatioE8 => parseE8(text) as RatioE8;

/** Exact plain decimal string of a 1e-8 integer, without trailing zeros and never with an exponent ("0.001"). */
export const formatE8 = (value: bigint): string => {
  const negative = value < 0n;
  const magnitude = negative ? -value : value;
  const fraction = (magnitude % E8).toString().padStart(8, "0").replace(/0+$/, "");
  return `${negative ? "-" : ""}${magnitude / E8}${fraction === "" ? "" : `.${fraction}`}`;
};

/** Nearest double: for display, features and statistics only, never back into an order. */
export const toNumber = (value: bigint): number => Number(value) / 1e8;

/** Nearest 1e-8 integer of a double (display-grade inputs such as ATR). Throws RangeError on NaN and infinities. */
export const fromNumber = (value: number): bigint => {
  if (!Number.isFinite(value)) throw new RangeError(`expected a finite number, found ${value}`);
  const whole = Math.trunc(value);
  return BigInt(whole) * E8 + BigInt(Math.round((value - whole) * 1e8));
};

/** Integer division rounding toward minus infinity. */
export const floorDiv = (a: bigint, b: bigint): bigint => {
  const q = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q;
};
/** Integer division rounding toward plus infinity. */
export const ceilDiv = (a: bigint, b: bigint): bigint => -floorDiv(-a, b);
/** Largest multiple of `step` not above `value`: sizes round down, so no limit is ever exceeded by rounding. */
export const floorToStep = <T extends bigint>(value: T, step: bigint): T => (floorDiv(value, step) * step) as T;
/** Smallest multiple of `step` not below `value`. */
export const ceilToStep = <T extends bigint>(value: T, step: bigint): T => (ceilDiv(value, step) * step) as T;

/** Yen needed for `size` at `price`. Rounds up to 1e-8 yen: for a limit check, over-estimating is the safe side. */
export const notionalYen = (price: YenE8, size: CoinE8): YenE8 => ceilDiv(price * size, E8) as YenE8;

/**
 * Realised or open P&L of `size` from `entry` to `exit`. Rounds down (toward minus infinity, below 1e-8 yen):
 * a profit is never overstated.
 */
export const pnlYen = (direction: "long" | "short", entry: YenE8, exit: YenE8, size: CoinE8): YenE8 =>
  floorDiv((direction === "long" ? exit - entry : entry - exit) * size, E8) as YenE8;

/** `amount` x `ratio`, rounded up: a fee or charge is never understated. */
export const ratioOfYenUp = (amount: YenE8, ratio: RatioE8): YenE8 => ceilDiv(amount * ratio, E8) as YenE8;
/** `amount` x `ratio`, rounded down: an allowance is never overstated. */
export const ratioOfYenDown = (amount: YenE8, ratio: RatioE8): YenE8 => floorDiv(amount * ratio, E8) as YenE8;

export const minBig = <T extends bigint>(...values: readonly [T, ...T[]]): T =>
  values.reduce((a, b) => (b < a ? b : a));
export const maxBig = <T extends bigint>(...values: readonly [T, ...T[]]): T =>
  values.reduce((a, b) => (b > a ? b : a));
