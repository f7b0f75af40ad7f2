// Kinds of events and their windows: English and Japanese, whatever width, case and punctuation.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EventKind, eventKind, kindWindowMinutes, plainTitle } from "../../../lib/core/eventKinds.ts";
import {
  eventId,
  nearbyTwins,
  newsGate,
  newsWindowMinutes,
  parseEventsCsv,
  unknownImportant,
} from "../../../lib/core/events.ts";
import { epochMs, MINUTE_MS, parseInstant } from "../../../lib/core/time.ts";

const JPY_90 = 90;
const TITLES: readonly (readonly [
  currency: string,
  kind: EventKind | undefined,
  window: number | undefined,
  ...titles: string[],
])[] = [
  [
    "JPY",
    "rateDecision",
    JPY_90,
    "BOJ Interest Rate Decision",
    "Bank of Japan Monetary Policy Statement",
    "BoJ Policy Rate",
    "B.O.J. Monetary Policy Meeting",
    "日銀金融政策決定会合",
    "日銀　金融政策決定会合（結果公表）",
    "金融政策決定会合",
    "日本銀行　政策金利発表",
    "政策金利",
    "ＢＯＪ金融政策決定会合",
    "無担保コール翌日物レート",
    "BOJ Statement on Monetary Policy (nominal time)",
  ],
  [
    "JPY",
    "pressConference",
    JPY_90,
    "BOJ Press Conference",
    "Governor Ueda press conference",
    "植田日銀総裁　記者会見",
    "日銀総裁会見",
    "総裁記者会見",
  ],
  ["JPY", "outlook", JPY_90, "BOJ Outlook Report", "日銀展望レポート"],
  ["JPY", "minutes", JPY_90, "BOJ Minutes", "金融政策決定会合議事要旨", "日銀金融政策決定会合の主な意見"],
  ["JPY", "businessSurvey", JPY_90, "BOJ Tankan", "日銀短観（大企業製造業ＤＩ）"],
  [
    "JPY",
    "cpi",
    undefined,
    "National CPI",
    "Tokyo Core CPI y/y",
    "全国消費者物価指数",
    "東京都区部ＣＰＩ（生鮮食品除く）",
    "消費者物価指数(CPI)",
  ],
  ["JPY", "gdp", undefined, "GDP q/q", "実質国内総生産（ＧＤＰ）速報値", "ｇｄｐ"],
  ["JPY", "jobs", undefined, "Unemployment Rate", "完全失業率", "有効求人倍率", "毎月勤労統計調査"],
  [
    "USD",
    "rateDecision",
    undefined,
    "FOMC Decision",
    "FOMC",
    "ＦＯＭＣ",
    "Federal Funds Rate",
    "Fed Interest Rate Decision",
    "米連邦公開市場委員会（FOMC）政策金利発表",
    "fomc statement",
  ],
  ["USD", "pressConference", undefined, "FOMC Press Conference", "パウエルFRB議長　記者会見"],
  ["USD", "minutes", undefined, "FOMC Minutes", "FOMC議事要旨"],
  ["USD", "cpi", undefined, "CPI (Consumer Price Index)", "Core CPI m/m", "米消費者物価指数"],
  [
    "USD",
    "jobs",
    undefined,
    "Employment Situation (NFP)",
    "Non-Farm Payrolls",
    "Nonfarm Employment Change",
    "NONFARM PAYROLLS",
    "米雇用統計",
    "米・雇用統計（非農業部門雇用者数）",
    "Initial Jobless Claims",
    "新規失業保険申請件数",
    "JOLTS Job Openings",
  ],
  [
    "USD",
    "consumption",
    undefined,
    "Personal Income and Outlays (PCE)",
    "Core PCE Price Index",
    "個人消費支出（ＰＣＥ）デフレーター",
  ],
  ["USD", "retailSales", undefined, "Advance Monthly Sales for Retail and Food Services (Retail Sales)", "小売売上高"],
  ["USD", "gdp", undefined, "Gross Domestic Product (GDP)", "米ＧＤＰ（速報値）"],
  ["EUR", "rateDecision", undefined, "ECB Main Refinancing Rate Decision", "欧州中央銀行　政策金利"],
  ["JPY", undefined, undefined, "Golden Week", "衆議院選挙"],
  ["USD", undefined, undefined, "Thanksgiving", "Presidential Election"],
];
const CASES = TITLES.flatMap(([currency, kind, window, ...titles]) =>
  titles.map((title) => ({ currency, kind, window, title })),
);

describe("a title", () => {
  test.each(CASES)("truth 8: $currency $title is $kind", ({ currency, kind, window, title }) => {
    // Also full width, in other cases, and with blanks around.
    const wide = [...title].map((c) => (/[!-~]/.test(c) ? String.fromCodePoint(c.charCodeAt(0) + 0xfee0) : c)).join("");
    for (const said of [title, wide, title.toLowerCase(), title.toUpperCase(), `  ${title}  `]) {
      expect(eventKind({ currency, title: said }), said).toBe(kind);
      expect(kindWindowMinutes({ currency, title: said }), said).toBe(window);
    }
  });
  test("truth 8: one that fits several kinds, or names the bank under another currency, gets the widest window", () => {
    expect(kindWindowMinutes({ currency: "JPY", title: "CPI; BOJ rate decision" })).toBe(90);
    expect(kindWindowMinutes({ currency: "USD", title: "日銀金融政策決定会合" })).toBe(90);
    expect(kindWindowMinutes({ currency: "EUR", title: "Rate decision" })).toBeUndefined();
  });
  test("truth 8: reading any title never fails and comes out the same twice", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (title) => {
        expect(plainTitle(plainTitle(title))).toBe(plainTitle(title));
        const window = kindWindowMinutes({ currency: "JPY", title });
        expect(window === undefined || window === 90).toBe(true);
      }),
    );
  });
});

