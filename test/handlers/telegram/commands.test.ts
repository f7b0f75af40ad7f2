// The commands: each is answered on the phone, fits its screen, is audited; the dangerous ones ask first.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { COMMANDS } from "../../../handlers/telegram/commands.ts";
import { CAPTION_LIMIT } from "../../../lib/core/messageText.ts";
import { yen } from "../../../lib/core/money.ts";
import { LOCALES } from "../../../lib/core/text/locale.ts";
import { epochMs, MINUTE_MS } from "../../../lib/core/time.ts";
import { Phone } from "../../sim/telegram/phone.ts";

let phone: Phone;
beforeEach(async () => {
  phone = await Phone.start();
});
afterEach(() => phone.close());

const asked = async (text: string): Promise<string> => {
  const before = phone.telegram.messages.length;
  phone.owner.says(text);
  await phone.settle();
  return phone.telegram.texts.slice(before).join("\n---\n");
};
const halts = () => phone.world.db.read.halts.active(phone.world.nowMs).map((h) => h.kind);

test("the menu names every command in both languages", async () => {
  await phone.introduce();
  for (const language of ["", "ja"])
    expect(phone.telegram.commands[language]?.map((c) => c.command)).toEqual([...COMMANDS]);
  expect(phone.world.db.read.telegram.state().botName).toBe("@test_bot");
});

test("every command is answered, audited and fits a phone, also in an empty book", async () => {
  for (const command of COMMANDS) {
    const answer = await asked(`/${command}`);
    expect(answer.length, command).toBeGreaterThan(5);
    const widest = Math.max(...answer.split("\n").map((line) => [...line].length));
    expect(widest, answer).toBeLessThan(200);
    const event = phone.world.db.read.audit.after(0).findLast((row) => row.kind === "telegram.command");
    expect(event).toMatchObject({ actor: "telegram:42", data: { command: `/${command}` } });
    await phone.pass(0.5, 30);
  }
});

test("/close all is /close, and full-width typing is understood, in a command and in a reply", async () => {
  expect(await asked("/close all")).toMatch(/^\/close: every open trade at market/);
  expect(await asked("／ｓｔｏｐ")).not.toContain("/help lists");
  expect(halts()).toContain("stop");
  const { proposal } = await phone.propose();
  expect(await asked(`／ｒｅｊｅｃｔ＿${proposal.id}`)).toBe("Rejected.");
});

test("/status takes a withdrawal for no loss of the day", async () => {
  const { db, nowMs } = phone.world;
  db.transaction((tx) => {
    tx.equity.record(epochMs(nowMs - MINUTE_MS), yen(1_000_000));
    tx.payments.add("w", nowMs, yen(300_000));
    tx.equity.record(epochMs(nowMs + 1), yen(699_950));
  });
  await phone.pass(0.1, 3);
  expect(await asked("/status")).toContain("Equity ¥699,950, today -¥50");
});

