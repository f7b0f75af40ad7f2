// Counts the venue's API errors as they happen, per area (public, private): three in a row are critical and halt
// entries until three good checks (checkApi.ts). Maintenance and pre-open are states of the venue, not errors (DESIGN
// 8). Counts and halt are stored, so counting continues after a worker dies between two errors. Must never change what
// a call returns or throws.

import { z } from "zod";
import { raiseHalt } from "../../db/halts.ts";
import { AppError } from "../../lib/core/errors.ts";
import { API_HALT } from "../../lib/core/haltKinds.ts";
import { isNoQuoteCode } from "../../lib/core/quoteAge.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { type EpochMs, SECOND_MS } from "../../lib/core/time.ts";
import { FENCED, isClosedVenue, NOT_CONNECTED, type Venue, type WriteResult } from "../../lib/core/venue.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { CommandCtx } from "../context.ts";
import { checkJob } from "../jobs.ts";

/** Key in `meta`: number of good checks in a row so far; enough of them end the halt. */
export const GOOD_CHECKS = "api_good_checks";
const ERRORS_BEFORE_HALT = 3;
/** Failures within this time, such as concurrent calls of several handlers, count as one error. */
const ONE_ERROR_MS = SECOND_MS;

type Area = "public" | "private";
const AREA = {
  status: "public",
  symbols: "public",
  ticker: "public",
  orderBook: "public",
  trades: "public",
  klines: "public",
  margin: "private",
  assets: "private",
  orders: "private",
  activeOrders: "private",
  executions: "private",
  latestExecutions: "private",
  openPositions: "private",
  yenPaidOut: "private",
  order: "private",
  closeOrder: "private",
  cancelOrder: "private",
} as const satisfies Record<Exclude<keyof Venue, "clock" | "right">, Area>;

/** Caused by this process, not by the venue: the call was aborted, or no time was left to send it. */
const OWN_CODES = new Set(["VENUE_ABORTED", "NOT_SENT", FENCED]);

/**
 * What one call shows about the API's health; undefined: nothing (a state of the venue, or the call was ended by us).
 */
export const verdictOf = (end: { readonly error?: unknown; readonly value?: unknown }): "good" | "bad" | undefined => {
  const { error, value } = end;
  if (error instanceof AppError) {
    // Market data that were refused for their age: NO PRICES says so, and the account's calls may work.
    if (isClosedVenue(error.code) || OWN_CODES.has(error.code) || isNoQuoteCode(error.code)) return undefined;
    // An explicit rejection of a request shows that the API works.
    return error.verdict === "permanent" ? "good" : "bad";
  }
  if (error !== undefined) return undefined;
  const result = value as Partial<WriteResult<unknown>> | undefined;
  // A write can be unknown while the venue is closed (HTTP 503 with ERR-5201): the order is looked up, the API has no
  // error.
  if (result?.kind === "unknown") return isClosedVenue(result.code ?? "") ? undefined : "bad";
  if (result?.kind === "refused" && result.code === NOT_CONNECTED) return "bad"; // A refusal of the network, not of the venue.
  return result?.kind === "refused" && (isClosedVenue(result.code ?? "") || OWN_CODES.has(result.code ?? ""))
    ? undefined
    : "good";
};

interface Deps {
  readonly desk: CommandCtx;
  readonly locale: Locale;
  readonly log: Logger;
}

const STREAK = { public: "api_errors_public", private: "api_errors_private" } as const satisfies Record<Area, string>;
const Streak = z.strictObject({ count: z.int().min(0), lastMs: z.int() });
type Streak = z.infer<typeof Streak>;
const NO_ERRORS: Streak = { count: 0, lastMs: 0 };
/** The count stored by the previous process; zero when it cannot be read. */
const readStreak = ({ desk, log }: Deps, area: Area): Streak => {
  const text = desk.db.read.meta.get(STREAK[area]);
  if (text === undefined) return NO_ERRORS;
  try {
    return Streak.parse(JSON.parse(text));
  } catch (e) {
    log.error({ err: e, area }, "api.streakUnreadable");
    return NO_ERRORS;
  }
};

/** The same venue; each call's result is counted. */
export const countingVenue = (venue: Venue, deps: Deps): Venue => {
  const { db, clock } = deps.desk;
  const streaks: Record<Area, Streak> = { public: readStreak(deps, "public"), private: readStreak(deps, "private") };
  const keep = (area: Area, streak: Streak): void => {
    streaks[area] = streak;
    db.transaction((tx) => tx.meta.set(STREAK[area], JSON.stringify(streak)));
  };
  const judge = (area: Area, end: { readonly error?: unknown; readonly value?: unknown }): void => {
    const verdict = verdictOf(end);
    const streak = streaks[area];
    if (verdict === "good" && streak.count > 0) keep(area, NO_ERRORS);
    if (verdict !== "bad") return;
    const nowMs = clock.nowMs();
    if (streak.count > 0 && nowMs >= streak.lastMs && nowMs - streak.lastMs < ONE_ERROR_MS) return;
    const count = streak.count + 1;
    keep(area, { count, lastMs: nowMs });
    if (count < ERRORS_BEFORE_HALT) return;
    const { code } = (end.error ?? end.value) as { readonly code: string };
    haltForApi(deps, count, code, nowMs);
  };
  const note = (area: Area, end: { readonly error?: unknown; readonly value?: unknown }): void => {
    try {
      judge(area, end);
    } catch (e) {
      deps.log.error({ err: e, area }, "api.watchFailed"); // The database failed: the next error tries again.
    }
  };
  const watched = Object.entries(AREA).map(([name, area]) => [
    name,
    async (...args: unknown[]) => {
      try {
        const value = await (venue[name as keyof typeof AREA] as (...args: unknown[]) => Promise<unknown>).apply(
          venue,
          args,
        );
        note(area, { value });
        return value;
      } catch (error) {
        note(area, { error });
        throw error;
      }
    },
  ]);
  return {
    clock: () => venue.clock(),
    right: (...asked) => venue.right(...asked),
    ...Object.fromEntries(watched),
  } as Venue;
};

const haltForApi = ({ desk, locale }: Deps, count: number, code: string, atMs: EpochMs): void => {
  if (desk.db.read.halts.active(atMs).some((h) => h.kind === API_HALT)) return;
  const reason = `the exchange's API failed ${count} times in a row (${code})`;
  desk.db.transaction((tx) => {
    const text = textsOf(locale).alerts.apiFailing({ count, code });
    const alert = composeAlert(locale, { key: API_HALT, severity: "critical", atMs }, text);
    if (!raiseHalt(tx, { kind: API_HALT, reason, by: { atMs, actor: "apiWatch" }, alert })) return;
    tx.meta.set(GOOD_CHECKS, "0");
    desk.store.enqueueIn(tx, checkJob(atMs));
  });
};
