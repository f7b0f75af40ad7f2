// The inbox: the offset moves with the effect, repeated updates are recognised, and one that cannot be handled blocks
// no other.
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readUpdate } from "../../../handlers/telegram/updates.ts";
import { DAY_MS, epochMs } from "../../../lib/core/time.ts";
import { TelegramFailure } from "../../../lib/io/telegram/failure.ts";
import { Phone } from "../../sim/telegram/phone.ts";

let phone: Phone;
beforeEach(async () => {
  phone = await Phone.start();
});
afterEach(() => phone.close());
const answers = () => phone.telegram.texts.filter((text) => text.startsWith("RISK")).length;

test("an update is confirmed at Telegram only after its effect is committed", async () => {
  const id = phone.owner.says("/risk");
  await phone.bot.inbox.pollOnce();
  expect(phone.telegram.unconfirmed).toEqual([id]);
  expect(phone.world.db.read.telegram.state().nextUpdateId).toBe(id + 1);
  await phone.bot.inbox.pollOnce();
  expect(phone.telegram.unconfirmed).toEqual([]);
});

test("updates that come twice, also over a restart, are acted on once", async () => {
  phone.telegram.duplicates = true;
  phone.owner.says("/risk");
  phone.owner.says("/risk");
  await phone.round();
  phone.restart();
  for (let i = 0; i < 4; i += 1) await phone.round();
  phone.telegram.duplicates = false;
  await phone.settle();
  expect(answers()).toBe(2);
});

test("after a week without updates ids begin anew, lower ones too: none is missed, none of the old comes again", async () => {
  phone.owner.says("/risk");
  await phone.settle();
  phone.world.clock.advanceTo(epochMs(phone.world.nowMs + 7 * DAY_MS));
  phone.telegram.jumpTo(5_000);
  phone.owner.says("/risk");
  await phone.settle();
  phone.owner.says("/risk");
  await phone.settle();
  expect(answers()).toBe(3);
  expect(phone.world.db.read.telegram.state().nextUpdateId).toBe(5_002);
});

test("another bot's updates start from their own ids", async () => {
  phone.owner.says("/risk");
  await phone.settle();
  phone.world.db.transaction((tx) => tx.telegram.startWithBot(1));
  phone.restart();
  expect(phone.world.db.read.telegram.state()).toMatchObject({ botId: 123456789, nextUpdateId: 0 });
});

test("another bot numbers its updates and messages from the start: none is taken for one of the previous bot", async () => {
  const updateId = phone.owner.says("/risk");
  await phone.settle();
  const old = await phone.propose();
  // Until here it was bot 1; the one that comes now begins at the same numbers.
  phone.world.db.sql.exec("UPDATE telegram_state SET bot_id = 1");
  phone.restart();
  phone.telegram.messages.length = 0;
  phone.telegram.jumpTo(updateId);
  phone.telegram.numberMessagesFrom(old.message.messageId - 2);
  phone.owner.says("/risk");
  await phone.settle();
  expect(answers()).toBe(1);
  phone.owner.says(`/reject_${old.proposal.id}`);
  await phone.settle();
  // The end of the old proposal is written over no message of this bot.
  expect(phone.telegram.texts.some((text) => text.startsWith("❌ REJECTED"))).toBe(false);
  phone.telegram.numberMessagesFrom(old.message.messageId);
  const { proposal, message } = await phone.propose();
  expect(message.messageId).toBe(old.message.messageId);
  const tap = phone.owner.taps(message, "Approve");
  await phone.settle();
  expect(phone.owner.notice(tap)).toMatch(/^Approved/);
  expect(phone.world.db.read.proposals.byId(proposal.id)?.state).toBe("approved");
  expect(message.text).toMatch(/^✅ APPROVED/);
});

test("an owner's button whose message Telegram no longer stores is handled, and not as unauthorised", async () => {
  const from = { id: 42, is_bot: false, first_name: "x" };
  phone.telegram.openTaps.add("old");
  phone.telegram.push({ callback_query: { id: "old", from, chat_instance: "1", data: "a|btc1|1" } });
  await phone.settle();
  expect(phone.owner.notice("old")).toMatch(/button/i);
  expect(phone.telegram.texts).toEqual([]);
});

test("what has no update id can never be confirmed: it is asked for again after a pause only", async () => {
  phone.telegram.push({ update_id: "x" });
  expect(await phone.bot.inbox.step()).toBeGreaterThan(0);
});

test.each([
  ["an update of another shape", { message: { what: 1 } }],
  ["a kind we do not know", { poll: { id: "1" } }],
  ["a photo", { message: { message_id: 1, from: { id: 42 }, chat: { id: 42, type: "private" }, photo: [] } }],
  [
    "a button without data",
    { callback_query: { id: "t", from: { id: 42 }, message: { message_id: 1, chat: { id: 42, type: "private" } } } },
  ],
  ["a button of a message that is gone", { callback_query: { id: "t", from: { id: 42 }, data: "a|x|1" } }],
])("%s is recorded and stops nobody", async (_name, update) => {
  phone.telegram.push(update);
  phone.owner.says("/risk");
  await phone.settle();
  expect(answers()).toBe(1);
  expect(phone.world.deadJobs()).toEqual([]);
});

