import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dailyReport } from "../../../handlers/dailyReport.ts";
import { labelSignals } from "../../../handlers/labelSignals.ts";
import { honestWords, renderReport } from "../../../handlers/report/html.ts";
import { collectReportData, type ReportData } from "../../../handlers/report/reportData.ts";
import { replaySummary } from "../../../handlers/report/summary.ts";
import { yen } from "../../../lib/core/money.ts";
import { BAR_MS, DAY_MS, type EpochMs, epochMs, MINUTE_MS } from "../../../lib/core/time.ts";
import { type Book, config, openBook, runHandler, START } from "./book.ts";
import { fillBook } from "./fillBook.ts";

const VOID = new Set(["meta", "br", "hr", "img", "link", "input"]);
/** Throws on the first tag that does not close what is open, and on attributes that are not quoted. */
const assertWellFormed = (html: string): void => {
  const open: string[] = [];
  const body = html.replace(/<style>[\s\S]*?<\/style>/, "").replace("<!doctype html>", "");
  for (const [tag, slash, name = "", rest = ""] of body.matchAll(/<(\/?)([a-zA-Z0-9]*)([^>]*)>/g)) {
    if (name === "") throw new Error(`stray < at ${tag}`);
    if (slash) {
      const expected = open.pop();
      if (expected !== name) throw new Error(`expected </${expected}>, found ${tag}`);
      continue;
    }
    const attributes = rest.replace(/\/$/, "").replace(/\s[\w-]+="[^"<>]*"/g, "");
    if (attributes.trim() !== "") throw new Error(`odd attributes in ${tag}`);
    if (!rest.endsWith("/") && !VOID.has(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join()}`);
  if (/&(?!(amp|lt|gt|quot|nbsp|#39);)/.test(body)) throw new Error("a bare ampersand");
};

let book: Book;
let data: ReportData;
let html: string;
const collect = (of: Book): ReportData =>
  collectReportData(of.db.read, {
    fromMs: START,
    toMs: epochMs(START + 3 * DAY_MS),
    config,
    summary: replaySummary(of.db, {
      product: "margin",
      ledgerMatchesVenue: true,
      equityStart: yen(1_000_000),
      equityEnd: yen(1_000_231),
      dbPath: 'var/"trader" & <co>.db',
      reportPath: null,
      elapsedMs: 1,
    }),
    model: undefined,
    dataNote: "Invented prices <for tests>",
    method: "Days: made up <for tests>.",
    version: "0",
  });

beforeAll(async () => {
  book = openBook();
  fillBook(book);
  await runHandler(book, labelSignals, { tickMs: START + 3 * DAY_MS });
  for (const day of [1, 2, 3]) await runHandler(book, dailyReport, { tickMs: START + day * DAY_MS + 5 * MINUTE_MS });
  data = collect(book);
  html = renderReport(data);
});
afterAll(() => book.close());

describe("the HTML report", () => {
  test("is well-formed and self-contained: no script, nothing loaded, nothing that runs", () => {
    assertWellFormed(html);
    expect(html).not.toMatch(/<script|<link|<img|<iframe|\ssrc=|\shref=|https?:|url\(|@import|\son\w+=/i);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  test("escapes what comes from the database", () => {
    expect(html).toContain("CPI &lt;b&gt;&quot;core&quot; &amp; food&lt;/b&gt;");
    expect(html).toContain("var/&quot;trader&quot; &amp; &lt;co&gt;.db");
    expect(html).toContain("Invented prices &lt;for tests&gt;");
    const evil = renderReport({
      ...data,
      trades: data.trades.map((t) => ({ ...t, status: "cancelled" as const, cancelReason: "</p><script>x</script>" })),
      halts: [{ kind: "stop", reason: "<img src=x onerror=y>" }],
      openAlerts: ['"><svg onload=z>'],
      days: data.days.map((day) => ({ ...day, text: "</pre><b>" })),
    });
    assertWellFormed(evil);
    expect(evil).not.toMatch(/<script|<img|<svg onload|<\/pre><b>/);
  });

  test("shows every trade with entry, exit and P&L, and marks it in the chart", () => {
    const traded = data.trades.filter((t) => t.firstFillMs !== undefined);
    expect(traded).toHaveLength(4);
    for (const t of traded) expect(html).toContain(`#${t.id} ${t.symbol} ${t.direction}`);
    expect(html).toContain("+¥392");
    expect(html).toContain("-¥491");
    expect(html).toContain("08-12 02:06, TP1, stop"); // the short: one half at its target, the other back at the entry
    const count = (pattern: RegExp) => html.match(pattern)?.length;
    // Each chart is drawn twice, wide and narrow.
    expect(count(/class="entry"/g)).toBe(2 * 4);
    expect(count(/class="exit( win| loss)?"/g)).toBe(2 * 7);
    expect(count(/class="stop"/g)).toBe(2 * 4);
    expect(count(/class="target"/g)).toBe(2 * 8);
    expect(count(/class="untaken"/g)).toBe(2 * 2);
    expect(count(/class="news"/g)).toBe(2 * 2 * 2);
    expect(count(/class="equity"/g)).toBe(2);
  });

  test("shows every proposal with its answer and who gave it", () => {
    for (const text of [
      "by timeout, 08-11 05:15",
      "by script, 08-12 23:32",
      "expired",
      "rejected",
      "approved",
      "trade #1",
    ])
      expect(html).toContain(text);
    const refused = { ...data, proposals: data.proposals.map((p) => ({ ...p, refusal: "the price left <the band>" })) };
    expect(renderReport(refused)).toContain("refused at the re-check: the price left &lt;the band&gt;");
  });

  test("every win rate stands beside its break-even, and few trades are called few", () => {
    const words = honestWords(data).join(" ");
    expect(words).toContain("Edge: not tested.");
    expect(words).toContain("3 of 4 closed trades won: 75.0 %, above the 65.1 % at which");
    expect(words).toContain(
      "4 trades are far too few to judge: the true win rate may well lie anywhere from 30 % to 95 %.",
    );
    expect(html.match(/[Ww]in rate[\s\S]{0,120}?break-even/g)?.length).toBeGreaterThanOrEqual(4);
  });

  test("has the funnel, the days with their messages, the risk state and the model", () => {
    for (const text of [
      "below the probability",
      "Message of 2025-08-12",
      "Loss limits:",
      "No halt is in force",
      "AUC touch",
      "no signal",
    ])
      expect(html).toContain(text);
    expect(data.funnel.bars).toBe(576);
  });

  test("the same data give the same bytes", () => {
    expect(renderReport(collect(book))).toBe(html);
  });

  test("a violated safety invariant is shown at the top", () => {
    const alarming = renderReport({
      ...data,
      summary: { ...data.summary, barePositions: 1, ledgerMatchesVenue: false, auditChainOk: false },
    });
    expect(alarming.indexOf("1 open positions are not protected by a stop.")).toBeGreaterThan(0);
    expect(alarming.indexOf("not protected by a stop")).toBeLessThan(alarming.indexOf("Edge: not tested"));
    expect(alarming).toContain("The book does not match the venue.");
    expect(alarming).toContain("The audit chain is broken.");
  });

  test("an empty database makes a page that says so", () => {
    const empty = openBook();
    const page = renderReport(collect(empty));
    empty.close();
    assertWellFormed(page);
    expect(page).not.toMatch(/NaN|undefined|Infinity|-?∞/);
    for (const text of [
      "No equity was recorded yet",
      "No entry order was filled",
      "No trade was closed in these days",
      "nothing was proposed",
    ])
      expect(page).toContain(text);
  });

  test("many days become a line, and a hole in the candles stays a hole", () => {
    const candles = Array.from({ length: 500 }, (_, i) => ({
      openMs: (START + (i < 250 ? i : i + 10) * BAR_MS) as EpochMs,
      open: 100,
      high: 101,
      low: 99,
      close: 100 + (i % 2),
      volume: 1,
    }));
    const page = renderReport({
      ...data,
      symbols: [{ ...data.symbols[0]!, candles, trades: [], fills: [], untaken: [] }],
      toMs: epochMs(START + 6 * DAY_MS),
    });
    assertWellFormed(page);
    expect(page).not.toContain('class="up"');
    const path = /<path d="([^"]+)" class="price"/.exec(page)?.[1] ?? "";
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path.match(/[ML]/g)).toHaveLength(500);
  });
});
