// What the report says about its data and its method comes from the run, not from a fixed text.
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { dataNote, methodNote } from "../../../handlers/report/run.ts";
import {
  describeRun,
  loadData,
  modelFor,
  newIdentity,
  type StartOptions,
} from "../../../handlers/runtime/replayIdentity.ts";
import { defaultConfig } from "../../../lib/core/config.ts";
import { bundledCandleFile } from "../../../lib/sim/market/bundled.ts";
import { followersOf } from "../../../lib/sim/market/spotMarket.ts";

const dir = mkdtempSync(join(tmpdir(), "run-"));
/** The bundled file under another name; `changed`: with one volume altered, so that it is another file. */
const copy = (symbol: "BTC_JPY" | "ETH_JPY", changed: boolean): string => {
  const path = join(dir, `my-${symbol}-${changed}.csv${changed ? "" : ".gz"}`);
  if (!changed) copyFileSync(bundledCandleFile(symbol), path);
  else {
    const text = gunzipSync(readFileSync(bundledCandleFile(symbol))).toString();
    writeFileSync(path, text.replace(/,[\d.]+\r?\n$/, ",1\n"));
  }
  return path;
};
const described = (options: StartOptions, settings: Readonly<Record<string, string>> = {}, importantEvents = 2) => {
  const config = defaultConfig(settings);
  const data = loadData(options.data, config.PRODUCT);
  const model = modelFor(options.model);
  const identity = newIdentity(options, config, data, model, options.approver ?? "all");
  const followers = config.PRODUCT === "spot" ? followersOf(Object.keys(data.files)) : [];
  return describeRun(identity, config, data, { followers, importantEvents });
};

describe("the data", () => {
  test("truth 12: the bundled days are called that, also under another name", () => {
    const given = [`BTC_JPY=${copy("BTC_JPY", false)}`, `ETH_JPY=${copy("ETH_JPY", false)}`];
    for (const options of [{}, { data: given }]) {
      const text = dataNote(described(options));
      expect(text).toMatch(
        /^Prices of BTC_JPY and ETH_JPY: the days that ship with the program, recorded Binance USDT/,
      );
      expect(text).not.toMatch(/SHA-256|my-/);
    }
  });
  test("truth 12: an own file is named with its size, its span and its checksum, and no origin is claimed", () => {
    const own = copy("BTC_JPY", true);
    const mixed = dataNote(described({ data: [`BTC_JPY=${own}`, `ETH_JPY=${bundledCandleFile("ETH_JPY")}`] }));
    expect(mixed).toMatch(
      /Prices of BTC_JPY: the file my-BTC_JPY-true\.csv \(\d+ candles of 1 min, 2025-07-01 06:00 JST to 2025-08-15 06:00 JST, SHA-256 [0-9a-f]{12}\); where they come from is not known here\./,
    );
    expect(mixed).toContain("Prices of ETH_JPY: the days that ship with the program");
    expect(mixed).not.toContain(dir);
    const both = dataNote(described({ data: [`BTC_JPY=${own}`, `ETH_JPY=${copy("ETH_JPY", true)}`] }));
    expect(both).not.toMatch(/Binance|USD|Friday|ship with/);
  });
  test("truth 12: on spot a coin follows its margin symbol only when it has no file of its own", () => {
    const settings = { PRODUCT: "spot" };
    expect(dataNote(described({}, settings))).toMatch(/BTC follows the candles of BTC_JPY times 0\.9991\. ETH follows/);
    const files = ["BTC_JPY", "ETH_JPY"].map((s) => `${s}=${bundledCandleFile(s as "BTC_JPY")}`);
    const own = dataNote(described({ data: [...files, `BTC=${copy("BTC_JPY", true)}`] }, settings));
    expect(own).not.toContain("BTC follows");
    expect(own).toContain("Prices of BTC: the file my-BTC_JPY-true.csv");
    expect(own).toContain("ETH follows the candles of ETH_JPY");
    expect(dataNote(described({}))).not.toContain("follows");
  });
});

describe("the method", () => {
  test.each<[string, StartOptions, Readonly<Record<string, string>>, number, RegExp[]]>([
    [
      "the defaults",
      {},
      {},
      2,
      [
        /the last three of the data, taken when none are named/,
        /Settings: the defaults\./,
        /the one taken when none is named/,
        /a script approved every proposal, seed 42/,
        /News: 2 important events/,
      ],
    ],
    [
      "own days",
      { from: "2025-08-05T21:00:00Z", days: "2" },
      {},
      2,
      [/Days: 2025-08-06 06:00 JST to 2025-08-08 06:00 JST, named for this run\./],
    ],
    [
      "own settings",
      {},
      { MAX_SPREAD_BPS: "9", MAX_DAILY_TRADES: "7", LOCALE: "ja" },
      2,
      [
        /Settings other than the defaults: MAX_DAILY_TRADES=7, MAX_SPREAD_BPS=9\.|MAX_SPREAD_BPS=9, MAX_DAILY_TRADES=7\./,
      ],
    ],
    ["own answers", { approver: "random:7", seed: "5" }, {}, 2, [/a script answered at random \(random:7\), seed 5/]],
    ["nobody answers", { approver: "none" }, {}, 2, [/Answers: nobody answered/]],
    ["no event", {}, {}, 0, [/the calendar has no important event in these days/]],
    ["news gate off", {}, { AVOID_NEWS_TIME: "false" }, 2, [/News: the gate is off\./]],
  ])("truth 12: %s are said as they are", (_name, options, settings, events, expected) => {
    const text = methodNote(described(options, settings, events));
    for (const sentence of expected) expect(text).toMatch(sentence);
    // Nothing is claimed that no program can know.
    expect(text).not.toMatch(/fixed in advance|nothing was tuned/);
    expect(text).toContain("is not recorded");
  });
});
