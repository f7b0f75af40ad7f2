// Long texts are cut so that a chat takes every part and the owner loses nothing.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fitText, MESSAGE_LIMIT, splitText } from "../../../lib/core/messageText.ts";

const wellFormed = (text: string): boolean =>
  !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
const texts = fc.array(fc.constantFrom("a", "yen ", "\n", "円", "😀", " "), { maxLength: 200 }).map((p) => p.join(""));

describe("splitText", () => {
  test("keeps every part within the limit, whole characters, no part blank, and nothing but blanks is lost", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 50 }), (text, limit) => {
        const parts = splitText(text, limit);
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(limit);
          expect(part.trim()).not.toBe("");
          expect(wellFormed(part)).toBe(true);
        }
        const letters = (s: string): string => s.replace(/\s/g, "");
        expect(letters(parts.join(""))).toBe(letters(text));
      }),
    );
  });
  test("leaves a text of exactly the limit whole, and cuts one more at a line end", () => {
    const lines = `${"x".repeat(3_000)}\n${"y".repeat(1_095)}`;
    expect(splitText(lines)).toEqual([lines]);
    expect(lines.length).toBe(MESSAGE_LIMIT);
    expect(splitText(`${lines}z`)).toEqual(["x".repeat(3_000), `${"y".repeat(1_095)}z`]);
  });
  test("does not cut an emoji in two", () => {
    expect(splitText(`${"x".repeat(4_095)}😀`)).toEqual(["x".repeat(4_095), "😀"]);
  });
});

test("fitText shortens to the limit with whole characters", () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 3, max: 50 }), (text, limit) => {
      const fitted = fitText(text, limit);
      expect(fitted.length).toBeLessThanOrEqual(limit);
      expect(wellFormed(fitted)).toBe(true);
      if (text.length <= limit) expect(fitted).toBe(text);
    }),
  );
});
