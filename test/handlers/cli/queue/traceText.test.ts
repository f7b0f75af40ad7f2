// `trader jobs show`: one screen that shows what happened and why, from fetchMarket to the closed trade.
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../../../lib/core/errors.ts";
import { BAR_MS, epochMs, HOUR_MS, isoUtc, MINUTE_MS, SECOND_MS } from "../../../../lib/core/time.ts";
import type { NewJob, Outcome } from "../../../../queue/types.ts";
import { closeWorlds, done, handler, job, T0, type World, world } from "../../../queue/world.ts";
import { addProposal, judgeBar, settle, type TradePlan } from "../../report/book.ts";
import { addTrade } from "../../report/bookTrade.ts";
import { commandsOn } from "../commands.ts";

afterEach(closeWorlds);

const BAR = epochMs(T0 - BAR_MS);
const PLAN: TradePlan = {
  id: "p1",
  direction: "long",
  atMs: T0 + 6 * SECOND_MS,
  entry: 17_000_000,
  atr: 30_000,
  size: 0.01,
};

/** The chain of one bar with handlers that only name the next one; what they would write is in the book already. */
const chain = (w: { current: World | undefined }) => {
  const next = (name: string, key: string, input: Record<string, unknown>): Outcome => ({
    kind: "done",
    next: [{ name, key, input } satisfies NewJob],
  });
  const bar = { symbol: "BTC_JPY", barOpenMs: BAR };
  let tries = 0;
  return [
    handler("fetchMarket", () => next("filter", `filter:BTC_JPY:${BAR}`, bar)),
    handler("filter", () => {
      tries += 1;
      w.current?.clock.pass(250);
      if (tries === 1) throw new AppError("retry", "BUSY", "not now", { status: 503 });
      return next("awaitApproval", "awaitApproval:p1", { proposalId: "p1" });
    }),
    handler("awaitApproval", (): Outcome => ({ kind: "park", deadlineMs: epochMs(T0 + HOUR_MS) })),
    handler("execute", () => next("watchPosition", "watchPosition:1", { tradeId: 1 })),
    handler("watchPosition", (): Outcome => ({ kind: "stop", reason: "the trade is closed" })),
  ];
};

const traded = async () => {
  const current: { current: World | undefined } = { current: undefined };
  const w = world(chain(current));
  current.current = w;
  const signal = judgeBar(w.db, BAR, { pLong: 0.81 });
  addProposal(w.db, PLAN, signal);
  settle(w.db, "p1", "approved", T0 + MINUTE_MS);
  addTrade(w.db, PLAN, signal, [
    { reason: "tp1", price: 17_051_000, atMs: T0 + 20 * MINUTE_MS },
    { reason: "stop_loss", price: 16_940_000, atMs: T0 + 40 * MINUTE_MS },
  ]);
  w.db.sql.prepare("UPDATE orders SET planned_e8 = price_e8, losscut_e8 = CASE purpose WHEN 'entry' THEN 1 END").run();
  w.db.sql.prepare("UPDATE orders SET time_in_force = 'FAK' WHERE execution_type = 'STOP'").run();
  w.store.enqueue(job("fetchMarket", `fetchMarket:BTC_JPY:${T0}`));
  await w.worker().drain();
  w.clock.pass(MINUTE_MS);
  await w.worker().drain();
  w.store.resolveParked({
    name: "awaitApproval",
    key: "awaitApproval:p1",
    next: [{ name: "execute", key: "execute:p1", input: { proposalId: "p1" } }],
  });
  await w.worker().drain();
  return { w, ...commandsOn(w) };
};

