// The table of GMO API 11, typed from the reference and checked through the connector, not against the source's table.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8 } from "../../../../lib/core/money.ts";
import { CODE_RULES, isMaintenance, isPositionNotVisibleYet } from "../../../../lib/io/gmo/errorCodes.ts";
import { meaningOf, SECTION_11 } from "./section11.ts";
import { type Answer, errorOf, okay, refusal, type Stub, stub } from "./stub.ts";

/** The GET column: a dash and "no" ask once; waits are the pauses before each further try. */
const ONCE: readonly number[] = [];
const BACKOFF: readonly number[] = [250, 750];
const PAUSE_2S: readonly number[] = [2_000, 2_000];
const RESIGN_ONCE: readonly number[] = [0];

/**
 * code, HTTP status, verdict, waits of a GET, resend of a POST. Verdicts: `retry` = unwilling for now, `alert` = the
 * action says halt, human, stop or a broken key; all else `permanent`. A dash in the POST column must never mean
 * "resend".
 */
const TABLE = [
  ["ERR-70", 200, "permanent", ONCE, "never"],
  ["ERR-151", 200, "retry", BACKOFF, "unknown"],
  ["ERR-189", 200, "permanent", ONCE, "never"],
  ["ERR-200", 200, "permanent", ONCE, "never"],
  ["ERR-201", 200, "permanent", ONCE, "never"],
  ["ERR-208", 200, "permanent", ONCE, "never"],
  ["ERR-254", 200, "permanent", ONCE, "never"],
  ["ERR-422", 200, "permanent", ONCE, "never"],
  ["ERR-423", 200, "permanent", ONCE, "never"],
  ["ERR-430", 200, "permanent", ONCE, "never"],
  ["ERR-554", 200, "retry", BACKOFF, "unknown"],
  ["ERR-626", 200, "retry", BACKOFF, "unknown"],
  ["ERR-635", 200, "permanent", ONCE, "never"],
  ["ERR-682", 200, "alert", ONCE, "never"],
  ["ERR-683", 200, "retry", ONCE, "later"],
  ["ERR-754", 200, "permanent", ONCE, "never"],
  ["ERR-846", 200, "permanent", ONCE, "never"],
  ["ERR-913", 200, "permanent", ONCE, "never"],
  ["ERR-5003", 200, "retry", PAUSE_2S, "later"],
  ["ERR-5007", 200, "permanent", ONCE, "never"], // safe after a fix of the program, so not by the program
  ["ERR-5008", 200, "retry", RESIGN_ONCE, "later"],
  ["ERR-5009", 200, "retry", RESIGN_ONCE, "later"],
  ["ERR-5010", 200, "alert", ONCE, "never"],
  ["ERR-5011", 200, "alert", ONCE, "never"],
  ["ERR-5012", 200, "alert", ONCE, "never"],
  ["ERR-5014", 200, "alert", ONCE, "never"],
  ["ERR-5016", 200, "retry", BACKOFF, "never"],
  ["ERR-5106", 200, "permanent", ONCE, "never"],
  ["ERR-5111", 200, "permanent", ONCE, "never"],
  ["ERR-5114", 200, "permanent", ONCE, "never"],
  ["ERR-5118", 200, "permanent", ONCE, "never"],
  ["ERR-5121", 200, "permanent", ONCE, "never"],
  ["ERR-5122", 200, "permanent", ONCE, "never"],
  ["ERR-5123", 200, "permanent", ONCE, "never"],
  ["ERR-5125", 200, "alert", ONCE, "never"],
  ["ERR-5126", 200, "permanent", ONCE, "never"],
  ["ERR-5127", 200, "alert", ONCE, "never"],
  ["ERR-5129", 200, "permanent", ONCE, "never"],
  ["ERR-5133", 200, "permanent", ONCE, "never"],
  ["ERR-5135", 200, "permanent", ONCE, "never"],
  ["ERR-5201", 200, "retry", ONCE, "later"],
  ["ERR-5202", 200, "retry", ONCE, "later"],
  ["ERR-5203", 200, "retry", ONCE, "later"],
  ["ERR-5204", 404, "permanent", ONCE, "never"],
  ["ERR-5206", 200, "permanent", ONCE, "never"],
  ["ERR-5207", 404, "permanent", ONCE, "never"],
  ["ERR-5208", 200, "permanent", ONCE, "never"],
] as const;

