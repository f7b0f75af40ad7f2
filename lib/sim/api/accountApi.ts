// Account figures and histories of the simulated venue: GMO API 6. Deposits and withdrawals happen outside the API; the
// coin histories are empty, but their parameters are checked as GMO checks them.
import { z } from "zod";
import { E8, floorDiv, floorToStep, formatE8, notionalYen, type YenE8, yenE8 } from "../../core/money.ts";
import {
  DAY_MS,
  type EpochMs,
  epochMs,
  HOUR_MS,
  isoUtc,
  jstDateStart,
  MINUTE_MS,
  parseInstant,
  venueDayStart,
} from "../../core/time.ts";
import { callStatus } from "../engine/liquidation.ts";
import type { Machine } from "../engine/machine.ts";
import { openableToday } from "../engine/orderRules.ts";
import { invalid, refuse } from "../engine/refusal.ts";
import { availableCoin } from "../engine/spot.ts";
import { spotLimitsToday } from "../engine/spotRules.ts";
import { isSpot } from "../engine/state.ts";
import { withBody } from "./orderApi.ts";
import { type ApiResult, okay, refusedWith } from "./publicApi.ts";

/** undefined: no such path. */
export const accountApi = (
  machine: Machine,
  method: string,
  path: string,
  query: URLSearchParams,
  body: string,
): ApiResult | undefined => {
  switch (`${method} ${path}`) {
    case "GET /v1/account/margin":
      return okay(marginView(machine));
    case "GET /v1/account/assets":
      return okay(assetsView(machine));
    case "GET /v1/account/tradingVolume":
      return okay(tradingVolumeView(machine));
    case "GET /v1/account/fiatDeposit/history":
      return emptyHistory(query) ?? okay(yenPayments(machine, query, 1n));
    case "GET /v1/account/fiatWithdrawal/history":
      return emptyHistory(query) ?? okay(yenPayments(machine, query, -1n));
    case "GET /v1/account/deposit/history":
    case "GET /v1/account/withdrawal/history": {
      const symbol = query.get("symbol");
      const coins = coinNames(machine);
      return (
        (symbol === null || !coins.includes(symbol) ? refusedWith(invalid("symbol")) : emptyHistory(query)) ?? okay({})
      );
    }
    case "GET /v1/account/exchangeFee/history":
      return feeHistory(machine, query);
    case "POST /v1/account/transfer":
      // The simulated venue has no foreign-exchange account to transfer to.
      return withBody(body, TransferBody, () => refusedWith(refuse("ERR-5135", "The FX account is not opened.")));
    default:
      return undefined;
  }
};

const TransferBody = z.object({
  amount: z.string().regex(/^\d{1,15}$/),
  transferType: z.enum(["WITHDRAWAL", "DEPOSIT"]),
});

const wholeYen = (value: YenE8): YenE8 => floorToStep(value, E8);

const marginView = (machine: Machine): object => {
  const account = machine.account();
  const available = wholeYen(account.available);
  return {
    actualProfitLoss: formatE8(wholeYen(account.equity)),
    availableAmount: formatE8(available),
    margin: formatE8(account.used),
    marginCallStatus: callStatus(machine),
    // Percent with one decimal, rounded down; absent without positions.
    ...(account.used > 0n
      ? { marginRatio: formatE8(floorDiv(account.equity * 1000n, account.used) * (E8 / 10n)) }
      : {}),
    profitLoss: formatE8(wholeYen(account.unrealised)),
    transferableAmount: formatE8(available),
  };
};

const coinNames = (machine: Machine): readonly string[] => [
  ...new Set(machine.market.symbols.map((symbol) => symbol.replace(/_JPY$/, ""))),
];
const assetsView = (machine: Machine): readonly object[] => {
  const account = machine.account();
  const { assetYen } = machine.options;
  const coins = coinNames(machine).map((coin) => {
    const quote = machine.quoteYen(machine.rules.has(coin) ? coin : `${coin}_JPY`);
    return {
      amount: formatE8(machine.state.coin(coin)),
      available: formatE8(availableCoin(machine.state, coin)),
      conversionRate: formatE8(quote?.last ?? yenE8(0n)),
      symbol: coin,
    };
  });
  return [
    {
      amount: formatE8(assetYen === "whole" ? wholeYen(account.cash) : account.cash),
      available: formatE8(assetYen === "exact" ? account.available : wholeYen(account.available)),
      conversionRate: "1",
      symbol: "JPY",
    },
    ...coins,
  ];
};

