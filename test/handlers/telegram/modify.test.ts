// Changing a proposal from the phone, and fresh numbers after a refusal: always shown again before it counts, never a
// wider risk.
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseChange } from "../../../handlers/telegram/modify.ts";
import { formatE8, parseE8, toNumber, yen } from "../../../lib/core/money.ts";
import { Phone } from "../../sim/telegram/phone.ts";
import { START_PRICE } from "../../sim/world.ts";

let phone: Phone;
beforeEach(async () => {
  phone = await Phone.start();
});
afterEach(() => phone.close());

const proposal = (id: string) => {
  const found = phone.world.db.read.proposals.byId(id);
  if (!found) throw new Error(`no proposal ${id}`);
  return found;
};

test("change after change of the entry stays inside the band that was proposed", async () => {
  const { proposal: first } = await phone.propose();
  phone.owner.says(`/modify_${first.id} entry ${toNumber(first.bandHigh)}`);
  await phone.settle();
  const next = proposal(`${first.id}m1`);
  expect(next.entry).toBe(first.bandHigh);
  expect(next.bandHigh).toBe(first.bandHigh);
  phone.owner.says(`/modify_${next.id} entry ${toNumber(first.bandHigh) + 1}`);
  await phone.settle();
  expect(phone.world.db.read.proposals.byId(`${first.id}m2`)).toBeUndefined();
  expect(proposal(next.id).state).toBe("pending");
});

test("a changed proposal's break-even still holds what the round trip costs", async () => {
  const { proposal: first } = await phone.propose();
  // By hand: (stop + cost) / (stop + target), in yen of one coin; five basis points of cost.
  const entry = toNumber(first.entry);
  const away = (price: typeof first.entry): number => Math.abs(toNumber(price) - entry);
  const cost = entry * 0.0005;
  const rate = (away(first.stop) + cost) / (away(first.stop) + away(first.tp1));
  phone.world.db.sql.prepare("UPDATE proposals SET break_even = ?").run(rate);
  phone.owner.says(`/modify_${first.id} size 0.002`);
  await phone.settle();
  expect(proposal(`${first.id}m1`).breakEven).toBeCloseTo(rate, 4);
  phone.owner.says(`/modify_${first.id}m1 stop ${START_PRICE - 20_000}`);
  await phone.settle();
  const tight = proposal(`${first.id}m2`);
  expect(tight.breakEven).toBeCloseTo((away(tight.stop) + cost) / (away(tight.stop) + away(tight.tp1)), 4);
});

describe("the Modify button", () => {
  test.each<[string, (p: ReturnType<typeof proposal>) => Partial<ReturnType<typeof proposal>>]>([
    ["Size ½", () => ({ size: parseE8("0.002") as never })],
    ["Size ¼", () => ({ size: parseE8("0.001") as never })],
    ["Stop half as far", (p) => ({ stop: yen(Math.ceil((toNumber(p.stop) + toNumber(p.entry)) / 2)) })],
    ["Entry at the best price", () => ({ entry: yen(START_PRICE - 500) })],
  ])("%s makes a new proposal with the old one's time, to be approved by itself", async (button, changed) => {
    const { proposal: old, message } = await phone.propose({ entry: START_PRICE - 700 });
    phone.owner.taps(message, "Modify");
    await phone.settle();
    const prompt = phone.telegram.message(/^CHANGE/);
    const half = phone.owner.dataOf(prompt, "Size ½");
    const tap = phone.owner.taps(prompt, button);
    await phone.settle();
    expect(phone.owner.notice(tap)).toMatch(/counts only when you approve/);
    const next = proposal(`${old.id}m1`);
    expect(next).toMatchObject({
      ...changed(old),
      validUntilMs: old.validUntilMs,
      state: "pending",
      supersedes: old.id,
    });
    expect(proposal(old.id).state).toBe("superseded");
    expect(message.text).toMatch(/^✏️ CHANGED/);
    expect(phone.world.store.list({ name: "execute" })).toEqual([]);
    // The old message and its prompt can do nothing any more, and show no button.
    expect([prompt.keyboard, prompt.text.split("\n").at(-1)]).toEqual([undefined, "— answered"]);
    const late = phone.owner.tapsData(prompt.messageId, half);
    await phone.settle();
    expect(phone.owner.notice(late)).toContain("replaced by changed numbers");
    phone.owner.taps(phone.telegram.message(new RegExp(next.id)), "Approve");
    await phone.settle();
    expect(proposal(next.id).state).toBe("approved");
  });

  test("that would go below the smallest size changes nothing and says why", async () => {
    const { proposal: old, message } = await phone.propose({ size: "0.001" });
    phone.owner.taps(message, "Modify");
    await phone.settle();
    const tap = phone.owner.taps(phone.telegram.message(/^CHANGE/), "Size ½");
    await phone.settle();
    expect(phone.owner.notice(tap)).toContain("0.001");
    expect(proposal(old.id).state).toBe("pending");
  });
});

