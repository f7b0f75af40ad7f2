// Approval from the phone, over HTTP against the fake Bot API: one outcome whatever is tapped, typed, repeated or forged, and a clear
// answer each time.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MINUTE_MS } from "../../../lib/core/time.ts";
import { Phone } from "../../sim/telegram/phone.ts";
import type { Shown } from "../../sim/telegram/server.ts";

let phone: Phone;
beforeEach(async () => {
  phone = await Phone.start();
});
afterEach(() => phone.close());

const state = (id: string) => phone.world.db.read.proposals.byId(id)?.state;
const executes = () => phone.world.store.list({ name: "execute" }).length;
const shown = (message: Shown): string => message.text.split("\n")[0] ?? "";
const nothingChanged = (id: string): void => {
  expect(state(id)).toBe("pending");
  expect(executes()).toBe(0);
};

describe("a tap", () => {
  test("approves: one trade, a notice, the message says so and loses its buttons", async () => {
    const { proposal, message } = await phone.propose();
    expect(message.keyboard?.inline_keyboard.flat().map((b) => b.text)).toEqual([
      "✅ Approve",
      "❌ Reject",
      "✏️ Modify",
    ]);
    expect(message.bold).toBe(shown(message));
    const tap = phone.owner.taps(message, "Approve");
    await phone.settle();
    expect(state(proposal.id)).toBe("approved");
    expect(phone.world.db.read.proposals.approval(proposal.id)).toMatchObject({
      decidedBy: "human",
      actor: "telegram:42",
      hash: proposal.hash,
    });
    expect(phone.owner.notice(tap)).toMatch(/^Approved/);
    expect(shown(message)).toMatch(/^✅ APPROVED .* \(you\)/);
    expect(message.text).not.toContain("/approve_");
    expect(message.keyboard).toBeUndefined();
    expect(phone.world.trade()).toMatchObject({ proposalId: proposal.id, status: "pending" });
  });

  test("rejects", async () => {
    const { proposal, message } = await phone.propose();
    const tap = phone.owner.taps(message, "Reject");
    await phone.settle();
    expect(state(proposal.id)).toBe("rejected");
    expect(phone.owner.notice(tap)).toBe("Rejected.");
    expect(shown(message)).toMatch(/^❌ REJECTED/);
    expect(executes()).toBe(0);
  });

  test("twice, and from two devices at once: the first counts, the others hear why not", async () => {
    const { proposal, message } = await phone.propose();
    const taps = ["Approve", "Approve", "Reject", "Modify"].map((button) => phone.owner.taps(message, button));
    await phone.settle();
    expect(state(proposal.id)).toBe("approved");
    expect(executes()).toBe(1);
    expect(phone.owner.notice(taps[0] ?? "")).toMatch(/^Approved/);
    for (const tap of taps.slice(1)) expect(phone.owner.notice(tap)).toContain("it is already approved");
  });

  test("on a message whose time is over changes nothing", async () => {
    const { proposal, message } = await phone.propose();
    const { data } = { data: message.keyboard?.inline_keyboard[0]?.[0]?.callback_data ?? "" };
    await phone.pass(15.5, 60);
    expect(state(proposal.id)).toBe("expired");
    expect(shown(message)).toMatch(/^⌛ EXPIRED/);
    const tap = phone.owner.tapsData(message.messageId, data);
    await phone.settle();
    expect(phone.owner.notice(tap)).toContain("counts as rejected");
    expect(executes()).toBe(0);
  });

  test("that is forged, or comes from elsewhere, does nothing", async () => {
    const { proposal, message } = await phone.propose();
    const eth = await phone.propose({ symbol: "ETH_JPY", size: "0.04" });
    const forged: readonly { data?: string; chatId?: number; userId?: number; chatType?: string }[] = [
      { data: `a|${eth.proposal.id}|${proposal.hash}` },
      { data: `a|${proposal.id}|${"0".repeat(16)}` },
      { data: `a|${proposal.id}|` },
      { data: `a|btc9999999999|${proposal.hash}` },
      { data: "drop table proposals" },
      { data: "" },
      { chatId: 77 },
      { chatType: "supergroup" },
      { userId: 666 },
    ];
    for (const forge of forged) {
      phone.owner.taps(message, "Approve", forge);
      await phone.settle();
      nothingChanged(proposal.id);
      nothingChanged(eth.proposal.id);
    }
  });

  test("under the message of another proposal does nothing, though id and hash are right", async () => {
    const btc = await phone.propose();
    const eth = await phone.propose({ symbol: "ETH_JPY", size: "0.04" });
    const tap = phone.owner.tapsData(eth.message.messageId, `a|${btc.proposal.id}|${btc.proposal.hash}`);
    await phone.settle();
    nothingChanged(btc.proposal.id);
    expect(phone.owner.notice(tap)).toMatch(/^Nothing changed/);
  });

  test("that comes before the proposal waits for it is heard a moment later", async () => {
    const { world, owner, telegram } = phone;
    const proposal = world.propose();
    await world.drain(); // notify and awaitApproval have run
    const waiting = world.store.list({ name: "awaitApproval" })[0];
    world.db.sql.prepare("UPDATE jobs SET state = 'ready', deadline_ms = NULL WHERE id = ?").run(waiting?.id);
    const tap = owner.tapsData(telegram.takeMessageId(), `a|${proposal.id}|${proposal.hash}`);
    await phone.bot.inbox.pollOnce();
    expect(owner.notice(tap)).toContain("being prepared");
    expect(state(proposal.id)).toBe("pending");
    await phone.settle();
    const again = owner.tapsData(telegram.takeMessageId(), `a|${proposal.id}|${proposal.hash}`);
    await phone.settle();
    expect(owner.notice(again)).toMatch(/^Approved/);
  });

  test("while the worker is down is heard by the next one; too late it says so in the chat", async () => {
    const { proposal, message } = await phone.propose();
    phone.world.crash();
    phone.owner.taps(message, "Approve");
    phone.restart({ downMs: MINUTE_MS });
    await phone.settle();
    expect(state(proposal.id)).toBe("approved");
    await phone.pass(16, 60);

    const second = await phone.propose({ symbol: "ETH_JPY", size: "0.04" });
    phone.world.crash();
    phone.owner.taps(second.message, "Approve");
    phone.telegram.openTaps.clear(); // Telegram no longer takes a notice
    phone.restart({ downMs: 20 * MINUTE_MS });
    await phone.settle();
    expect(state(second.proposal.id)).toBe("expired");
    expect(phone.telegram.message(/^Nothing changed/).text).toContain("its deadline has passed");
    expect(executes()).toBe(1);
  });
});

