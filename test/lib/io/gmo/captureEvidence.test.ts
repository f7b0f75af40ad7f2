// What `trader gmo decode` keeps of captures that do not parse, and that it answers whatever it is fed.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode } from "../../../../lib/io/gmo/decode.ts";
import { KINDS } from "../../../../lib/io/gmo/decodeKinds.ts";
import { LONG } from "../../../long.ts";
import { ORDER, ok } from "./captureSamples.ts";

describe("evidence", () => {
  test("what does not parse is kept: redacted and cut", () => {
    const long = ok({
      list: [{ ...ORDER, status: "NEW", note: "x ".repeat(5_000), token: "short", key: "k".repeat(40) }],
    });
    const { body = "" } = decode("private/orders", long) as { body?: string };
    expect(body.length).toBeLessThan(2_100);
    expect(body).toContain("8819977864");
    const token = decode("private/orders", ok({ token: "short", list: [{ key: "k".repeat(40) }] }));
    expect(JSON.stringify(token)).not.toMatch(/short|kkkk/);
  });
  test("no access token", () => {
    for (const text of ['{"status":0,"data":"my-token', '{"status":0,"data":["my-token"]}', ok("my-token")])
      expect(JSON.stringify(decode("private/ws-auth", text))).not.toContain("my-token");
  });
  test.each(KINDS.map(({ name }) => name))(
    "%s: a value nested without end is an answer, not an exhausted stack",
    (kind) => {
      const levels = 20_000;
      const deep = `${'{"a":['.repeat(levels)}1${"]}".repeat(levels)}`;
      const bodies = [
        deep,
        `{"status":0,"data":${deep}}`,
        `{"status":0,"data":[{"feeType":"X","x":${deep}}]}`,
        `{"status":0,"data":{"status":"OPEN","list":[],"x":${deep}}}`,
        `{"status":1,"messages":${deep}}`,
        `{"channel":"${kind.slice(3)}","x":${deep}}`,
      ];
      for (const text of bodies) {
        const decoded = decode(kind, text);
        expect(decoded.ok ? decoded : decoded.code).toMatch(/^VENUE_/);
      }
    },
  );
  test("whatever is fed: an answer, never a crash, never without a verdict", () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.anything().map((value) => {
        try {
          return JSON.stringify({ status: 0, data: value }) ?? "";
        } catch {
          return "";
        }
      }),
      fc.nat(ok({ list: [ORDER] }).length).map((n) => ok({ list: [ORDER] }).slice(0, n)),
    );
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), text, ({ name }, input) => {
        const decoded = decode(name, input);
        if (decoded.ok) expect(decoded.value).toBeDefined();
        else {
          expect(["retry", "permanent", "alert"]).toContain(decoded.verdict);
          expect(decoded.message.length).toBeLessThan(5_000);
        }
        expect(() => JSON.stringify(decoded)).not.toThrow();
      }),
      { numRuns: LONG ? 50_000 : 1_000 },
    );
  });
});
