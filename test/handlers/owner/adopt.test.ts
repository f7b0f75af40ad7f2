// A position opened by hand: told by reconcile, taken into the book by command only, then protected and closed like any other.
import { afterEach, describe, expect, test } from "vitest";
import { requestCommand } from "../../../handlers/owner/requestCommand.ts";
import { parseCoin, toNumber, yen } from "../../../lib/core/money.ts";
import { Death } from "../../sim/mortal.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
const begin = (options: Partial<WorldOptions> = {}): World => {
  const world = new World({ btc: (s) => s.flat(600), ...options });
  worlds.push(world);
  return world;
};
/** A judged bar is what its ATR (25,000 yen here) is taken from. */
const judged = (w: World): void => {
  const { id } = w.propose();
  requestCommand({ db: w.db, store: w.store, clock: w.clock }, { command: "rejectAll", actor: "cli" });
  expect(w.db.read.proposals.byId(id)?.state).toBe("rejected");
};
const opened = async (w: World, size = "0.004", side: "BUY" | "SELL" = "BUY"): Promise<string> => {
  await w.owner.order({ symbol: "BTC_JPY", side, executionType: "MARKET", size: parseCoin(size) });
  const [position] = await w.owner.openPositions("BTC_JPY");
  return position?.positionId ?? "";
};
const ask = (w: World, positionId: string) =>
  requestCommand({ db: w.db, store: w.store, clock: w.clock }, { command: "adopt", actor: "cli", positionId });
const resultOf = (w: World, { commandId }: { commandId: number }) => w.db.read.ownerCommands.byId(commandId)?.result;

describe("a position opened by hand", () => {
  test.each([
    ["BUY", "long", (s: number) => s < 10_000_000],
    ["SELL", "short", (s: number) => s > 10_000_000],
  ] as const)(
    "%s becomes a trade with stops 2 x ATR away and a time stop from now, and the mismatch ends",
    async (side, direction, behind) => {
      const w = begin({ config: { TIME_STOP_HOURS: "1" } });
      judged(w);
      const positionId = await opened(w, "0.004", side);
      w.enqueue({ name: "reconcile", key: "r1", input: {} });
      await w.advance(1);
      expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toEqual(["mismatch"]);
      const asked = ask(w, positionId);
      await w.advance(0.2);
      expect(resultOf(w, asked)?.text).toMatch(/position \d+ is trade 1 now: stop ¥[\d,]+/);
      expect(w.trade()).toMatchObject({ direction, status: "open", positionSize: 0.004 });
      expect(behind(w.trade().stopLoss)).toBe(true);
      expect(Math.abs(w.trade().stopLoss - 10_000_000)).toBeGreaterThan(49_000);
      expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
      w.enqueue({ name: "reconcile", key: "r2", input: {} });
      await w.advance(1);
      expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
      await w.runToEnd();
      expect(w.trade()).toMatchObject({ status: "closed", exitReason: "time_stop" });
      expect(await w.brokenPromises()).toEqual(
        // The opening was another hand's order: that alone is not in our book.
        (await w.brokenPromises()).filter((text) => /^entry \d+ is not in our book$/.test(text)),
      );
    },
  );

  // 2,000 yen of the whole account, or of what of it may be used.
  test.each<Record<string, string>>([
    { MAX_RISK_PER_TRADE: "0.002" },
    { MAX_RISK_PER_TRADE: "0.02", CAPITAL_LIMIT_JPY: "100000" },
  ])("too large for two ATR gets a nearer stop: no more than the risk of one trade (%o)", async (config) => {
    const w = begin({ config });
    judged(w);
    const asked = ask(w, await opened(w, "0.1"));
    await w.advance(0.1);
    expect(resultOf(w, asked)?.outcome).toBe("done");
    const loss = (toNumber(yen(9_999_500)) - w.trade().stopLoss) * 0.1;
    expect(loss).toBeLessThanOrEqual(2_000);
    expect(loss).toBeGreaterThan(1_900);
  });

  test("is left alone, with the reason, when it cannot be taken well", async () => {
    const w = begin({ config: { MAX_RISK_PER_TRADE: "0.0001" } });
    const refusal = async (positionId: string): Promise<string | undefined> => {
      const asked = ask(w, positionId);
      await w.drain();
      expect(resultOf(w, asked)?.outcome).toBe("refused");
      return resultOf(w, asked)?.text;
    };
    expect(await refusal("999")).toContain("no such position");
    const positionId = await opened(w, "0.1");
    expect(await refusal(positionId)).toContain("no ATR");
    judged(w);
    expect(await refusal(positionId)).toContain("too large");
    const size = parseCoin("0.05");
    await w.owner.closeOrder({
      symbol: "BTC_JPY",
      side: "SELL",
      executionType: "STOP",
      price: yen(9_000_000),
      positionId,
      size,
    });
    expect(await refusal(positionId)).toContain("not ours are active on it");
    for (const o of await w.owner.activeOrders("BTC_JPY")) await w.owner.cancelOrder(o.orderId);
    await w.owner.closeOrder({ symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", positionId, size });
    w.pass(1_000);
    expect(await refusal(positionId)).toContain("cannot be booked exactly");
    expect(w.db.read.trades.newest(1)).toEqual([]);
  });

  test("beside an open trade of the symbol, or twice, is refused", async () => {
    const w = begin();
    judged(w);
    const positionId = await opened(w);
    const first = ask(w, positionId);
    const second = ask(w, positionId);
    await w.advance(0.1);
    expect([resultOf(w, first)?.outcome, resultOf(w, second)?.outcome]).toEqual(["done", "refused"]);
    expect(resultOf(w, second)?.text).toContain("in the book already");
    expect(w.db.read.trades.newest(5)).toHaveLength(1);
  });

  test("cut off at any step it is a protected trade once, or told as refused", async () => {
    const whole = begin();
    judged(whole);
    ask(whole, await opened(whole));
    const from = whole.mortality.step;
    await whole.advance(0.2);
    const steps = whole.mortality.step;
    expect(steps - from).toBeGreaterThan(6);
    for (let killAt = from + 1; killAt <= steps; killAt += 2) {
      const w = begin({ killAt });
      judged(w);
      const asked = ask(w, await opened(w));
      await w.advance(0.2).catch((e: unknown) => {
        if (!(e instanceof Death)) throw e;
      });
      w.crash();
      w.restart({ downMs: 1_000 });
      await w.advance(0.3);
      expect(resultOf(w, asked)?.outcome, `killAt ${killAt}`).toBe("done");
      expect(w.db.read.trades.newest(5), `killAt ${killAt}`).toHaveLength(1);
      expect(w.simulator.bareSize("BTC_JPY"), `killAt ${killAt}`).toBe(0n);
      worlds.pop()?.close();
    }
  });
});
