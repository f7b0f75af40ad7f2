// What a resume may end, and what keeps it from it; and what a stop leaves of approvals given before it.
import { afterEach, describe, expect, test } from "vitest";
import { type OwnerRequest, requestCommand } from "../../../handlers/owner/requestCommand.ts";
import { epochMs, MINUTE_MS } from "../../../lib/core/time.ts";
import { once } from "../../sim/lost.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
const start = (options: Partial<WorldOptions> = {}): World => {
  world = new World({ btc: (s) => s.flat(60), ...options });
  return world;
};
const ask = (w: World, command: OwnerRequest["command"]) =>
  requestCommand({ db: w.db, store: w.store, clock: w.clock }, { command, actor: "cli" });
const outcome = (w: World, { commandId }: { commandId: number }) =>
  w.db.read.ownerCommands.byId(commandId)?.result?.outcome;
const kinds = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);

describe("truth 22: a resume", () => {
  test("ends the owner's halts and no other", async () => {
    const w = start();
    for (const kind of ["pause", "stop", "loss-day", "api", "bare"] as const) w.halt(kind);
    const asked = ask(w, "resume");
    await w.advance(0.1);
    expect(outcome(w, asked)).toBe("done");
    expect(kinds(w)).toEqual(["loss-day", "api", "bare"]);
  });

  test.each(["pause", "stop", "panic"] as const)("asked before a /%s is overtaken by it", async (command) => {
    const w = start();
    w.halt("pause");
    const resume = ask(w, "resume");
    ask(w, command);
    await w.advance(1);
    expect(outcome(w, resume)).toBe("refused");
    expect(kinds(w)).toContain(command);
  });

  test.each([
    [5 * MINUTE_MS, "done", []],
    [5 * MINUTE_MS + 1, "refused", ["pause"]],
  ] as const)("that waited %i ms for a worker is %s", async (ms, expected, left) => {
    const w = start();
    w.halt("pause");
    const asked = ask(w, "resume");
    w.clock.advanceTo(epochMs(w.nowMs + ms));
    w.simulator.advanceTo(w.nowMs);
    await w.drain();
    expect(outcome(w, asked)).toBe(expected);
    expect(kinds(w)).toEqual(left);
  });

  test("is refused while a panic has a trade left, also one that only works", async () => {
    const w = start({ venue: { faults: once("/v1/order", "before", { kind: "dropReply" }) } });
    w.approve();
    await w.advance(1 / 60);
    w.db.transaction((tx) => tx.halts.raise({ kind: "panic", reason: "test", atMs: w.nowMs }));
    expect(w.db.read.trades.alive()).toHaveLength(1);
    const asked = ask(w, "resume");
    await w.advance(1 / 60);
    expect(outcome(w, asked)).toBe("refused");
    expect(kinds(w)).toContain("panic");
  });

  test("waits while an order has no answer, and ends the halt once its state is known", async () => {
    const w = start({ venue: { faults: once("/v1/order", "before", { kind: "dropReply" }) } });
    w.approve();
    await w.advance(1 / 60);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["unknown"]);
    w.halt("pause");
    const asked = ask(w, "resume");
    await w.advance(3 / 60);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["unknown"]);
    expect([outcome(w, asked), kinds(w)]).toEqual([undefined, ["pause"]]);
    await w.advance(0.5);
    expect([outcome(w, asked), kinds(w)]).toEqual(["done", []]);
  });
});

describe("truth 22: a stop", () => {
  test("ends what approvals given before it could still do: their jobs, and their validity", async () => {
    const w = start();
    w.halt("pause"); // The approval's job waits.
    const { id, symbol } = w.approve();
    ask(w, "stop");
    await w.advance(0.1);
    expect(w.store.list({ name: "execute" })[0]?.state).toBe("cancelled");
    expect(w.db.read.proposals.byId(id)?.validUntilMs).toBeLessThanOrEqual(w.nowMs);
    ask(w, "resume");
    await w.advance(0.1);
    expect(kinds(w)).toEqual([]);
    // Nor when a person asks for the same job again.
    w.enqueue({ name: "execute", key: "again", input: { proposalId: id, symbol } });
    await w.advance(1);
    expect(w.requests.filter((r) => r.startsWith("POST"))).toEqual([]);
    expect(w.db.read.trades.newest(1)).toEqual([]);
  });
  test.each(["stop", "panic"] as const)("(%s) rejects what waits for an answer; a pause does not", async (command) => {
    const w = start();
    const { id } = w.propose();
    await w.drain();
    ask(w, "pause");
    expect(w.db.read.proposals.byId(id)?.state).toBe("pending");
    ask(w, command);
    expect(w.db.read.proposals.byId(id)?.state).toBe("rejected");
    expect(w.db.read.proposals.approval(id)).toMatchObject({ decision: "rejected", decidedBy: "system" });
  });
});

test("truth 22: a panic marks every live trade to be closed at market, names them, and says so in the audit log", async () => {
  const w = start({ btc: (s) => s.to(9_998_000, 2).flat(60), eth: (s) => s.flat(60) });
  w.approve();
  w.approve({ symbol: "ETH_JPY", size: "0.04" });
  await w.advance(4);
  expect([w.trade(1).status, w.trade(2).status]).toEqual(["open", "pending"]);
  const { asked } = ask(w, "panic");
  expect(asked.tradeIds).toEqual([1, 2]);
  expect([w.trade(1).closeHow, w.trade(2).closeHow]).toEqual(["market", "market"]);
  expect(w.auditKinds().filter((kind) => kind === "trade.closeAsked")).toHaveLength(2);
});