describe("a reply", () => {
  test("to the proposal, to the prompt, or /modify_ID with numbers changes it", async () => {
    const { proposal: old, message } = await phone.propose();
    phone.owner.says("size 0.003", { replyTo: message });
    await phone.settle();
    expect(formatE8(proposal(`${old.id}m1`).size)).toBe("0.003");
    const second = phone.telegram.message(new RegExp(`${old.id}m1`));
    phone.owner.taps(phone.telegram.messages.at(-1)!, "Modify");
    await phone.settle();
    phone.owner.says("数量０．００２", { replyTo: second });
    phone.owner.says("数量 0.002", { replyTo: phone.telegram.message(/^CHANGE/) });
    await phone.settle();
    expect(formatE8(proposal(`${old.id}m2`).size)).toBe("0.002");
    phone.owner.says(`/modify_${old.id}m2 stop ${START_PRICE - 20_000}`);
    await phone.settle();
    expect(toNumber(proposal(`${old.id}m3`).stop)).toBe(START_PRICE - 20_000);
  });

  test("that asks for too much, or is not understood, changes nothing and is answered", async () => {
    const { proposal: old, message } = await phone.propose();
    const wrong = [
      "size 9",
      "size 0",
      "size -1",
      "size 0.0015",
      "stop 1",
      "entry 1",
      "size",
      "buy everything",
      "size 1 size 2",
    ];
    for (const text of wrong) {
      phone.owner.says(text, { replyTo: message });
      await phone.settle();
      expect(proposal(old.id).state, text).toBe("pending");
      expect(phone.telegram.texts.at(-1), text).toMatch(/Nothing (was )?changed/);
      await phone.pass(0.2, 10);
    }
  });

  test("to an unknown message, and plain text, gets help and has no effect", async () => {
    const { proposal: old } = await phone.propose();
    phone.owner.says("size 0.002");
    await phone.settle();
    expect(phone.telegram.texts.at(-1)).toContain("/help");
    expect(proposal(old.id).state).toBe("pending");
  });
});

test("a refusal is shown in the owner's language", async () => {
  const ja = await Phone.start({ config: { LOCALE: "ja" } });
  try {
    const { proposal: old } = await ja.propose();
    for (const change of ["数量 9", "指値 1", "損切り 1"]) {
      ja.owner.says(`/modify_${old.id} ${change}`);
      await ja.settle();
      expect(ja.telegram.texts.at(-1), change).toMatch(/^変更ありません: .*で指定してください/);
      expect(ja.telegram.texts.at(-1), change).not.toMatch(/expected|found/);
    }
    expect(ja.world.db.read.proposals.byId(old.id)?.state).toBe("pending");
  } finally {
    await ja.close();
  }
});