describe("trader jobs show", () => {
  test("the last job of the chain shows the whole trace", async () => {
    const { trader } = await traded();
    const text = await trader("jobs", "show", "5");
    expect(text).toContain("job 5  watchPosition  watchPosition:1  done");
    expect(text).toContain("note       the trade is closed");
    const part = (from: string, to: string): readonly string[] => {
      const all = text.split("\n");
      return all.slice(
        all.indexOf(from) + 1,
        all.findIndex((line) => line.startsWith(to)),
      );
    };
    expect(part("descends from (root first):", "trace:")).toEqual([
      `  #1  fetchMarket  fetchMarket:BTC_JPY:${T0}  done`,
      `  #2  filter  filter:BTC_JPY:${BAR}  done`,
      "  #3  awaitApproval  awaitApproval:p1  done",
      "  #4  execute  execute:p1  done",
    ]);
    expect(part("trace: 5 jobs in order of creation (times are JST)", "in the market:")).toEqual([
      "  #1  2026-11-02 09:00:00  fetchMarket  done after 0 s",
      "  #2  2026-11-02 09:00:00  filter  done after 1 min",
      "  #3  2026-11-02 09:01:00  awaitApproval  done after 0 s",
      "  #4  2026-11-02 09:01:00  execute  done after 0 s",
      "  #5  2026-11-02 09:01:00  watchPosition  done after 0 s  <- this job  the trade is closed",
    ]);
    expect(part("in the market:", "more:")).toEqual([
      "  signal 1: long BTC_JPY, bar 2026-11-02 08:45 JST, p 81.0 %, rank 95.0; proposed (all gates passed)",
      "  proposal p1: long 0.01 BTC_JPY at ¥17,000,000, stop ¥16,940,000, targets ¥17,051,000 / ¥17,102,000, at risk ¥600; approved: approved by script (script) 2026-11-02 09:01:00 JST",
      "  trade 1: long 0.01 BTC_JPY, entry ¥17,000,000, exit ¥16,995,500; closed by stop_loss: -¥45 (-0.03 %, fees ¥0)",
      "    2026-11-02 09:01:06 JST  order 1 entry BUY 0.01 LIMIT at ¥17,000,000: filled at 2026-11-02 09:02:06 JST",
      "    2026-11-02 09:02:06 JST  fill  open 0.01 at ¥17,000,000 (order 1)",
      "    2026-11-02 09:02:07 JST  order 2 takeProfit SELL 0.005 LIMIT at ¥17,051,000: filled at 2026-11-02 09:20:00 JST",
      "    2026-11-02 09:02:07 JST  order 3 stop SELL 0.005 STOP at ¥16,940,000: filled at 2026-11-02 09:40:00 JST",
      "    2026-11-02 09:20:00 JST  fill  close 0.005 at ¥17,051,000 (order 2, +¥0, tp1)",
      "    2026-11-02 09:40:00 JST  fill  close 0.005 at ¥16,940,000 (order 3, +¥0, stop_loss)",
    ]);
    expect(text.split("\n").at(-1)).toBe(`more: trader audit list --trace fetchMarket:BTC_JPY:${T0}`);
  });

  test("every attempt with its error and how long it took; the children", async () => {
    const { trader } = await traded();
    const text = await trader("jobs", "show", "2");
    expect(text).toContain('input      {"symbol":"BTC_JPY","barOpenMs":1793576700000}');
    expect(text).toMatch(
      /attempts:\n {2}1 {2}2026-11-02 09:00:00 JST {2}retry after 250 ms {2}\(worker boot-\d+, fence 1\)\n {5}retry BUSY: not now\n {2}2 {2}2026-11-02 09:01:00 JST {2}done after 250 ms/,
    );
    expect(text).toContain("children:\n  #3  awaitApproval  awaitApproval:p1  done");
  });

  test("--json has it all, an order, a trade and a proposal in their one shape", async () => {
    const { trader } = await traded();
    const shown = JSON.parse(await trader("jobs", "show", "5", "--json"));
    expect(shown).toMatchObject({ id: 5, name: "watchPosition", attempts: 1, parent: { id: 4 }, children: [] });
    expect(shown.ancestors.map((each: { id: number }) => each.id)).toEqual([1, 2, 3, 4]);
    expect(shown.trace).toHaveLength(5);
    expect(shown.trace[1]).toMatchObject({
      id: 2,
      name: "filter",
      key: `filter:BTC_JPY:${BAR}`,
      state: "done",
      parentId: 1,
      attempts: 2,
      createdAt: isoUtc(epochMs(T0)),
      startedAt: isoUtc(epochMs(T0)),
      finishedAt: isoUtc(epochMs(T0 + MINUTE_MS + 500)),
      reason: null,
      error: null,
    });
    expect(shown.story.signals).toMatchObject([{ id: 1, verdict: "proposed", pTouchLong: 0.81 }]);
    expect(shown.story.proposals).toMatchObject([
      {
        id: "p1",
        state: "approved",
        entry: 17_000_000,
        size: 0.01,
        answer: { decision: "approved", decidedBy: "script" },
      },
    ]);
    expect(shown.story.trades).toMatchObject([{ id: 1, status: "closed", exitReason: "stop_loss" }]);
    expect(shown.story.trades[0].orders).toMatchObject([
      { purpose: "entry", state: "filled", executed: 0.01 },
      { purpose: "takeProfit", exitReason: "tp1" },
      { purpose: "stop", exitReason: "stop_loss", price: 16_940_000 },
    ]);
    expect(shown.story.trades[0].executions).toHaveLength(3);
  });

  test("a bar that was not proposed names the gate that stopped it; an undecided proposal shows its deadline", async () => {
    const w = world([handler("filter", () => done), handler("awaitApproval", () => done)]);
    judgeBar(w.db, BAR, { pLong: 0.4, failing: "rank" });
    w.store.enqueue(job("filter", "f", { input: { symbol: "BTC_JPY", barOpenMs: BAR } }));
    addProposal(w.db, PLAN, judgeBar(w.db, BAR, { symbol: "ETH_JPY" }));
    w.store.enqueue(job("awaitApproval", "a", { input: { proposalId: "p1" } }));
    const { trader } = commandsOn(w);
    expect(await trader("jobs", "show", "1")).toContain("p 40.0 %, rank 95.0; not proposed: rank 1 (limit 2)");
    expect(await trader("jobs", "show", "2")).toContain("; pending, valid until 2026-11-02 09:15:06 JST");
    expect(await trader("jobs", "show", "2")).toContain("  signal 2: long ETH_JPY");
  });

  test("a row of the book that cannot be does not hide the job", async () => {
    const { w, trader } = await traded();
    w.db.sql.prepare("UPDATE orders SET planned_e8 = NULL WHERE id = 2").run();
    const text = await trader("jobs", "show", "5");
    expect(text).toContain("  orders that cannot be read: ORDER_INTENT: ");
    expect(text).toContain("<- this job");
    expect(text).toContain("closed by stop_loss");
    expect(JSON.parse(await trader("jobs", "show", "5", "--json")).story.problem).toMatch(/^ORDER_INTENT/);
  });

  test("a job that is about no trade has no market part; a long trace is cut in the middle, JSON is whole", async () => {
    const w = world([handler("fetch", () => done)]);
    for (let i = 1; i <= 70; i += 1)
      w.store.enqueue(job("fetch", `k${i}`, { traceId: "t", input: { symbol: 7, tradeId: "x" } }));
    const { trader } = commandsOn(w);
    const text = await trader("jobs", "show", "1");
    expect(text).not.toContain("in the market");
    expect(text).toContain("  … 10 more: trader jobs list --trace t --limit 70");
    expect(text).toContain("  #70  ");
    expect(text).not.toContain("  #35  ");
    expect(JSON.parse(await trader("jobs", "show", "1", "--json")).trace).toHaveLength(70);
  });
});
