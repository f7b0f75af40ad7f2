// The pictures for the phone: PNG of the promised size, from nothing later than the decision, labels that never
// overlap.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AppCtx } from "../../../handlers/context.ts";
import { notify } from "../../../handlers/notify.ts";
import { renderEquityChart } from "../../../handlers/report/equityPicture.ts";
import { drawProposalChart, renderProposalChart, spread } from "../../../handlers/report/proposalChart.ts";
import { maxDrawdown } from "../../../lib/core/statistics.ts";
import { BAR_MS, DAY_MS, epochMs } from "../../../lib/core/time.ts";
import { renderPng } from "../../../lib/io/png.ts";
import { chartFacts } from "../../bench/chart.ts";
import { flatCandle, openBook, runHandler, START } from "./book.ts";
import { fillBook } from "./fillBook.ts";

const sizeOf = (png: Uint8Array): readonly number[] => {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  expect([...png.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  return [view.getUint32(16), view.getUint32(20)];
};

describe("the chart of a proposal", () => {
  test("is a PNG for a dense screen, the same bytes for the same facts", () => {
    const png = drawProposalChart(chartFacts());
    expect(sizeOf(png)).toEqual([1_600, 1_000]);
    expect(Buffer.from(drawProposalChart(chartFacts())).equals(Buffer.from(png))).toBe(true);
    expect(png.length).toBeLessThan(400_000);
  });

  test("draws one flat candle, a short, and levels on top of each other", () => {
    const { proposal, candles } = chartFacts();
    const flat = { ...proposal, stop: proposal.entry, tp1: proposal.entry, tp2: proposal.entry };
    const one = [{ ...candles.at(-1)!, open: 5, high: 5, low: 5, close: 5 }];
    expect(sizeOf(drawProposalChart({ proposal: { ...flat, direction: "short" }, candles: one, news: [] }))).toEqual([
      1_600, 1_000,
    ]);
  });

  test("uses no data from after the signal's bar, and needs no proposal", () => {
    const book = openBook();
    try {
      fillBook(book);
      const id = book.db.read.reporting.proposals(epochMs(0), epochMs(START + 9 * DAY_MS))[0]!.id;
      const before = Buffer.from(renderProposalChart(book.db.read, id)!);
      const signal = book.db.read.signals.byId(book.db.read.proposals.byId(id)!.signalId)!;
      book.db.sql.prepare("DELETE FROM candles WHERE symbol = ? AND open_ms > ?").run(signal.symbol, signal.barOpenMs);
      expect(Buffer.from(renderProposalChart(book.db.read, id)!).equals(before)).toBe(true);
      book.db.transaction((tx) =>
        tx.candles.upsert(signal.symbol, [flatCandle(signal.barOpenMs + BAR_MS, 99_000_000)], "klines"),
      );
      expect(Buffer.from(renderProposalChart(book.db.read, id)!).equals(before)).toBe(true);
      expect(renderProposalChart(book.db.read, "btc0000000000")).toBeUndefined();
      book.db.sql.prepare("DELETE FROM candles").run();
      expect(renderProposalChart(book.db.read, id)).toBeUndefined();
    } finally {
      book.close();
    }
  });

  test("labels keep their distance and their order, wherever the levels lie", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -50, max: 600, noNaN: true }), { minLength: 1, maxLength: 6 }), (ys) => {
        const wanted = [...ys].sort((a, b) => a - b);
        const placed = spread(wanted, 22, 64, 470);
        for (const [i, y] of placed.entries()) {
          expect(y).toBeGreaterThanOrEqual(64 - 1e-9);
          expect(y).toBeLessThanOrEqual(470 + 1e-9);
          if (i > 0) expect(y - placed[i - 1]!).toBeGreaterThanOrEqual(22 - 1e-9);
        }
      }),
    );
  });
});

describe("notify", () => {
  /** Runs it on a fresh pending copy of a proposal; the message is what it wrote. */
  const ask = async (account: "paper" | "replay", spoil: (book: ReturnType<typeof openBook>) => void) => {
    const book = openBook();
    try {
      fillBook(book);
      const { id } = book.db.read.reporting.proposals(epochMs(0), epochMs(START + 9 * DAY_MS))[0]!;
      book.db.sql
        .prepare("UPDATE proposals SET state = 'pending', valid_until_ms = ? WHERE id = ?")
        .run(START + 99 * DAY_MS, id);
      spoil(book);
      const log: string[] = [];
      const handler = {
        ...notify,
        run: (input: { proposalId: string }, ctx: AppCtx) =>
          notify.run(input, {
            ...ctx,
            account,
            log: { error: (_: unknown, m: string) => void log.push(m) } as unknown as AppCtx["log"],
          }),
      };
      await runHandler(book, handler, { proposalId: id });
      const message = book.db.read.outbox.byKey(`proposal:${id}`);
      return { text: message?.text ?? "", photo: message?.photo?.length ?? 0, log };
    } finally {
      book.close();
    }
  };

  test("stores the chart with the message; a replay has none", async () => {
    const paper = await ask("paper", () => undefined);
    expect(paper.photo).toBeGreaterThan(10_000);
    expect(paper.text).toContain("/approve_");
    expect((await ask("replay", () => undefined)).photo).toBe(0);
  });

  test("a chart that cannot be drawn delays no signal: it is logged, the text is sent", async () => {
    const without = await ask("paper", (book) => book.db.sql.prepare("DROP TABLE economic_events").run());
    expect(without).toMatchObject({ photo: 0, log: ["chart.notDrawn"] });
    expect(without.text).toContain("/approve_");
  });
});

test("what is no SVG is one clear error", () => {
  expect(() => renderPng("<nothing", 100)).toThrow(/expected a picture of the chart/);
});

describe("the equity picture", () => {
  const span = { fromMs: START, toMs: START + DAY_MS };
  test.each([
    ["one point", [1_000_000]],
    ["a flat day", [1_000_000, 1_000_000]],
    ["a bad day", [1_000_000, 980_000, 990_000]],
  ])("draws %s", (_name, values) => {
    const points = values.map((yen, i) => ({ atMs: epochMs(START + i * BAR_MS), yen }));
    expect(sizeOf(renderEquityChart(points, { span, title: "2025-08-11", drawdown: maxDrawdown(points) })!)).toEqual([
      1_600, 900,
    ]);
  });
  test("is nothing without a point", () => {
    expect(renderEquityChart([], { span, title: "2025-08-11", drawdown: undefined })).toBeUndefined();
  });
});