test("numbers are read in either language and width, and anything else is not understood", () => {
  expect(parseChange("size 0.002 stop 14,900,000")).toEqual({ size: parseE8("0.002"), stop: parseE8("14900000") });
  expect(parseChange("指値：¥１５，０００，０００円")).toEqual({ entry: parseE8("15000000") });
  expect(parseChange("Entry=15000000\nSize: 0.001")).toEqual({ entry: parseE8("15000000"), size: parseE8("0.001") });
  expect(parseChange("数量0.002、損切り14,900,000")).toEqual({ size: parseE8("0.002"), stop: parseE8("14900000") });
  expect(parseChange("size 0.002, stop 900,000.5")).toEqual({ size: parseE8("0.002"), stop: parseE8("900000.5") });
  // A decimal comma would become ten times the size; a name of JavaScript's own is no name of ours.
  for (const text of [
    "size 1,5",
    "size 0,002",
    "entry 14,90000",
    "entry 1,50,000",
    "constructor 5",
    "size 1e-3",
    "size NaN",
  ])
    expect(parseChange(text), text).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      const change = parseChange(text);
      for (const value of Object.values(change ?? {})) expect(value).toBeGreaterThanOrEqual(0n);
    }),
  );
});

test("the prompt's buttons are removed when its proposal is rejected or expired", async () => {
  const { message } = await phone.propose();
  phone.owner.taps(message, "Modify");
  await phone.settle();
  const prompt = phone.telegram.message(/^CHANGE/);
  expect(prompt.keyboard?.inline_keyboard).toHaveLength(3);
  phone.owner.taps(message, "Reject");
  await phone.settle();
  expect([prompt.keyboard, prompt.text.split("\n").at(-1)]).toEqual([undefined, "— no longer valid"]);
  const { edits } = prompt;
  await phone.pass(2, 20);
  expect(prompt.edits).toBe(edits);
});

describe("after the tap the price has left the band", () => {
  const away = async (): Promise<{ id: string }> => {
    const { proposal: old, message } = await phone.propose({ entry: START_PRICE - 50_000 });
    phone.owner.taps(message, "Approve");
    await phone.settle();
    expect(message.text).toMatch(/NOT TRADED.*(band|left)/);
    return old;
  };
  test("the owner is notified, and asked again with new numbers, which count only when approved", async () => {
    const old = await away();
    const refused = phone.telegram.message(/^NO TRADE/);
    phone.owner.taps(refused, "New numbers");
    phone.owner.taps(refused, "New numbers");
    await phone.settle();
    const next = proposal(`${old.id}n1`);
    expect(next).toMatchObject({ state: "pending", entry: yen(START_PRICE - 500), supersedes: old.id });
    expect(next.validUntilMs).toBe(proposal(old.id).validUntilMs);
    expect(next.size).toBeLessThanOrEqual(proposal(old.id).size);
    expect(phone.world.db.read.trades.newest(5)).toEqual([]);
    phone.owner.taps(phone.telegram.message(new RegExp(`${old.id}n1`)), "Approve");
    await phone.settle();
    expect(phone.world.trade()).toMatchObject({ proposalId: next.id, status: "pending" });
    expect(phone.telegram.message(/^✅ APPROVED/).keyboard).toBeUndefined();
  });
  test("not after the signal's 15 minutes, and not under a halt", async () => {
    await away();
    const refused = phone.telegram.message(/^NO TRADE/);
    const newNumbers = phone.owner.dataOf(refused, "New numbers");
    phone.world.halt();
    phone.owner.taps(refused, "New numbers");
    await phone.settle();
    expect(phone.telegram.texts.at(-1)).toMatch(/^NO NEW NUMBERS[\s\S]*stopped by you/);
    phone.world.db.transaction((tx) => tx.halts.clear("stop", "test", phone.world.nowMs));
    await phone.pass(16, 60);
    expect([refused.keyboard, refused.text]).toEqual([undefined, expect.stringContaining("left the approved band")]);
    phone.owner.tapsData(refused.messageId, newNumbers);
    await phone.settle();
    expect(phone.telegram.texts.at(-1)).toContain("15 minutes are over");
    expect(phone.world.db.read.proposals.pending()).toEqual([]);
  });
});