describe("a command", () => {
  test("/approve_ID and /reject_ID answer like the buttons, and each gets an answer", async () => {
    const { proposal } = await phone.propose();
    const eth = await phone.propose({ symbol: "ETH_JPY", size: "0.04" });
    phone.owner.says(`/approve_${proposal.id}`);
    phone.owner.says(`/reject_${eth.proposal.id}@test_bot`);
    phone.owner.says(`/reject_${proposal.id}`);
    await phone.settle();
    expect([state(proposal.id), state(eth.proposal.id)]).toEqual(["approved", "rejected"]);
    expect(phone.telegram.texts.slice(-3)).toEqual([
      expect.stringMatching(/^Approved/),
      "Rejected.",
      expect.stringContaining("it is already approved"),
    ]);
  });

  test("that is forwarded, or from another person, chat or group, is not the owner's word", async () => {
    const { proposal } = await phone.propose();
    const before = phone.telegram.messages.length;
    for (const more of [{ forwarded: true }, { userId: 666 }, { chatId: 77 }, { chatType: "group" }]) {
      phone.owner.says(`/approve_${proposal.id}`, more);
      await phone.settle();
      nothingChanged(proposal.id);
    }
    const said = phone.telegram.texts.slice(before);
    expect(said.every((text) => text.startsWith("An unauthorised user"))).toBe(true);
    expect(phone.telegram.messages.every((m) => m.chatId === 42)).toBe(true);
  });

  test("of strangers is reported at most once an hour, and never answered", async () => {
    for (let i = 0; i < 40; i += 1) phone.owner.says("/panic", { userId: 1_000 + i, chatId: 1_000 + i });
    await phone.settle();
    expect(phone.telegram.texts).toEqual([
      expect.stringMatching(/^An unauthorised user wrote to your bot \(user 1000/),
    ]);
    const reported = phone.world.auditKinds().filter((kind) => kind === "telegram.stranger").length;
    expect(reported).toBe(20);
    expect(phone.world.db.read.halts.active(phone.world.nowMs)).toEqual([]);
  });

  test("for an unknown proposal says so", async () => {
    phone.owner.says("/approve_btc0000000000");
    await phone.settle();
    expect(phone.telegram.texts.at(-1)).toMatch(/no such proposal/);
  });
});
