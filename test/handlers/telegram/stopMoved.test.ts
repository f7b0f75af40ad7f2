// The alert of a moved stop on the phone: two buttons, each answers once, and they disappear once it is answered.
import { afterEach, expect, test } from "vitest";
import { toNumber, yen } from "../../../lib/core/money.ts";
import { LOCALES, type Locale } from "../../../lib/core/text/locale.ts";
import { Phone } from "../../sim/telegram/phone.ts";

let phone: Phone;
afterEach(() => phone.close());

const KEEP = /Keep the stop there|そのままにする/;
const RESTORE = /Put ours back|元に戻す/;
const halts = () => phone.world.db.read.halts.active(phone.world.nowMs).map((h) => h.kind);
const stops = () =>
  phone.world.simulator
    .orders()
    .filter((o) => o.executionType === "STOP" && o.status === "WAITING")
    .map((o) => toNumber(o.price!))
    .toSorted();
/** A trade with two stops, the first of which the owner has moved to `price`. */
const moved = async (locale: Locale, price = "9900000") => {
  phone = await Phone.start({
    btc: (s) => s.to(9_998_000, 2).flat(60),
    config: { LOCALE: locale },
    pollMs: 2_000,
  });
  phone.world.approve();
  await phone.pass(4);
  const first = phone.world.simulator.orders().find((o) => o.executionType === "STOP" && o.status === "WAITING")!;
  expect(phone.world.simulator.changeOnPage(first.orderId, { price })).toBe(true);
  await phone.pass(0.2, 3);
  return phone.telegram.message(/risks|損失見込み/);
};

test.each(LOCALES)("truth 2: keep it, by the button (%s)", async (locale) => {
  const message = await moved(locale);
  expect(halts()).toEqual(["stopMoved"]);
  const data = phone.owner.dataOf(message, RESTORE);
  phone.owner.taps(message, KEEP);
  await phone.settle();
  expect(halts()).toEqual([]);
  await phone.pass(0.2, 3);
  expect(stops()).toContain(9_900_000);
  // Answered: the buttons are gone, and a late tap changes nothing.
  expect(phone.telegram.message(/risks|損失見込み/).keyboard?.inline_keyboard ?? []).toEqual([]);
  const tap = phone.owner.tapsData(message.messageId, data);
  await phone.settle();
  expect(phone.owner.notice(tap)).toMatch(/answered already|回答済み/);
  await phone.pass(0.2, 3);
  expect(stops()).toContain(9_900_000);
  const event = phone.world.db.read.audit.after(0, 10_000).find((e) => e.kind === "stop.answered");
  expect(event).toMatchObject({ actor: "telegram:42", data: { answer: "keep" } });
});

test.each(LOCALES)("truth 2: put ours back, by the button (%s)", async (locale) => {
  const message = await moved(locale);
  phone.owner.taps(message, RESTORE);
  await phone.pass(0.3, 3);
  expect(halts()).toEqual([]);
  expect(stops()).not.toContain(9_900_000);
  expect(stops()).toHaveLength(2);
  expect(phone.telegram.texts.some((t) => /RESTORE STOP #1 done|損切りを元に戻す #1 完了/.test(t))).toBe(true);
  expect(phone.world.simulator.bareSize("BTC_JPY")).toBe(0n);
});

test("truth 2: an altered button of no question answers nothing", async () => {
  const message = await moved("en");
  for (const data of ["k|999|", "s|abc|", "k|0|"]) {
    const tap = phone.owner.taps(message, "", { data });
    await phone.settle();
    expect(phone.owner.notice(tap)).toMatch(/answered already/);
  }
  expect(halts()).toEqual(["stopMoved"]);
  expect(phone.world.db.read.tradeLegs.ofTrade(1)[0]!.stop).toBe(yen(9_900_000));
});