const HEADER = "time_utc,currency,importance,title,window_minutes";
const events = (...rows: string[]) => parseEventsCsv([HEADER, ...rows].join("\n"));

test("truth 8: the window in force is the file's own, else the wider one of kind and setting", () => {
  const [boj, own, same, cpi] = events(
    "2025-07-31T03:00:00Z,JPY,high,日銀金融政策決定会合,",
    "2025-07-31T04:00:00Z,JPY,high,日銀金融政策決定会合,15",
    "2025-07-31T05:00:00Z,JPY,high,日銀金融政策決定会合,90",
    "2025-07-31T23:30:00Z,JPY,high,消費者物価指数,",
  );
  const at = (setting: number) => [boj, own, same, cpi].map((e) => newsWindowMinutes(e!, setting));
  expect(at(30)).toEqual([90, 15, 90, 30]);
  expect(at(120)).toEqual([120, 15, 120, 120]); // a wide setting is never made narrower by the table
});

test("truth 8: a Japanese row blocks as long as the English one", () => {
  const at = parseInstant("2025-07-31T03:00:00Z");
  for (const title of ["BOJ Statement", "日銀金融政策決定会合", "ＢＯＪ　政策金利"]) {
    const [event] = events(`2025-07-31T03:00:00Z,JPY,high,${title},`);
    const blocked = (minutes: number) => newsGate([event!], epochMs(at + minutes * MINUTE_MS), 30).blocked;
    expect([-91, -90, 90, 91].map(blocked), title).toEqual([false, true, true, false]);
  }
});

test("truth 8: full-width time, currency and importance are read, other spellings are still refused", () => {
  const [event] = events("２０２５-０７-３１Ｔ０３：００：００Ｚ,ＪＰＹ,ｈｉｇｈ,日銀金融政策決定会合,");
  expect(event).toMatchObject({
    currency: "JPY",
    importance: "high",
    title: "日銀金融政策決定会合",
    windowMinutes: 90,
  });
  expect(() => events("2025-07-31T03:00:00Z,JPY,High,x,")).toThrow(/importance/);
});

describe("one event at two times", () => {
  const found = (...rows: string[]) => {
    const all = events(...rows);
    return nearbyTwins(all, all).map(([a, b]) => [a.title, b.title]);
  };
  test.each<[string, string[], number]>([
    [
      "moved by a day",
      ["2025-07-30T18:00:00Z,USD,high,FOMC Decision,", "2025-07-31T18:00:00Z,USD,high,FOMC Decision,"],
      1,
    ],
    ["moved by an hour", ["2025-07-30T18:00:00Z,USD,high,CPI,", "2025-07-30T19:00:00Z,USD,high,CPI,"], 1],
    [
      "moved, written otherwise",
      [
        "2025-07-31T03:00:00Z,JPY,high,BOJ Statement (nominal time),",
        "2025-08-01T03:00:00Z,JPY,high,ＢＯＪ　ｓｔａｔｅｍｅｎｔ,",
      ],
      1,
    ],
    [
      "two rate decisions in two languages",
      ["2025-07-31T03:00:00Z,JPY,high,BOJ Rate Decision,", "2025-08-01T03:00:00Z,JPY,high,日銀金融政策決定会合,"],
      1,
    ],
    ["six days apart", ["2025-07-01T12:30:00Z,USD,high,CPI,", "2025-07-07T12:30:00Z,USD,high,CPI,"], 1],
    [
      "every week",
      ["2025-07-03T12:30:00Z,USD,high,Jobless Claims,", "2025-07-10T12:30:00Z,USD,high,Jobless Claims,"],
      0,
    ],
    ["another currency", ["2025-07-01T12:30:00Z,USD,high,CPI,", "2025-07-02T12:30:00Z,JPY,high,CPI,"], 0],
    ["another title", ["2025-07-01T12:30:00Z,USD,high,CPI,", "2025-07-02T12:30:00Z,USD,high,GDP,"], 0],
    [
      "the minutes of a decision",
      ["2025-07-01T18:00:00Z,USD,high,FOMC Decision,", "2025-07-03T18:00:00Z,USD,high,FOMC Minutes,"],
      0,
    ],
  ])("truth 8: %s", (_name, rows, count) => expect(found(...rows)).toHaveLength(count));
});

test("truth 8: important JPY and USD events of no known kind are found, others are not", () => {
  const titles = unknownImportant(
    events(
      "2025-07-01T12:30:00Z,JPY,high,衆議院選挙,",
      "2025-07-02T12:30:00Z,USD,high,Presidential Election,60",
      "2025-07-03T12:30:00Z,JPY,medium,祝日,",
      "2025-07-04T12:30:00Z,EUR,high,Something,",
      "2025-07-05T12:30:00Z,JPY,high,消費者物価指数,",
    ),
  ).map((e) => e.title);
  expect(titles).toEqual(["衆議院選挙", "Presidential Election"]);
});

test("truth 8: an id names time, currency and title", () => {
  const [a, b] = events("2025-07-01T12:30:00Z,USD,high,CPI,", "2025-07-01T12:30:00Z,USD,high,Core CPI,");
  expect(eventId(a!)).toMatch(/^[0-9a-f]{8}$/);
  expect(eventId(a!)).not.toBe(eventId(b!));
  const changed = { ...a!, importance: "low" as const, windowMinutes: 5 };
  expect(eventId(changed)).toBe(eventId(a!));
});
