// A failed reply is kept as evidence, without the key, the secret or anything that looks like a token.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8 } from "../../../../lib/core/money.ts";
import { redactBody } from "../../../../lib/io/gmo/reply.ts";
import { TransportError } from "../../../../lib/io/gmo/transport.ts";
import { LONG } from "../../../long.ts";
import { type Answer, body, errorOf, json, okay, refusal, stub } from "./stub.ts";

describe("the kept body", () => {
  test("is the body itself when it holds nothing secret", async () => {
    const error = await errorOf(stub([okay({ margin: "x" })]).venue.margin());
    expect(error.data).toEqual({ path: "/v1/account/margin", httpStatus: 200, body: okay({ margin: "x" }).body });
  });
  test("is cut to 2,000 characters", () => {
    const kept = redactBody("a b ".repeat(10_000));
    expect(kept).toBe(`${"a b ".repeat(500)}… (40000 characters)`);
  });
  test("loses tokens of unknown origin: 32 characters or more", () => {
    expect(redactBody(`{"data":"${"a".repeat(31)}"}`)).toBe(`{"data":"${"a".repeat(31)}"}`);
    expect(redactBody(`{"data":"${"aB3_-/+x".repeat(4)}"}`)).toBe('{"data":"[redacted]"}');
  });
  test("a secret is gone even where the cut falls into it", () => {
    const secret = "s3cret-of-20-letters";
    expect(redactBody(`${"a ".repeat(995)}${secret}`, { apiKey: "", secret })).not.toContain("s3cret");
  });
});

describe("secrets", () => {
  const credential = fc.stringMatching(/^[A-Za-z0-9+/]{16,44}$/);
  /** Everywhere a reply or a failing transport could put a text we echo. */
  const places: readonly ((text: string) => Answer)[] = [
    (text) => refusal("ERR-5010", `Signature ${text} is not valid.`),
    (text) => refusal("ERR-626", text),
    (text) => refusal("ERR-9999", text),
    (text) => body(`<html>${text}</html>`, 503),
    (text) => body(`{"status":0,"data":"${text}`),
    (text) => okay({ actualProfitLoss: text, orderId: text }),
    (text) => okay([{ amount: "1", available: text }]),
    (text) => json({ status: 1, messages: [], note: text }),
    (text) => new TransportError("other", `invalid header ${text}`),
  ];
  test("never reach an error, a write's result or the log", async () => {
    await fc.assert(
      fc.asyncProperty(credential, credential, fc.constantFrom(...places), async (apiKey, secret, place) => {
        fc.pre(!apiKey.includes(secret) && !secret.includes(apiKey));
        for (const leaked of [apiKey, secret]) {
          const answer = place(`<${leaked}>`);
          const three = [answer, answer, answer];

          const read = stub(three, { apiKey, secret });
          const error = await errorOf(read.venue.margin());
          const write = stub(three, { apiKey, secret });
          const request = { symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: coinE8(1n) } as const;
          const result = await write.venue.order(request);
          expect(result.kind).not.toBe("accepted");

          const said = [
            error.message,
            JSON.stringify(error.data),
            JSON.stringify(result),
            read.logged(),
            write.logged(),
          ];
          expect(said.filter((text) => text.includes(leaked))).toEqual([]);
          expect(error.message).toContain("/v1/account/margin");
        }
      }),
      { numRuns: LONG ? 5_000 : 60 },
    );
  });
  test("nor does a successful call log them", async () => {
    const world = stub([okay([]), okay("8819977864")]);
    await world.venue.assets();
    await world.venue.order({ symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: coinE8(1n) });
    expect(world.logged()).toContain("gmo.reply");
    expect(world.logged()).not.toMatch(/EXAMPLE_KEY|EXAMPLE_SECRET/);
    for (const { headers } of world.sent) expect(world.logged()).not.toContain(headers["API-SIGN"]);
  });
});
