// An exchange that gives no prices: a fact for status, watch and systemd from the first missed quote, an alert when it
// lasts, and history that collects itself again.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../../db/open.ts";
import { collectHistoryAtStart, incompleteHistory, retryHistory } from "../../../handlers/market/historyJobs.ts";
import { noPrices, noPricesText, PriceOutage, whyNoPrices } from "../../../handlers/market/priceOutage.ts";
import { registry } from "../../../handlers/registry.ts";
import { onFailure } from "../../../handlers/runtime/onFailure.ts";
import { databasePath } from "../../../handlers/runtime/stateFolder.ts";
import { AppError } from "../../../lib/core/errors.ts";
import { symbolsOf } from "../../../lib/core/product.ts";
import { type EpochMs, parseInstant } from "../../../lib/core/time.ts";
import type { Clock } from "../../../lib/io/clock.ts";
import { TransportError } from "../../../lib/io/gmo/transport.ts";
import { streamLogger } from "../../../lib/io/logger.ts";
import { JobStore } from "../../../queue/store.ts";

const START = parseInstant("2026-11-23T19:08:00Z"); // 04:08 JST
let dir: string;
let db: Database;
let nowMs: EpochMs;
let reports: string[];
let changes: boolean[];
let lines: string[];
const clock: Clock = { nowMs: () => nowMs, realNowMs: () => nowMs, monotonicMs: () => nowMs };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prices-"));
  db = openDatabase(databasePath(dir));
  nowMs = START;
  reports = [];
  changes = [];
  lines = [];
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true });
});

const store = (): JobStore => new JobStore(db, registry, clock);
const watch = (): PriceOutage =>
  new PriceOutage({
    db,
    store: store(),
    clock,
    locale: "en",
    log: streamLogger("info", { write: (line) => void lines.push(line) }),
    report: (text) => void reports.push(text),
    onChange: (hasPrices) => void changes.push(hasPrices),
  });
const dns = (): AppError =>
  new AppError(
    "retry",
    "VENUE_DNS",
    "/v1/ticker: expected a reply",
    {},
    {
      cause: new TransportError("dns", "GET /v1/ticker: dns: getaddrinfo ENOTFOUND api.coin.z.com", {
        cause: new Error("getaddrinfo ENOTFOUND api.coin.z.com"),
      }),
    },
  );
const alertTexts = (): string[] => db.read.alerts.open().map((a) => `${a.severity} ${a.key}: ${a.text}`);
const pass = (ms: number): void => {
  nowMs = (nowMs + ms) as EpochMs;
};