/** Weeks of the tier begin on Sunday 06:00 JST (GMO API 3). 1970-01-04 was a Sunday. */
const weekStart = (at: EpochMs): EpochMs => {
  const day = Math.floor((venueDayStart(at) + 3 * HOUR_MS) / DAY_MS);
  return epochMs(venueDayStart(at) - ((day + 4) % 7) * DAY_MS);
};
/** Yen traded, spot and margin, in [fromMs, toMs). */
const volumeYen = ({ state }: Machine, fromMs: EpochMs, toMs: EpochMs): YenE8 => {
  let sum = 0n;
  for (let i = state.executions.length - 1; i >= 0 && state.executions[i]!.atMs >= fromMs; i--) {
    const { atMs, price, size } = state.executions[i]!;
    if (atMs < toMs) sum += notionalYen(price, size);
  }
  return yenE8(sum);
};
const BILLION: YenE8 = yenE8(1_000_000_000n * E8);
/** The tier of this week, determined by the volume of the previous week (GMO API 3). */
export const tierLevel = (machine: Machine): 1 | 2 | 3 => {
  const thisWeek = weekStart(machine.state.nowMs);
  const earned = volumeYen(machine, epochMs(thisWeek - 7 * DAY_MS), thisWeek);
  return earned >= 2n * BILLION ? 3 : earned >= BILLION ? 2 : 1;
};
const tradingVolumeView = (machine: Machine): object => {
  const { state, rules } = machine;
  return {
    // Current week, whole yen. Which week GMO shows is not documented.
    jpyVolume: formatE8(wholeYen(volumeYen(machine, weekStart(state.nowMs), epochMs(state.nowMs + 1)))),
    tierLevel: tierLevel(machine),
    limit: [...rules.values()].map((rule) => {
      const fees = { takerFee: formatE8(rule.takerFee), makerFee: formatE8(rule.makerFee) };
      if (!isSpot(rule.symbol))
        return {
          symbol: rule.symbol.replace("_", "/"),
          todayLimitOpenSize: formatE8(openableToday(machine, rule)),
          ...fees,
        };
      const { buy, sell } = spotLimitsToday(machine, rule);
      return { symbol: rule.symbol, todayLimitBuySize: formatE8(buy), todayLimitSellSize: formatE8(sell), ...fees };
    }),
  };
};

const instantOf = (text: string | null): EpochMs | undefined => {
  if (text === null || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text)) return undefined;
  try {
    return parseInstant(text);
  } catch (e) {
    if (e instanceof RangeError) return undefined;
    throw e;
  }
};
const WINDOW_MS = 30 * MINUTE_MS;
/** undefined: the parameters are valid and the history is empty (GMO API 6.4). */
const emptyHistory = (query: URLSearchParams): ApiResult | undefined => {
  const fromMs = instantOf(query.get("fromTimestamp"));
  if (fromMs === undefined) return refusedWith(invalid("fromTimestamp"));
  const toText = query.get("toTimestamp");
  const toMs = toText === null ? epochMs(fromMs + WINDOW_MS) : instantOf(toText);
  if (toMs === undefined || toMs < fromMs) return refusedWith(invalid("toTimestamp"));
  return toMs - fromMs > WINDOW_MS ? refusedWith(refuse("ERR-846", "Time period has exceeded 30 minutes.")) : undefined;
};

/**
 * Yen deposits (sign 1) or withdrawals (-1) in the window, as booked by `Simulator.pay`. GMO does not document the
 * values of `status`.
 */
const yenPayments = (machine: Machine, query: URLSearchParams, sign: bigint): object => {
  const fromMs = instantOf(query.get("fromTimestamp")) ?? 0;
  const toMs = instantOf(query.get("toTimestamp")) ?? fromMs + WINDOW_MS;
  const list = machine.state.payments
    .filter(({ atMs, amount }) => atMs >= fromMs && atMs <= toMs && amount * sign > 0n)
    .map(({ atMs, amount }) => ({
      amount: formatE8(amount * sign),
      fee: "0",
      status: "EXECUTED",
      symbol: "JPY",
      timestamp: isoUtc(atMs),
    }));
  return list.length === 0 ? {} : { list };
};

const LONGEST_DAYS = 7;
/** 06:00 JST of a business date YYYYMMDD. */
const businessDay = (text: string | null): EpochMs | undefined => {
  if (text === null || !/^\d{8}$/.test(text)) return undefined;
  try {
    return epochMs(jstDateStart(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`) + 6 * HOUR_MS);
  } catch (e) {
    if (e instanceof RangeError) return undefined;
    throw e;
  }
};
/** Leverage fees by business date, newest first. GMO documents only some field names (GMO API 17.13). */
const feeHistory = (machine: Machine, query: URLSearchParams): ApiResult => {
  const fromMs = businessDay(query.get("fromDate"));
  const toMs = query.get("toDate") === null ? fromMs : businessDay(query.get("toDate"));
  const count = /^\d{1,3}$/.test(query.get("count") ?? "100") ? Number(query.get("count") ?? "100") : 0;
  const cursor = /^\d{1,9}$/.test(query.get("cursor") ?? "0") ? Number(query.get("cursor") ?? "0") : -1;
  const wrong = [
    ...(fromMs === undefined ? ["fromDate"] : []),
    ...(toMs === undefined || (fromMs !== undefined && (toMs < fromMs || toMs - fromMs >= LONGEST_DAYS * DAY_MS))
      ? ["toDate"]
      : []),
    ...(count < 1 || count > 100 ? ["count"] : []),
    ...(cursor < 0 ? ["cursor"] : []),
  ];
  if (wrong.length > 0) return refusedWith(invalid(...wrong));
  const rows = machine.state.leverageFees
    // The fee of 06:00 belongs to the business day that ends there.
    .filter(({ atMs }) => atMs > fromMs! && atMs <= toMs! + DAY_MS)
    .toReversed();
  const { feeRowFields, feeCursor } = machine.options;
  const list = rows.slice(cursor, cursor + count).map(({ atMs, amount, ref }) => ({
    feeType: "LEVERAGE_FEE",
    ...(feeRowFields === "guessed"
      ? { symbol: machine.state.positions.get(ref)!.symbol, positionId: ref, fee: formatE8(-amount) }
      : {}),
    deliveryDatetime: isoUtc(atMs),
  }));
  const next = cursor + list.length;
  if (list.length === 0) return okay({});
  if (next >= rows.length) return okay({ list });
  const nextCursor = String(next);
  return okay({
    list,
    ...(feeCursor === "pagination" ? { pagination: { cursor: nextCursor } } : { [feeCursor]: nextCursor }),
  });
};
