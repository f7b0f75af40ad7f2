// A write is sent at most once, whatever happens, and its answer says what is known (GMO API 9, 11; DESIGN 7.2).
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8, yen } from "../../../../lib/core/money.ts";
import type { Venue, WriteResult } from "../../../../lib/core/venue.ts";
import { TransportError, type TransportFailure } from "../../../../lib/io/gmo/transport.ts";
import { LONG } from "../../../long.ts";
import { type Answer, body, json, okay, refusal, stub } from "./stub.ts";

type Write = (venue: Venue, signal?: AbortSignal) => Promise<WriteResult<unknown>>;
const size = coinE8(1_000_000n);
const order: Write = (v, signal) =>
  v.order({ symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT", price: yen(1), size }, signal);
const closeOrder: Write = (v, signal) =>
  v.closeOrder({ symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", positionId: "1", size }, signal);
const cancelOrder: Write = (v, signal) => v.cancelOrder("8819977864", signal);
const WRITES: readonly (readonly [string, Write])[] = [
  ["order", order],
  ["closeOrder", closeOrder],
  ["cancelOrder", cancelOrder],
];

const FAILURES: readonly TransportFailure[] = ["timeout", "reset", "dns", "aborted", "other"];
const lost = (failure: TransportFailure): Answer => new TransportError(failure, `no reply: ${failure}`);
/** Explicit refusals (GMO API 11) and codes that only look like one. */
const REFUSED = ["ERR-201", "ERR-254", "ERR-5003", "ERR-5008", "ERR-5010", "ERR-5106", "ERR-5121", "ERR-5201"] as const;
const IN_DOUBT = ["ERR-151", "ERR-554", "ERR-626", "ERR-9999"] as const;

const oneOf = <T>(values: readonly T[]) => fc.constantFrom(...values);
const accepted = JSON.stringify({ status: 0, data: "8819977864", responsetime: "2026-09-20T01:02:03.456Z" });
const outcome: fc.Arbitrary<{ answer: Answer; kind: WriteResult<unknown>["kind"] }> = fc.oneof(
  oneOf(FAILURES).map((failure) => ({ answer: lost(failure), kind: "unknown" as const })),
  fc.constant({ answer: new TypeError("a bug below"), kind: "unknown" as const }),
  fc
    .integer({ min: 500, max: 599 })
    .map((http) => ({ answer: refusal("ERR-201", "", http), kind: "unknown" as const })),
  fc.integer({ min: 500, max: 599 }).map((http) => ({ answer: body(accepted, http), kind: "unknown" as const })),
  oneOf([200, 403, 404, 503]).map((http) => ({ answer: body("<html></html>", http), kind: "unknown" as const })),
  // Cut anywhere, even by one character.
  fc
    .integer({ min: 0, max: accepted.length - 1 })
    .map((n) => ({ answer: body(accepted.slice(0, n)), kind: "unknown" as const })),
  fc
    .json()
    .filter((text) => !/"status"/.test(text))
    .map((text) => ({ answer: body(text), kind: "unknown" as const })),
  oneOf(["1", 0.5, null, true]).map((status) => ({ answer: json({ status, data: "1" }), kind: "unknown" as const })),
  fc.constant({ answer: json({ status: 1 }), kind: "unknown" as const }),
  oneOf(IN_DOUBT).map((code) => ({ answer: refusal(code), kind: "unknown" as const })),
  oneOf(REFUSED).map((code) => ({ answer: refusal(code), kind: "refused" as const })),
  fc.constant({ answer: okay("8819977864"), kind: "accepted" as const }),
);

describe("at most once", () => {
  test("one send whatever happens; accepted, refused or unknown as the evidence says", async () => {
    await fc.assert(
      fc.asyncProperty(outcome, oneOf(WRITES), async ({ answer, kind }, [, write]) => {
        // A second request would be answered too, and be seen.
        const world = stub([answer, okay("1"), okay("2")]);
        const result = await write(world.venue);
        expect(world.sent).toHaveLength(1);
        expect(world.timers.sleeps).toEqual([]);
        expect(result.kind).toBe(kind);
      }),
      { numRuns: LONG ? 20_000 : 300 },
    );
  });

  describe.each(WRITES)("%s", (_name, write) => {
    test.each(FAILURES)("no reply (%s) is unknown", async (failure) => {
      const world = stub([lost(failure)]);
      expect(await write(world.venue)).toEqual({
        kind: "unknown",
        code: `VENUE_${failure.toUpperCase()}`,
        message: `${world.sent[0]?.path}: no reply: no reply: ${failure}`,
      });
    });
    test.each([
      ["HTTP 500", body("", 500), "HTTP 500"],
      ["HTTP 503 HTML", body("<html>busy</html>", 503), "<html>busy</html>"],
      ["HTTP 200 HTML", body("<html>busy</html>"), "an HTML page"],
      ["truncated JSON", body('{"status":0,"da'), '{"status":0,"da'],
      ["HTTP 503 with a refusal in JSON", refusal("ERR-201", "", 503), "HTTP 503"],
      ["a redirect with a refusal in JSON", refusal("ERR-201", "", 302), "HTTP 302"],
    ])("%s is unknown, with the body as evidence", async (_case, answer, evidence) => {
      expect(await write(stub([answer]).venue)).toMatchObject({
        kind: "unknown",
        code: "VENUE_GARBLED",
        message: expect.stringContaining(evidence),
      });
    });
    test.each(["ERR-5201", "ERR-5202"])("HTTP 503 with %s is unknown all the same, and says why", async (code) => {
      const world = stub([refusal(code, "closed", 503)]);
      expect(await write(world.venue)).toMatchObject({ kind: "unknown", code });
      expect(world.sent).toHaveLength(1);
    });
  });

  test.each([
    ["without data", okay()],
    ["with data null", okay(null)],
    ["with data {}", okay({})],
    ["with an id that is none", okay("none")],
    ["with an empty id", okay("")],
    ["with an id beyond a double", okay(2 ** 53)],
  ])("an order accepted %s is unknown: it may be live under an id we do not have", async (_name, answer) => {
    for (const write of [order, closeOrder])
      expect(await write(stub([answer]).venue)).toMatchObject({ kind: "unknown", code: "VENUE_REPLY" });
  });
});

describe("abort", () => {
  test("before it is sent: not sent, and said so", async () => {
    for (const [, write] of WRITES) {
      const world = stub([]);
      expect(await write(world.venue, AbortSignal.abort())).toMatchObject({
        kind: "refused",
        code: "NOT_SENT",
        resend: "later",
        verdict: "retry",
      });
      expect(world.sent).toEqual([]);
    }
  });
  test("while waiting for a turn: not sent", async () => {
    const abort = new AbortController();
    const world = stub(Array(10).fill(okay("1")));
    for (let i = 0; i < 10; i++) await order(world.venue); // the burst is used up
    world.timers.onSleep = () => abort.abort();
    expect(await order(world.venue, abort.signal)).toMatchObject({ kind: "refused", code: "NOT_SENT" });
    expect(world.sent).toHaveLength(10);
  });
  test("once it is on its way: unknown", async () => {
    const abort = new AbortController();
    const world = stub([
      ({ signal }) => {
        expect(signal).toBe(abort.signal);
        abort.abort();
        throw new TransportError("aborted", "aborted");
      },
    ]);
    expect(await order(world.venue, abort.signal)).toMatchObject({ kind: "unknown", code: "VENUE_ABORTED" });
    expect(world.sent).toHaveLength(1);
  });
});
