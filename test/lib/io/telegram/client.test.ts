// telegraf's client against the fake Bot API over HTTP: what each failure means, and that no error ever holds the
// token.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTelegramClient, type TelegramClient } from "../../../../lib/io/telegram/client.ts";
import { TelegramFailure } from "../../../../lib/io/telegram/failure.ts";
import { Owner } from "../../../sim/telegram/owner.ts";
import { FakeTelegram, type Fault, OWNER_ID, TOKEN } from "../../../sim/telegram/server.ts";

let telegram: FakeTelegram;
let client: TelegramClient;
beforeEach(async () => {
  telegram = await FakeTelegram.start();
  client = await createTelegramClient({ token: TOKEN, apiUrl: telegram.url, timeoutMs: 1_000 });
});
afterEach(() => telegram.close());

const failure = async (work: Promise<unknown>): Promise<TelegramFailure> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof TelegramFailure)) throw new Error(`expected a TelegramFailure, found ${String(error)}`);
  const everything = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
  expect(everything).not.toContain(TOKEN.split(":")[1]);
  return error;
};
const say = (text: string) => client.sendMessage(OWNER_ID, { text });

describe("a failure says what it means", () => {
  test.each<[string, Fault, string]>([
    ["a server error", { kind: "error", code: 502, description: "Bad Gateway" }, "noAnswer"],
    ["a gateway's page", { kind: "html", status: 502 }, "noAnswer"],
    ["a page where JSON should be", { kind: "html", status: 200 }, "noAnswer"],
    ["a reset", { kind: "reset" }, "noAnswer"],
    ["an answer that gets lost", { kind: "lost" }, "noAnswer"],
    ["no answer in time", { kind: "hang" }, "noAnswer"],
    ["a refused token", { kind: "error", code: 401, description: "Unauthorized" }, "unauthorized"],
    ["a second poller", { kind: "error", code: 409, description: "Conflict: terminated" }, "conflict"],
    ["a blocked bot", { kind: "error", code: 403, description: "Forbidden: bot was blocked by the user" }, "blocked"],
    ["an unknown chat", { kind: "error", code: 400, description: "Bad Request: chat not found" }, "blocked"],
    ["a bad request", { kind: "error", code: 400, description: "Bad Request: message is too long" }, "refused"],
  ])("%s", async (_name, fault, kind) => {
    telegram.fault = () => fault;
    expect((await failure(say("x"))).kind).toBe(kind);
  });
  test("too many requests: how long to wait", async () => {
    telegram.fault = () => ({ kind: "error", code: 429, description: "Too Many Requests", retryAfterSeconds: 7 });
    expect(await failure(say("x"))).toMatchObject({ kind: "tooMany", retryAfterMs: 7_000 });
    telegram.fault = () => ({ kind: "error", code: 429, description: "Too Many Requests", retryAfterSeconds: 1e12 });
    expect(await failure(say("x"))).toMatchObject({ kind: "tooMany", retryAfterMs: 3_600_000 });
  });
  test("connection refused: certainly not sent", async () => {
    await telegram.close();
    expect((await failure(say("x"))).kind).toBe("notSent");
    telegram = await FakeTelegram.start();
  });
});

describe("messages", () => {
  test("text as it is, the first line bold, buttons; emoji are whole", async () => {
    const text = "😀 <b>LONG</b> _BTC_\n&amp; `x` [y](z)";
    await client.sendMessage(OWNER_ID, { text, boldUnits: 18, buttons: [[{ text: "OK", data: "k" }]] });
    expect(telegram.messages[0]).toMatchObject({ text, bold: text.slice(0, 18) });
    expect(telegram.messages[0]?.keyboard?.inline_keyboard[0]?.[0]?.callback_data).toBe("k");
  });
  test("a picture with a caption arrives whole, and its caption is edited", async () => {
    const photo = new Uint8Array(70_000).map((_, i) => i % 251);
    const at = await client.sendPhoto(OWNER_ID, photo, {
      text: "円 LONG",
      boldUnits: 6,
      buttons: [[{ text: "OK", data: "k" }]],
    });
    expect(telegram.messages[0]).toMatchObject({ text: "円 LONG", bold: "円 LONG" });
    expect(Buffer.compare(telegram.messages[0]?.photo ?? new Uint8Array(), photo)).toBe(0);
    expect(telegram.messages[0]?.keyboard?.inline_keyboard).toHaveLength(1);
    const edit = () => client.editMessage({ ...at, isPhoto: true }, { text: "closed" });
    await edit();
    await edit(); // "not modified" is done
    expect(telegram.messages[0]).toMatchObject({ text: "closed", keyboard: undefined, edits: 1 });
  });
  test("an edit of a message that is gone says so", async () => {
    const error = await failure(client.editMessage({ chatId: OWNER_ID, messageId: 1, isPhoto: false }, { text: "x" }));
    expect(error).toMatchObject({ kind: "refused", message: expect.stringContaining("message to edit not found") });
  });
});

describe("getUpdates", () => {
  test("is held until something comes, and longer than other requests may take", async () => {
    const polling = client.getUpdates({ holdSeconds: 5 });
    await expect.poll(() => telegram.callsOf("getUpdates").length).toBe(1);
    const id = new Owner(telegram).says("/status");
    expect(await polling).toMatchObject([{ update_id: id, message: { text: "/status" } }]);
  });
  test("a second poller ends the first one's wait with a conflict", async () => {
    const first = failure(client.getUpdates({ holdSeconds: 5 }));
    await expect.poll(() => telegram.callsOf("getUpdates").length).toBe(1);
    const stop = new AbortController();
    const second = failure(client.getUpdates({ holdSeconds: 5 }, stop.signal));
    expect((await first).kind).toBe("conflict");
    stop.abort();
    expect((await second).kind).toBe("noAnswer");
  });
});
