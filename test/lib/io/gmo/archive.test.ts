// The daily trade files: columns in their order, times in UTC, one trading day, all or nothing.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseCoin, parseYen } from "../../../../lib/core/money.ts";
import { archivePath, fetchArchivedDay, parseArchivedDay } from "../../../../lib/io/gmo/archive.ts";
import type { Download } from "../../../../lib/io/gmo/httpTransport.ts";
import { TransportError } from "../../../../lib/io/gmo/transport.ts";
import { errorOf } from "./stub.ts";

const HEADER = "symbol,side,size,price,timestamp";
const ROW = "BTC_JPY,BUY,0.0010,15499938.000,2025-06-30 21:00:19.862";
const csv = (...rows: string[]) => `${[HEADER, ...rows].join("\n")}\n`;
const parse = (text: string) => parseArchivedDay(text, "BTC_JPY", "20250701");
const trade = {
  side: "BUY",
  size: parseCoin("0.001"),
  price: parseYen("15499938"),
  timestampMs: Date.UTC(2025, 5, 30, 21, 0, 19, 862),
};
const serving = (answer: Partial<Download> | Error) => {
  const asked: string[] = [];
  return {
    asked,
    download: async ({ path }: { path: string }) => {
      asked.push(path);
      if (answer instanceof Error) throw answer;
      return { httpStatus: 200, bytes: new Uint8Array(), ...answer };
    },
  };
};

describe("a file", () => {
  test("lies under symbol, year and month of its trading day", () => {
    expect(archivePath("BTC_JPY", "20250701")).toBe("/BTC_JPY/2025/07/20250701_BTC_JPY.csv.gz");
    for (const [symbol, date] of [
      ["../x", "20250701"],
      ["BTC_JPY", "2025-07-01"],
      ["btc", "20250701"],
    ] as const)
      expect(() => archivePath(symbol, date)).toThrow(/expected a symbol/);
  });
  test("the reference's example, whatever this machine's time zone", () => {
    const before = process.env["TZ"];
    try {
      for (const zone of ["UTC", "Asia/Tokyo", "America/New_York"]) {
        process.env["TZ"] = zone;
        expect(parse(csv(ROW))).toEqual([trade]);
      }
    } finally {
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
    }
  });
  test("an empty day, lines that end in CRLF, a price to its last digit", () => {
    expect(parse(csv())).toEqual([]);
    expect(parse(csv(ROW).replaceAll("\n", "\r\n"))).toEqual([trade]);
    expect(parse(csv("BTC_JPY,SELL,0.00000001,90071992547.40993001,2025-07-01 20:59:59.999"))).toEqual([
      {
        side: "SELL",
        size: 1n,
        price: 9_007_199_254_740_993_001n,
        timestampMs: Date.UTC(2025, 6, 1, 20, 59, 59, 999),
      },
    ]);
  });
  test.each([
    ["columns in the order a third-party page gives", "symbol,timestamp,side,size,price\n", "line 1"],
    ["no header", `${ROW}\n`, "line 1"],
    ["an empty file", "", "line 1"],
    ["HTML", "<html></html>\n", "line 1"],
    ["a last line that is cut", `${csv(ROW)}BTC_JPY,BUY,0.0010,154`, "line 3"],
    ["a last line that is cut within its time", `${HEADER}\n${ROW.slice(0, -2)}`, "line 2"],
    ["another symbol", csv(ROW, ROW.replace("BTC_JPY", "BTC")), "line 3"],
    ["an unknown side", csv(ROW.replace("BUY", "BOTH")), "line 2"],
    ["a column too many", csv(`${ROW},1`), "line 2"],
    ["an exponent", csv(ROW.replace("0.0010", "1e-3")), "line 2"],
    ["a negative size", csv(ROW.replace("0.0010", "-0.001")), "line 2"],
    ["a size of zero", csv(ROW.replace("0.0010", "0.000")), "line 2"],
    ["nine decimals", csv(ROW.replace("0.0010", "0.000000001")), "line 2"],
    ["a time with a zone", csv(`${ROW}Z`), "line 2"],
    ["a day that does not exist", csv(ROW.replace("06-30", "06-31")), "line 2"],
    ["a trade before the day begins", csv(ROW.replace("21:00:19.862", "20:59:59.999")), "line 2"],
    ["a trade after it has ended", csv(ROW.replace("06-30 21:00:19.862", "07-01 21:00:00.000")), "line 2"],
  ])("%s: nothing of it is used", (_name, text, where) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ verdict: "alert", code: "VENUE_ARCHIVE" }));
    expect(() => parse(text)).toThrow(where);
  });
});

describe("fetching", () => {
  test("a day", async () => {
    const http = serving({ bytes: gzipSync(csv(ROW)) });
    expect(await fetchArchivedDay(http, "BTC_JPY", "20250701")).toEqual({ kind: "trades", trades: [trade] });
    expect(http.asked).toEqual(["/BTC_JPY/2025/07/20250701_BTC_JPY.csv.gz"]);
  });
  test.each([403, 404])("HTTP %i: the day is not there", async (httpStatus) => {
    const http = serving({ httpStatus, bytes: Buffer.from("<html>") });
    expect(await fetchArchivedDay(http, "BTC_JPY", "20250701")).toEqual({ kind: "absent", httpStatus });
  });
  const whole = gzipSync(csv(ROW));
  test.each<[string, Partial<Download> | Error, string]>([
    ["HTTP 503", { httpStatus: 503 }, "VENUE_GARBLED"],
    ["HTTP 301", { httpStatus: 301, bytes: whole }, "VENUE_GARBLED"],
    ["half a file", { bytes: whole.subarray(0, whole.length - 12) }, "VENUE_GARBLED"],
    ["HTML with status 200", { bytes: Buffer.from("<html></html>") }, "VENUE_GARBLED"],
    ["an empty body", {}, "VENUE_GARBLED"],
    ["bytes that are no text", { bytes: gzipSync(Buffer.from([0xff, 0xfe])) }, "VENUE_GARBLED"],
    ["no reply", new TransportError("reset", "reset"), "VENUE_RESET"],
  ])("%s: retry", async (_name, answer, code) => {
    const error = await errorOf(fetchArchivedDay(serving(answer), "BTC_JPY", "20250701"));
    expect(error).toMatchObject({ verdict: "retry", code });
  });
});