describe("no prices", () => {
  test("is a fact from the first missed quote until every symbol has one again", () => {
    const prices = watch();
    expect(noPrices(db)).toBeUndefined();
    prices.failed("BTC_JPY", dns());
    expect(noPricesText(noPrices(db)!)).toBe(
      "NO PRICES of BTC_JPY since 2026-11-24 04:08 JST (dns: getaddrinfo ENOTFOUND api.coin.z.com)",
    );
    pass(5_000);
    prices.failed("ETH_JPY", dns());
    expect(noPrices(db)).toMatchObject({ sinceMs: START, symbols: ["BTC_JPY", "ETH_JPY"] });
    prices.answered("BTC_JPY");
    expect(noPrices(db)).toMatchObject({ sinceMs: START + 5_000, symbols: ["ETH_JPY"] });
    prices.answered("ETH_JPY");
    expect(noPrices(db)).toBeUndefined();
    expect(reports).toEqual([
      "the exchange gives no prices (dns: getaddrinfo ENOTFOUND api.coin.z.com); trying again until it does",
      "the exchange answers again",
    ]);
    expect(changes).toEqual([false, true]);
  });

  test("that lasts a minute is one alert, which says what is missing and ends with it", () => {
    store().enqueue({ name: "collectHistory", key: "h", input: { symbol: "ETH_JPY" } });
    const prices = watch();
    for (let s = 0; s < 180; s += 10) {
      prices.failed("BTC_JPY", dns());
      if (s < 60) expect(alertTexts()).toEqual([]);
      pass(10_000);
    }
    expect(alertTexts()).toEqual([
      expect.stringMatching(
        /^critical noPrices: CRITICAL no prices of BTC\/JPY\n.*history of ETH\/JPY is not collected\nSince: 2026-11-24 04:08 JST\nSystem: no bar is judged and no entry is made.*both then resume automatically/s,
      ),
    ]);
    expect(db.read.outbox.after(0)).toHaveLength(1);
    prices.answered("BTC_JPY");
    expect(alertTexts()).toEqual([]);
    expect(db.read.outbox.after(1).map((m) => m.text)).toEqual([
      "RESOLVED no prices of BTC/JPY\n2026-11-24 04:09 JST – 2026-11-24 04:11 JST",
    ]);
  });

  test("that a predecessor left behind is over at the first quote", () => {
    const killed = watch();
    killed.failed("BTC_JPY", dns());
    pass(120_000);
    killed.failed("BTC_JPY", dns());
    expect(alertTexts()).toHaveLength(1);
    watch().answered("BTC_JPY");
    expect(noPrices(db)).toBeUndefined();
    expect(alertTexts()).toEqual([]);
  });

  test("is logged once a minute, not at every look", () => {
    const prices = watch();
    for (let s = 0; s < 120; s += 2) {
      prices.failed("BTC_JPY", dns());
      pass(2_000);
    }
    expect(lines.map((line) => (JSON.parse(line) as { leftOut: number }).leftOut)).toEqual([0, 29]);
  });

  test("truth 7: keeps its beginning over restarts: a worker that dies every 50 s tells of it all the same", () => {
    const beganMs = nowMs;
    for (let start = 0; start < 3; start += 1) {
      const prices = watch();
      for (let s = 0; s < 50; s += 2) {
        prices.failed("BTC_JPY", dns());
        pass(2_000);
      }
    }
    expect(noPrices(db)).toMatchObject({ sinceMs: beganMs });
    expect(alertTexts()).toHaveLength(1);
    const prices = watch();
    expect(noPrices(db)).toMatchObject({ sinceMs: beganMs });
    prices.answered("ETH_JPY");
    expect(alertTexts()).toHaveLength(1);
    prices.answered("BTC_JPY");
    expect(noPrices(db)).toBeUndefined();
    expect(alertTexts()).toEqual([]);
  });

  test("while the file cannot be written, is written when it can", () => {
    const prices = watch();
    const other = openDatabase(databasePath(dir));
    db.sql.pragma("busy_timeout = 0");
    other.sql.exec("BEGIN IMMEDIATE");
    prices.failed("BTC_JPY", dns());
    expect(prices.now()).toBeDefined();
    expect(noPrices(db)).toBeUndefined();
    other.sql.exec("ROLLBACK");
    other.close();
    prices.failed("BTC_JPY", dns());
    expect(noPrices(db)).toBeDefined();
  });

  test.each<[unknown, string]>([
    [dns(), "dns: getaddrinfo ENOTFOUND api.coin.z.com"],
    [new AppError("retry", "ERR-5201", "maintenance"), "ERR-5201: maintenance"],
    [new Error("what\n  is this"), "Error: what is this"],
  ])("says why in a few words: %s", (error, text) => {
    expect(whyNoPrices(error)).toBe(text);
  });
});

describe("history", () => {
  const die = (key: string, symbol: string, verdict: string): number => {
    const { id } = store().enqueue({ name: "collectHistory", key, input: { symbol } });
    db.sql
      .prepare("UPDATE jobs SET state = 'dead', finished_ms = ?, attempts = 8, error = ? WHERE id = ?")
      .run(nowMs, JSON.stringify({ verdict, code: "VENUE_DNS", message: "x" }), id);
    return id;
  };
  const states = (): [number, string][] =>
    store()
      .list({ name: "collectHistory" })
      .map((job): [number, string] => [job.id, job.state])
      .sort(([a], [b]) => a - b);

  test("is begun at the start once a symbol, however often the worker is restarted", () => {
    collectHistoryAtStart(store(), "boot1", symbolsOf("margin"));
    collectHistoryAtStart(store(), "boot2", symbolsOf("margin"));
    expect(states().map(([, state]) => state)).toEqual(["ready", "ready"]);
    expect(incompleteHistory(store())).toEqual(["BTC_JPY", "ETH_JPY"]);
  });

  test("that died of an outage gets fresh attempts when it is over: the newest of a symbol, once; the others are put away", () => {
    const [older, newest] = [die("1", "BTC_JPY", "retry"), die("2", "BTC_JPY", "retry")];
    retryHistory(store());
    retryHistory(store());
    expect(states()).toEqual([
      [older, "cancelled"],
      [newest, "ready"],
    ]);
    const [revived] = store().list({ name: "collectHistory", state: "ready" });
    expect(revived).toMatchObject({ id: newest, attempts: 0 });
  });

  test("that a person must check stays dead, and is started again only at a start", () => {
    die("1", "BTC_JPY", "alert");
    retryHistory(store());
    expect(states().map(([, state]) => state)).toEqual(["dead"]);
    collectHistoryAtStart(store(), "boot", symbolsOf("margin"));
    expect(states().map(([, state]) => state)).toEqual(["dead", "ready", "ready"]);
  });

  test("the alert of its death says what is missing and that it comes back", () => {
    const job = { id: 7, name: "collectHistory", traceId: "t", fence: 1 };
    db.transaction((tx) => onFailure(tx, { atMs: nowMs, locale: "en" }, { job, error: dns(), dead: true }));
    expect(alertTexts()[0]).toMatch(/failed permanently.*worker retries.*missing until then/s);
  });
});