test("an update that fails is given up after three tries and blocks no other", async () => {
  const { db } = phone.world;
  phone.owner.says("/status");
  phone.owner.says("/risk");
  db.sql.exec("ALTER TABLE snapshots RENAME TO gone"); // a bug of ours, for one command
  await phone.bot.inbox.pollOnce();
  db.sql.exec("ALTER TABLE gone RENAME TO snapshots");
  await phone.settle();
  expect(answers()).toBe(1);
  // The sender is notified instead of waiting for a reply.
  expect(phone.telegram.texts[0]).toMatch(/^\/status did not work: .*snapshots/);
  expect(phone.world.auditKinds().filter((kind) => kind === "telegram.command")).toHaveLength(2);
  const outcomes = db.sql.prepare("SELECT outcome FROM telegram_updates ORDER BY update_id").pluck().all();
  expect(outcomes).toEqual([expect.stringMatching(/^failed: /), "risk"]);
});

describe("another poller", () => {
  test("is a conflict that shows in the health when it lasts, and ends when it goes", async () => {
    phone.telegram.fault = ({ method }) =>
      method === "getUpdates"
        ? { kind: "error", code: 409, description: "Conflict: terminated by other getUpdates request" }
        : undefined;
    const { inbox } = phone.bot;
    await expect(inbox.pollOnce()).rejects.toBeInstanceOf(TelegramFailure);
    const stop = new AbortController();
    const running = inbox.run(stop.signal);
    await expect.poll(() => phone.world.db.read.telegram.state().pollTrouble?.why).toContain("TELEGRAM 409");
    phone.world.clock.advanceTo(epochMs(phone.world.nowMs + 60_000));
    expect(phone.bot.health()).toMatchObject({ ok: false, why: expect.stringContaining("another program polls") });
    phone.telegram.fault = undefined;
    await expect.poll(() => phone.bot.health().ok).toBe(true);
    stop.abort();
    await running;
  });
});

test("a poll that never succeeds is reported as silent", async () => {
  await phone.bot.inbox.pollOnce();
  expect(phone.bot.health().ok).toBe(true);
  phone.world.clock.advanceTo(epochMs(phone.world.nowMs + 4 * 60_000));
  expect(phone.bot.health()).toMatchObject({ ok: false, why: expect.stringContaining("TELEGRAM silent") });
});

test("a database that cannot be read is the queue's to report: the bot neither throws nor reports a failure", async () => {
  phone.owner.says("/risk");
  phone.world.crash();
  expect(phone.bot.health()).toEqual({ ok: true });
  expect(await phone.bot.inbox.step()).toBeGreaterThan(0);
  expect(phone.telegram.unconfirmed).toHaveLength(1);
  phone.restart();
  await phone.settle();
  expect(answers()).toBe(1);
});

test("a webhook that somebody set is named, and the next start removes it", async () => {
  phone.telegram.webhook = true;
  expect(await phone.bot.inbox.step()).toBeGreaterThan(0);
  const state = () => phone.world.db.read.telegram.state();
  expect(state().pollTrouble?.why).toMatch(/^TELEGRAM 409: a webhook .*restart the worker/);
  await phone.introduce();
  await phone.bot.inbox.step();
  expect(state().pollTrouble).toBeUndefined();
});

test("whatever comes as an update, only the owner in the private chat taps or types", () => {
  const owners = { chatId: 42, userIds: [42] };
  const id = fc.constantFrom(...Array<number>(12).fill(42), 43, 43, -42, 0.5, "42", null, undefined);
  const chat = fc.record({
    id,
    type: fc.constantFrom(...Array<string>(8).fill("private"), "group", "supergroup", "channel", undefined),
  });
  const from = fc.option(fc.record({ id }), { nil: undefined });
  const text = fc.constantFrom("/approve_btc1", "/stop", "", undefined, 7);
  const message = fc.record({
    message_id: fc.constantFrom(1, 2, 3, "1", 2 ** 60),
    from,
    chat: fc.option(chat, { nil: undefined }),
    text,
    sender_chat: fc.option(chat, { nil: undefined }),
    forward_origin: fc.option(fc.constant({ type: "user" }), { nil: undefined }),
  });
  const maybe = fc.option(message, { nil: undefined });
  const tap = fc.record({ id: fc.constantFrom("t", "u", "v", 1), from, data: text, message: maybe });
  const update = fc.record({
    update_id: fc.constantFrom(1, 2 ** 31 + 5, Number.MAX_SAFE_INTEGER, 2 ** 60, "1", undefined),
    message: maybe,
    edited_message: maybe,
    channel_post: maybe,
    callback_query: fc.option(tap, { nil: undefined }),
    unknown: fc.jsonValue(),
  });
  fc.assert(
    fc.property(update, (raw) => {
      let read: ReturnType<typeof readUpdate>;
      try {
        read = readUpdate(raw, owners);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        expect(Number.isSafeInteger(raw.update_id)).toBe(false);
        return;
      }
      if (read.kind !== "tap" && read.kind !== "text") return;
      const source = read.kind === "tap" ? raw.callback_query : raw.message;
      const where = read.kind === "tap" ? raw.callback_query?.message?.chat : raw.message?.chat;
      expect([source?.from?.id, where?.id, where?.type]).toEqual([42, 42, "private"]);
      const said = read.kind === "tap" ? raw.callback_query?.message : raw.message;
      expect(said?.forward_origin).toBeUndefined();
    }),
    { numRuns: 2_000 },
  );
});
