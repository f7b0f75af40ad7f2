// A confirmation belongs to the person who was asked, to one question, for one minute.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { epochMs } from "../../../lib/core/time.ts";
import { Phone } from "../../sim/telegram/phone.ts";

const OWNER = 42;
const PARTNER = 43;
let phone: Phone;
beforeEach(async () => {
  phone = await Phone.start({ config: { TELEGRAM_USER_IDS: `${OWNER},${PARTNER}` } });
});
afterEach(() => phone.close());

const halts = () => phone.world.db.read.halts.active(phone.world.nowMs).map((h) => h.kind);
const done = (command: string) => phone.world.auditKinds().filter((kind) => kind === `owner.${command}`).length;
const ask = async (command: string, userId = OWNER) => {
  phone.owner.says(`/${command}`, { userId });
  await phone.settle();
  return phone.telegram.message(new RegExp(`^/${command}`));
};
const NOTHING = /^Nothing was done/;

describe("truth 22: a confirmation", () => {
  test.each([
    ["panic", OWNER, PARTNER],
    ["panic", PARTNER, OWNER],
    ["close", OWNER, PARTNER],
    ["resume", OWNER, PARTNER],
  ])(
    "of /%s asked by %i does nothing when %i taps it, and stays open for the one who asked",
    async (command, by, other) => {
      phone.owner.says("/pause");
      await phone.settle();
      const question = await ask(command, by);
      for (const button of ["Yes", "No"]) {
        const tap = phone.owner.taps(question, button, { userId: other });
        await phone.settle();
        expect(phone.owner.notice(tap)).toMatch(NOTHING);
      }
      expect(done(command)).toBe(0);
      const tap = phone.owner.taps(question, "Yes", { userId: by });
      await phone.settle();
      expect(phone.owner.notice(tap)).toBe("Done.");
      expect(done(command)).toBe(1);
    },
  );

  test("counts once, also when the second tap comes after a restart", async () => {
    const question = await ask("panic");
    const yes = phone.owner.dataOf(question, "Yes");
    phone.owner.taps(question, "Yes");
    await phone.settle();
    expect(done("panic")).toBe(1);
    phone.restart();
    const again = phone.owner.tapsData(question.messageId, yes);
    await phone.settle();
    expect(phone.owner.notice(again)).toMatch(NOTHING);
    expect(done("panic")).toBe(1);
  });

  test("that was answered with No cannot be answered with Yes", async () => {
    const question = await ask("panic");
    const yes = phone.owner.dataOf(question, "Yes");
    phone.owner.taps(question, "No");
    await phone.settle();
    const tap = phone.owner.tapsData(question.messageId, yes);
    await phone.settle();
    expect(phone.owner.notice(tap)).toMatch(NOTHING);
    expect([done("panic"), halts()]).toEqual([0, []]);
  });

  test.each([
    [59_999, 1],
    [60_000, 0],
  ])("given after %i ms is acted on %i times", async (afterMs, times) => {
    const question = await ask("panic");
    const yes = phone.owner.dataOf(question, "Yes");
    phone.world.clock.advanceTo(epochMs(phone.world.nowMs + afterMs));
    phone.owner.tapsData(question.messageId, yes);
    await phone.settle();
    expect(done("panic")).toBe(times);
  });
});
