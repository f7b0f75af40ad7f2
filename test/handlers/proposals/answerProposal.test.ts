// A proposal always ends: decided once, or timed out, also when it was never sent or its job is gone.
import { afterEach, describe, expect, test } from "vitest";
import { answerProposal } from "../../../handlers/proposals/answerProposal.ts";
import { MINUTE_MS } from "../../../lib/core/time.ts";
import { World } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
const quiet = (): World => {
  world = new World({ btc: (s) => s.flat(120) });
  return world;
};
const desk = (w: World) => ({ db: w.db, store: w.store, clock: w.clock });
const approve = (w: World, proposalId: string) =>
  answerProposal(desk(w), { proposalId, decision: "approved", by: "human", actor: "test" });

describe("a proposal", () => {
  test("that is not decided expires at its deadline and frees its symbol", async () => {
    const w = quiet();
    const { id } = w.propose();
    await w.advance(14.9);
    expect(w.db.read.proposals.byId(id)?.state).toBe("pending");
    await w.advance(0.2);
    expect(w.db.read.proposals.byId(id)?.state).toBe("expired");
    expect(w.db.read.proposals.approval(id)?.decidedBy).toBe("timeout");
    expect(w.db.read.risk.hasPendingProposal("BTC_JPY")).toBe(false);
  });

  test("whose deadline passes before it was sent expires too: no message, and its symbol is not blocked", async () => {
    const w = quiet();
    const { id } = w.propose(); // the process dies right after the filter's commit
    w.crash();
    w.restart({ downMs: 20 * MINUTE_MS });
    await w.advance(1);
    expect(w.db.read.proposals.byId(id)?.state).toBe("expired");
    expect(w.db.read.risk.hasPendingProposal("BTC_JPY")).toBe(false);
    expect(w.db.read.risk.tradesSince(w.nowMs)).toBe(0);
    expect(w.messages().some((m) => m.includes("approve"))).toBe(false);
    expect(w.deadJobs()).toEqual([]);
  });

  test("whose waiting job was cancelled by a person is ended by the next reconcile", async () => {
    const w = quiet();
    const { id } = w.propose();
    await w.drain();
    const [waiting] = w.store.list({ name: "awaitApproval" });
    w.store.cancel(waiting?.id ?? 0, "test");
    await w.advance(17);
    expect(w.db.read.proposals.byId(id)?.state).toBe("pending");
    w.store.enqueue({ name: "reconcile", key: "reconcile:test", input: {} });
    await w.drain();
    expect(w.db.read.proposals.byId(id)?.state).toBe("expired");
    expect(w.db.read.risk.hasPendingProposal("BTC_JPY")).toBe(false);
    expect(w.deadJobs()).toEqual([]);
  });

  test("is decided once: the second tap and a tap at its deadline have no effect", async () => {
    const w = quiet();
    const first = w.propose();
    await w.advance(1);
    expect(approve(w, first.id).kind).toBe("recorded");
    expect(approve(w, first.id)).toMatchObject({ kind: "tooLate", why: "it is already approved" });
    expect(w.store.list({ name: "execute" }).length).toBe(1);
    await w.advance(16);
    const second = w.propose();
    await w.drain();
    w.clock.advanceTo(second.validUntilMs);
    expect(approve(w, second.id)).toMatchObject({ kind: "tooLate", why: "its time is over" });
    expect(w.store.list({ name: "execute" }).length).toBe(1);
  });

  test("modified a moment before its deadline is asked again, and keeps the old deadline", async () => {
    const w = quiet();
    const { id, validUntilMs } = w.propose();
    await w.drain();
    const next = w.modify(id);
    expect(next.validUntilMs).toBe(validUntilMs);
    w.crash();
    w.restart({ downMs: 20 * MINUTE_MS });
    await w.advance(1);
    expect(w.db.read.proposals.byId(id)?.state).toBe("superseded");
    expect(w.db.read.proposals.byId(next.id)?.state).toBe("expired");
  });
});

describe("truth 22: an approval", () => {
  test("names the hash that was shown: another one decides nothing, and the right one still counts", async () => {
    const w = quiet();
    const { id, hash } = w.propose();
    await w.drain();
    for (const shown of [
      "0".repeat(16),
      `${hash.slice(0, -1)}x`,
      hash.slice(0, -1),
      hash.toUpperCase().concat(" "),
      "",
    ])
      for (const decision of ["approved", "rejected"] as const) {
        const answer = () =>
          answerProposal(desk(w), { proposalId: id, decision, by: "human", actor: "test", hash: shown });
        expect(answer).toThrow(expect.objectContaining({ code: "PROPOSAL_CHANGED", verdict: "permanent" }));
      }
    expect(w.db.read.proposals.byId(id)?.state).toBe("pending");
    expect(w.db.read.proposals.approval(id)).toBeUndefined();
    expect(w.store.list({ name: "execute" })).toEqual([]);
    const right = answerProposal(desk(w), { proposalId: id, decision: "approved", by: "human", actor: "test", hash });
    expect(right.kind).toBe("recorded");
    expect(w.db.read.proposals.approval(id)).toMatchObject({ decision: "approved", hash, actor: "test" });
  });

  test.each([
    ["is of another hash", "UPDATE approvals SET hash = 'ffffffffffffffff'"],
    ["is of a proposal whose numbers have another hash now", "UPDATE proposals SET hash = 'ffffffffffffffff'"],
    ["is a rejection", "UPDATE approvals SET decision = 'rejected'"],
    ["is a change of numbers", "UPDATE approvals SET decision = 'modified'"],
    ["is missing", "DELETE FROM approvals"],
    ["is of a proposal that was rejected since", "UPDATE proposals SET state = 'rejected'"],
    ["is of a proposal that was replaced since", "UPDATE proposals SET state = 'superseded'"],
  ])("that %s trades nothing", async (_, change) => {
    const w = quiet();
    w.approve();
    w.db.sql.exec(change);
    await w.advance(1);
    expect(w.db.read.trades.newest(1)).toEqual([]);
    expect(w.requests.filter((r) => r.startsWith("POST"))).toEqual([]);
    expect(w.store.list({ name: "execute" })[0]).toMatchObject({ state: "done" });
  });

  test("makes one trade, whatever jobs ask for it", async () => {
    const w = quiet();
    const { id, symbol } = w.approve();
    await w.advance(1);
    w.enqueue({ name: "execute", key: "execute:again", input: { proposalId: id, symbol } });
    await w.advance(1);
    expect(w.db.read.trades.newest(9).length).toBe(1);
    expect(w.deadJobs()).toEqual([]);
  });

  test("is in the audit log beside its trade: who, and the hash of what was approved", async () => {
    const w = quiet();
    const { hash } = w.approve();
    await w.advance(1);
    const event = w.db.read.audit.after(0).find((row) => row.kind === "trade.pending");
    expect(event?.data).toMatchObject({ hash, approvedBy: "test", approvedSize: "0.004" });
  });
});