test("a busy book: positions, orders, signals, why, status and risk in both languages", async () => {
  await phone.close();
  for (const locale of LOCALES) {
    phone = await Phone.start({ btc: (s) => s.to(9_998_000, 2).flat(60), config: { LOCALE: locale } });
    const { proposal, message } = await phone.propose();
    phone.owner.taps(message, /Approve|承認/);
    await phone.pass(5, 20);
    expect(phone.world.trade().status).toBe("open");
    const said: Record<string, string> = {};
    for (const command of [
      "status",
      "positions",
      "orders",
      "signals",
      `why ${proposal.id}`,
      "why 1",
      "risk",
      "health",
      "daily",
      "config",
      "help",
    ])
      said[command] = await asked(`/${command}`);
    expect(said["positions"]).toMatch(/#1 .*BTC\/JPY 0\.004 BTC/);
    expect(said["orders"]).toMatch(/#\d+ BTC\/JPY SELL STOP/);
    expect(said[`why ${proposal.id}`]).toBe(said["why 1"]);
    expect(said[`why ${proposal.id}`]).toContain(proposal.id);
    expect(said["config"]).not.toContain("AAE");
    if (locale === "ja")
      for (const text of [said["status"], said["positions"], said["risk"]]) expect(text).toMatch(/[ぁ-んァ-ン一-龯]/);
    for (const text of Object.values(said)) expect(text).not.toMatch(/undefined|NaN|\[object/);
    expect(message.text).toMatch(locale === "ja" ? /保有中/ : /OPEN 0\.004 BTC/);
    expect(message.text.length).toBeLessThanOrEqual(4 * CAPTION_LIMIT);
    if (locale !== LOCALES.at(-1)) await phone.close();
  }
});

test("what is no command is answered with the way to /help", async () => {
  expect(await asked("/moon")).toContain("/help");
  expect(await asked("hello")).toContain("/help");
  expect(await asked("/why 99:99")).toContain("99:99");
  expect(await asked("/daily tomorrow")).toContain("Expected");
  expect(await asked("/close 77")).toContain("Expected");
});

describe("what changes the system", () => {
  test("/pause and /stop work at once; /resume asks first", async () => {
    await asked("/pause");
    expect(halts()).toContain("pause");
    await asked("/stop");
    expect(halts()).toContain("stop");
    await asked("/resume");
    expect(halts()).toContain("stop");
    const tap = phone.owner.taps(phone.telegram.message(/^\/resume/), "Yes");
    await phone.pass(1, 10);
    expect(phone.owner.notice(tap)).toBe("Done.");
    expect(halts()).toEqual([]);
  });
  test("/reject_all rejects every open proposal", async () => {
    const { proposal } = await phone.propose();
    await asked("/reject_all");
    expect(phone.world.db.read.proposals.byId(proposal.id)?.state).toBe("rejected");
  });
  test("/panic asks; one Yes counts once, and closes what is open", async () => {
    await phone.close();
    phone = await Phone.start({ btc: (s) => s.to(9_998_000, 2).flat(60) });
    const { message } = await phone.propose();
    phone.owner.taps(message, "Approve");
    await phone.pass(5, 20);
    expect(phone.world.trade().status).toBe("open");
    await asked("/panic");
    expect(halts()).toEqual([]);
    const question = phone.telegram.message(/^\/panic/);
    const first = phone.owner.taps(question, "Yes");
    const second = phone.owner.taps(question, "Yes");
    await phone.pass(2, 10);
    expect(phone.owner.notice(first)).toBe("Done.");
    expect(phone.owner.notice(second)).toMatch(/^Nothing was done/);
    expect([question.keyboard, question.text.split("\n").at(-1)]).toEqual([undefined, "— answered"]);
    expect(halts()).toContain("panic");
    expect(phone.world.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
    expect(message.text).toMatch(/🏁 CLOSED/);
    expect(phone.world.auditKinds().filter((kind) => kind === "owner.panic")).toHaveLength(1);
  });
  test.each([
    ["No", 0, /^Cancelled/],
    ["Yes", 61_000, /^Nothing was done/],
  ] as const)("/close, then %s after %i ms, does nothing", async (button, waitMs, notice) => {
    await asked("/close");
    const question = phone.telegram.message(/^\/close/);
    phone.world.clock.advanceTo(epochMs(phone.world.nowMs + waitMs));
    const tap = phone.owner.taps(question, button);
    await phone.settle();
    expect(phone.owner.notice(tap)).toMatch(notice);
    expect(phone.world.auditKinds()).not.toContain("owner.close");
    const end = waitMs === 0 ? "— answered" : "— no longer valid";
    expect([question.keyboard, question.text.split("\n").at(-1)]).toEqual([undefined, end]);
  });
  test("an edit that Telegram refuses for now is tried again; one it refuses for good is left", async () => {
    await asked("/close");
    const question = phone.telegram.message(/^\/close/);
    const fault = (code: number, description: string) => {
      phone.telegram.fault = ({ method }) =>
        method.startsWith("edit") ? { kind: "error", code, description, retryAfterSeconds: 5 } : undefined;
    };
    fault(429, "Too Many Requests: retry after 5");
    phone.owner.taps(question, "No");
    await phone.settle();
    expect(question.keyboard).toBeDefined();
    phone.telegram.fault = undefined;
    await phone.pass(1, 10);
    expect(question.keyboard).toBeUndefined();
    await asked("/close");
    const second = phone.telegram.message(/^\/close/);
    fault(400, "Bad Request: message can't be edited");
    phone.owner.taps(second, "No");
    await phone.pass(1, 10);
    const tries = phone.telegram.callsOf("editMessageText").length;
    await phone.pass(1, 10);
    expect(phone.telegram.callsOf("editMessageText").length).toBe(tries);
  });
  test("what ended between the question and the yes is told in the owner's language", async () => {
    await phone.close();
    phone = await Phone.start({ config: { LOCALE: "ja" } });
    const { message } = await phone.propose();
    phone.owner.taps(message, /承認/);
    await phone.settle();
    const { id } = phone.world.trade();
    phone.owner.says(`/close ${id}`);
    await phone.settle();
    const question = phone.telegram.message(/^\/close/);
    phone.world.db.sql.prepare("UPDATE trades SET status = 'cancelled', cancel_reason = 'test' WHERE id = ?").run(id);
    const tap = phone.owner.taps(question, /はい/);
    await phone.settle();
    expect(phone.owner.notice(tap)).toBe(`変更ありません: 取引 ${id}: 取引なし`);
  });
  test("a confirmation of another person, or of nobody, does nothing", async () => {
    await asked("/panic");
    const question = phone.telegram.message(/^\/panic/);
    phone.owner.taps(question, "Yes", { userId: 666 });
    const forged = phone.owner.taps(question, "Yes", { data: "c|token999|" });
    await phone.settle();
    expect(phone.owner.notice(forged)).toMatch(/^Nothing was done/);
    expect(halts()).toEqual([]);
  });
});

test("/quiet mutes kinds of messages for good, never alerts, and each again", async () => {
  const put = (key: string, kind: "info" | "trade" | "alert") =>
    phone.world.db.transaction((tx) => void tx.outbox.insert({ key, kind, text: key, atMs: phone.world.nowMs }));
  expect(await asked("/quiet info trade")).toContain("notes (info)");
  phone.restart({ downMs: MINUTE_MS });
  put("a note", "info");
  put("a trade", "trade");
  put("an alert", "alert");
  await phone.settle();
  expect(phone.telegram.texts.slice(-1)).toEqual(["an alert"]);
  expect(phone.world.db.read.outbox.byKey("a note")).toMatchObject({ state: "dropped", error: "muted" });
  await asked("/quiet trade");
  put("another trade", "trade");
  await phone.settle();
  expect(phone.telegram.texts.at(-1)).toBe("another trade");
  expect(await asked("/quiet alert")).toContain("Expected");
  expect(await asked("/quiet off")).toContain("nothing is muted");
});

test("/signals names what stopped a bar; /why shows each gate with its unit", async () => {
  const { proposal } = await phone.propose();
  const gates = [
    { gate: "probability", value: 0.61449, limit: 0.75, pass: false },
    { gate: "rank", value: 59.61, limit: 90, pass: false },
    { gate: "spread", value: 1.23456, limit: 5, pass: true },
  ];
  phone.world.db.sql
    .prepare("UPDATE signals SET verdict = 'filtered', gates = ? WHERE id = ?")
    .run(JSON.stringify(gates), proposal.signalId);
  expect(await asked("/signals")).toMatch(/\n {2}→ filtered: below the probability, below the rank$/);
  expect(await asked("/why")).toMatch(
    /❌ probability: 61\.4% \/ 75\.0%\n❌ rank: 59\.6 \/ 90\.0\n✅ spread: 1\.2 bps \/ 5\.0 bps/,
  );
});
