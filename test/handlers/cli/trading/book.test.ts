// `trader orders|positions|trades|halts`: each line shows the state, its meaning and what to do, and fits a terminal.

import { Command } from "commander";
import { afterEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../../../db/open.ts";
import type { JobsDeps } from "../../../../handlers/cli/queueOptions.ts";
import { registerBook } from "../../../../handlers/cli/trading/book.ts";
import { registerSignals } from "../../../../handlers/cli/trading/signals.ts";
import { registry } from "../../../../handlers/registry.ts";
import { defaultConfig } from "../../../../lib/core/config.ts";
import type { HaltKind } from "../../../../lib/core/haltKinds.ts";
import { DAY_MS, jstDayStart } from "../../../../lib/core/time.ts";
import { JobStore } from "../../../../queue/store.ts";
import { once } from "../../../sim/lost.ts";
import { World, type WorldOptions } from "../../../sim/world.ts";
import { terminalOf } from "../commands.ts";

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
const begin = (options: Partial<WorldOptions> = {}, columns?: number) => {
  const w = new World({ btc: (s) => s.to(9_998_000, 2).flat(200), ...options });
  worlds.push(w);
  const clock = { nowMs: () => w.clock.nowMs(), realNowMs: () => w.clock.nowMs(), monotonicMs: () => 0 };
  const look = () => {
    const db = openDatabase(w.db.path, { readonly: true });
    return { db, store: new JobStore(db, registry, clock), clock, close: () => db.close() };
  };
  const trader = async (...args: string[]): Promise<string> => {
    const out: string[] = [];
    const program = new Command("trader").exitOverride().configureOutput({ writeErr: () => {} });
    const deps: JobsDeps = {
      config: () => defaultConfig(),
      open: look,
      look,
      out: (text) => void out.push(text),
      err: () => {},
      ...(columns === undefined ? {} : { terminal: terminalOf(columns) }),
    };
    registerBook(program, deps);
    registerSignals(program, deps);
    await program.parseAsync(args, { from: "user" });
    return out.join("\n");
  };
  return { w, trader };
};

describe("orders", () => {
  test("a resting entry is at the exchange, nothing to do; ended ones come with --all or --trade", async () => {
    const { w, trader } = begin();
    w.approve();
    await w.advance(0.5);
    const text = await trader("orders");
    expect(text).toMatch(
      /^#1 BTC_JPY BUY LIMIT 0\.004 at ¥[\d,]+, entry of trade 1\n {4}at the exchange since \d+ s \(order \d+\); do nothing$/,
    );
    await w.advance(4);
    expect(await trader("orders")).not.toContain("entry");
    expect(await trader("orders", "--all")).toMatch(/entry of trade 1\n {4}filled .* JST, order \d+; ended/);
    expect(JSON.parse(await trader("orders", "--trade", "1", "--json"))).toHaveLength(3);
  });
  test("one without a response is being looked up; after a minute a person is asked to check the venue", async () => {
    let silent = false;
    const { w, trader } = begin({
      venue: {
        faults: (r, phase) => {
          if (r.path === "/v1/order" && phase === "after") {
            silent = true;
            return { kind: "dropReply" };
          }
          return silent && r.method === "GET" && r.area === "private" && phase === "before"
            ? { kind: "reset" }
            : undefined;
        },
      },
    });
    w.approve();
    await w.advance(12 / 60);
    expect(await trader("orders")).toMatch(/unknown since 12 s: sent, no answer; being looked for, do nothing/);
    await w.advance(1.5);
    expect(await trader("orders")).toMatch(
      /unknown since 1 min .*look on the exchange's page for this order, sent .* JST/,
    );
  });
  test("a refused and a dropped one say that the exchange took nothing", async () => {
    const { w, trader } = begin({ venue: { faults: once("/v1/order", "before", { kind: "error", code: "ERR-201" }) } });
    w.approve();
    await w.advance(1);
    expect(await trader("orders")).toBe("no live order; --all shows ended ones");
    expect(await trader("orders", "--all")).toMatch(
      /refused .* with ERR-201 .*: the exchange took nothing; not sent again as it is/,
    );
  });
  test("--live and --all together are wrong use", async () => {
    const { trader } = begin();
    await expect(trader("orders", "--live", "--all")).rejects.toThrow(/found several/);
    await expect(trader("orders", "--trade", "x")).rejects.toThrow(/--trade: expected a whole number/);
  });
});

describe("positions", () => {
  test("each leg with its stop and target, covered; nothing wider than the terminal", async () => {
    const { w, trader } = begin({}, 80);
    w.approve();
    await w.advance(4);
    const text = await trader("positions");
    expect(text).toContain("covered");
    expect(text.replaceAll(/\n\s+/g, " ")).toMatch(/0\.002, TP1 ¥[\d,]+: STOP at ¥[\d,]+, #\d+ at the exchange since/);
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
    const [held] = JSON.parse(await trader("positions", "--json"));
    expect(held).toMatchObject({ tradeId: 1, size: 0.004, bare: 0, legs: [{ order: { state: "open" } }, {}] });
  });
  test("a bare one is shouted with what to do, a closing one says so", async () => {
    const { w, trader } = begin({
      venue: { faults: (r) => (r.path === "/v1/closeOrder" ? { kind: "error", code: "ERR-5201" } : undefined) },
    });
    w.approve();
    await w.advance(4);
    w.db.transaction((tx) => tx.trades.askClose(1, "market"));
    const text = await trader("positions");
    expect(text).toContain("no order at the exchange");
    expect(text).toMatch(/BARE 0\.004: being covered, .*trader close 1, or close it on the exchange's page/);
    expect(text).toContain("being closed for you (at market)");
  });
  test("none is said, and when the book was last compared", async () => {
    const { w, trader } = begin();
    expect(await trader("positions")).toBe("no open position of ours\nnot compared with the exchange yet");
    w.enqueue({ name: "reconcile", key: "r1", input: {} });
    await w.drain();
    expect(await trader("positions")).toMatch(/compared with the exchange .* JST$/);
  });
});

test("trades: newest first, with how they ended", async () => {
  const { w, trader } = begin({ btc: (s) => s.to(9_998_000, 2).to(9_930_000, 8).flat(20) });
  expect(await trader("trades")).toBe("no trade yet");
  w.approve();
  await w.runToEnd();
  expect(await trader("trades")).toMatch(/^ID {2}STATUS .*\n1 {3}closed {2}BTC_JPY {2}long .*stop_loss/);
  expect(JSON.parse(await trader("trades", "--json"))).toMatchObject([{ id: 1, exitReason: "stop_loss" }]);
});

test("signals and why: the judged bars, and every gate of one; an unknown id fails", async () => {
  const { w, trader } = begin();
  const { id } = w.propose();
  expect(await trader("signals")).toMatch(/^Last judged bars \(JST\)\n07-01 \d\d:\d\d BTC/);
  expect(JSON.parse(await trader("signals", "--json"))).toMatchObject([{ symbol: "BTC_JPY", verdict: "proposed" }]);
  expect(await trader("why", id)).toContain("BTC/JPY");
  expect(JSON.parse(await trader("why", id, "--json"))).toMatchObject([{ symbol: "BTC_JPY", gates: [] }]);
  await expect(trader("why", "nothing")).rejects.toThrow(/nothing/);
});

test("halts: reason, since, until, and how each ends; ended ones with --all", async () => {
  const { w, trader } = begin();
  expect(await trader("halts")).toBe("nothing is halted");
  const atMs = w.nowMs;
  w.db.transaction((tx) => {
    tx.halts.raise({ kind: "stop", reason: "stopped by cli", atMs });
    tx.halts.raise({ kind: "loss-day", reason: "enough", atMs, untilMs: (jstDayStart(atMs) + DAY_MS) as typeof atMs });
    tx.halts.raise({ kind: "odd" as HaltKind, reason: "from a test", atMs });
    tx.halts.raise({ kind: "pause", reason: "paused by cli", atMs });
    tx.halts.clear("pause", "cli", atMs);
  });
  const text = await trader("halts");
  expect(text).toMatch(/^stop: stopped by cli; since .*; ends only with trader resume$/m);
  expect(text).toMatch(/^loss-day: enough; since .*; ends 2025-07-02 00:00 JST$/m);
  expect(text).toMatch(/^odd: from a test; since .*; stays until it is cleared$/m);
  expect(text).not.toContain("pause");
  expect(await trader("halts", "--all")).toMatch(/^pause: paused by cli; .* to .*, ended by cli$/m);
  expect(JSON.parse(await trader("halts", "--json"))).toHaveLength(3);
});
