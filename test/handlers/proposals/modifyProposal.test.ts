// A change of a proposal's numbers never widens its risk and never leaves the approved band; and a proposal ends once.
import { afterEach, describe, expect, test } from "vitest";
import { modifyProposal } from "../../../handlers/proposals/modifyProposal.ts";
import { coinE8, parseCoin, yen, yenE8 } from "../../../lib/core/money.ts";
import { World } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
const RULES = { tick: yen(1), sizeStep: parseCoin("0.001"), minSize: parseCoin("0.001") };

const proposed = async (direction: "long" | "short") => {
  world = new World({ btc: (s) => s.flat(60) });
  const proposal = world.propose({ direction });
  await world.drain();
  const change = (numbers: Partial<Pick<typeof proposal, "size" | "entry" | "stop">>) =>
    modifyProposal(world.system.desk, world.config, { proposalId: proposal.id, actor: "test", ...RULES, ...numbers });
  return { proposal, change };
};
const refused = expect.objectContaining({ code: "MODIFY_REFUSED", verdict: "permanent" });

describe.each(["long", "short"] as const)("truth 22: a change of a %s", (direction) => {
  const sign = direction === "long" ? 1n : -1n;
  const YEN = yen(1);
  test("to a wider stop, a stop at the entry or beyond it is refused; a nearer one is proposed", async () => {
    const { proposal: p, change } = await proposed(direction);
    expect(() => change({ stop: yenE8(p.stop - sign * YEN) })).toThrow(refused);
    expect(() => change({ stop: p.entry })).toThrow(refused);
    expect(() => change({ stop: yenE8(p.entry + sign * YEN) })).toThrow(refused);
    expect(world.db.read.proposals.byId(p.id)?.state).toBe("pending");
    const result = change({ stop: yenE8(p.stop + sign * YEN) });
    expect(result.kind).toBe("proposed");
    expect(result.proposal.risk).toBeLessThan(p.risk * 1_000_000_000n);
    expect(result.proposal).toMatchObject({ supersedes: p.id, validUntilMs: p.validUntilMs, state: "pending" });
    expect(result.proposal.hash).not.toBe(p.hash);
  });

  test("to a larger size, a size below the venue's minimum or between two steps is refused", async () => {
    const { proposal: p, change } = await proposed(direction);
    expect(() => change({ size: coinE8(p.size + RULES.sizeStep) })).toThrow(refused);
    expect(() => change({ size: coinE8(0n) })).toThrow(refused);
    expect(() => change({ size: parseCoin("0.0015") })).toThrow(refused);
    expect(() => change({ size: parseCoin("0.0005") })).toThrow(refused);
    expect(world.db.read.proposals.newest(9)).toHaveLength(1);
    expect(change({ size: RULES.minSize }).proposal.size).toBe(RULES.minSize);
  });

  test("to an entry outside the band, or between two ticks, is refused; its edges are inside", async () => {
    const { proposal: p, change } = await proposed(direction);
    expect(() => change({ entry: yenE8(p.bandLow - YEN) })).toThrow(refused);
    expect(() => change({ entry: yenE8(p.bandHigh + YEN) })).toThrow(refused);
    expect(() => change({ entry: yenE8(p.entry + 1n) })).toThrow(refused);
    const edge = change({ entry: direction === "long" ? p.bandHigh : p.bandLow }).proposal;
    expect(edge.bandLow >= p.bandLow && edge.bandHigh <= p.bandHigh).toBe(true);
  });
});

test("truth 22: a proposal ends once: a second end of any kind throws and writes no second decision", async () => {
  const { proposal } = await proposed("long");
  const settle = (state: "approved" | "rejected") =>
    world.db.transaction((tx) =>
      tx.proposals.settle(state, {
        proposalId: proposal.id,
        decision: state,
        decidedBy: "human",
        actor: "test",
        hash: proposal.hash,
        decidedMs: world.nowMs,
      }),
    );
  settle("rejected");
  expect(() => settle("approved")).toThrow(/not pending/);
  expect(world.db.read.proposals.byId(proposal.id)?.state).toBe("rejected");
  expect(world.db.read.proposals.approval(proposal.id)?.decision).toBe("rejected");
});