const WRITES: readonly (readonly [string, (world: Stub) => Promise<unknown>])[] = [
  ["order", ({ venue }) => venue.order({ symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: coinE8(1n) })],
  [
    "closeOrder",
    ({ venue }) =>
      venue.closeOrder({
        symbol: "BTC_JPY",
        side: "SELL",
        executionType: "MARKET",
        positionId: "1",
        size: coinE8(1n),
      }),
  ],
  ["cancelOrder", ({ venue }) => venue.cancelOrder("8819977864")],
];

const always = (answer: Answer): readonly Answer[] => [answer, answer, answer, answer];

describe("GMO API 11", () => {
  test("every code of the reference has a rule, and no other", () => {
    expect(Object.keys(CODE_RULES).toSorted()).toEqual(TABLE.map(([code]) => code as string).toSorted());
  });

  describe("row by row, the reference's own words", () => {
    test("the rows are those of the table", () => {
      expect(SECTION_11.map(([code]) => code)).toEqual(Object.keys(CODE_RULES));
    });
    test.each(SECTION_11)("%s: GET %s, POST %s (%s)", (code) => {
      expect(CODE_RULES[code]).toMatchObject(meaningOf(code));
    });
    test("the refusals worth repeating unchanged are those the reference excepts", () => {
      const excepted = SECTION_11.filter(([, , post]) => /~200 ms/.test(post)).map(([code]) => code);
      expect(excepted.filter(isPositionNotVisibleYet)).toEqual(excepted);
      expect(SECTION_11.filter(([code]) => isPositionNotVisibleYet(code))).toHaveLength(excepted.length);
    });
  });

  test.each(TABLE)(
    "%s (HTTP %i) is %s; a GET waits %j; a POST: %s",
    async (code, httpStatus, verdict, waits, resend) => {
      const answer = refusal(code, "wire text", httpStatus);

      const read = stub(always(answer));
      const error = await errorOf(read.venue.margin());
      expect(error).toMatchObject({ verdict, code, data: { path: "/v1/account/margin", httpStatus } });
      expect(error.message).toContain("wire text");
      expect(read.sent).toHaveLength(waits.length + 1);
      expect(read.timers.sleeps).toEqual(waits);

      if (waits.length > 0) {
        const recovers = stub([answer, okay([])]);
        expect(await recovers.venue.assets()).toEqual([]);
      }

      for (const [, write] of WRITES) {
        const world = stub(always(answer));
        const result = await write(world);
        if (resend === "unknown") expect(result).toMatchObject({ kind: "unknown", code });
        else expect(result).toMatchObject({ kind: "refused", code, resend, verdict });
        expect((result as { message: string }).message).toContain("wire text");
        expect(world.sent).toHaveLength(1);
      }
    },
  );

  test("the first message decides; the number in `status` and the text do not", async () => {
    const body = JSON.stringify({
      status: 5,
      messages: [
        { message_code: "ERR-201", message_string: "MAINTENANCE" },
        { message_code: "ERR-5201", message_string: "x" },
      ],
    });
    expect(await errorOf(stub([{ httpStatus: 200, body }]).venue.margin())).toMatchObject({ code: "ERR-201" });
  });

  test("an unknown code is an explicit refusal of a GET and leaves a POST unknown", async () => {
    const known = new Set<string>(TABLE.map(([code]) => code));
    const names = fc.constantFrom("ERR-9999", "ERR-143", "ERR-5105", "err-5201", "ERR-200 ", "");
    // Names every object inherits: a careless table look-up finds a function there.
    const inherited = fc.constantFrom("constructor", "toString", "valueOf", "__proto__", "hasOwnProperty");
    const unknownCode = fc.oneof(names, inherited, fc.string({ maxLength: 20 })).filter((code) => !known.has(code));
    await fc.assert(
      fc.asyncProperty(unknownCode, fc.constantFrom(...WRITES), async (code, [, write]) => {
        const read = stub(always(refusal(code)));
        expect(await errorOf(read.venue.margin())).toMatchObject({ verdict: "permanent", code });
        expect(read.sent).toHaveLength(1);
        const world = stub(always(refusal(code)));
        expect(await write(world)).toMatchObject({ kind: "unknown", code });
        expect(world.sent).toHaveLength(1);
      }),
    );
  });

  test("the two groups callers ask for", () => {
    const codes = TABLE.map(([code]) => code as string);
    expect(codes.filter(isMaintenance)).toEqual(["ERR-5201", "ERR-5202"]);
    expect(codes.filter(isPositionNotVisibleYet)).toEqual(["ERR-254", "ERR-5106"]);
  });
});
