import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coordinate, element, escapeHtml, linearScale, linePath, niceTicks, stepPath } from "../../../lib/core/svg.ts";

describe("markup", () => {
  test("nothing that comes in can open a tag or leave an attribute", () => {
    expect(escapeHtml(`<script>"a"&'b'\u0000</script>`)).toBe(
      "&lt;script&gt;&quot;a&quot;&amp;&#39;b&#39;\uFFFD&lt;/script&gt;",
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"']/);
        expect([...escapeHtml(text)].filter((c) => c < "\u0009")).toEqual([]);
      }),
    );
  });
  test("an element escapes its attributes and leaves out what is undefined", () => {
    expect(element("text", { x: 1.005, class: 'a"b', y: undefined }, "<b>")).toBe(
      '<text x="1" class="a&quot;b"><b></text>',
    );
    expect(element("path", { d: "M0 0" })).toBe('<path d="M0 0"/>');
  });
  test("a coordinate is short and finite, or an error", () => {
    expect([coordinate(1 / 3), coordinate(-0.001), coordinate(5)]).toEqual(["0.33", "0", "5"]);
    expect(() => coordinate(Number.NaN)).toThrow(RangeError);
  });
});

describe("scales and ticks", () => {
  test("a scale maps the ends, and a flat domain to the middle", () => {
    const scale = linearScale([10, 20], [100, 0]);
    expect([scale(10), scale(15), scale(20)]).toEqual([100, 50, 0]);
    expect(linearScale([5, 5], [0, 10])(5)).toBe(5);
  });
  test("ticks are round, inside and not too many", () => {
    expect(niceTicks(0, 10, 5)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(niceTicks(16_480_000, 17_210_000, 4)).toEqual([16_600_000, 16_800_000, 17_000_000, 17_200_000]);
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 2, max: 10 }),
        (from, width, count) => {
          const ticks = niceTicks(from, from + width, count);
          expect(ticks.length).toBeGreaterThanOrEqual(1);
          expect(ticks.length).toBeLessThanOrEqual(count + 1);
          for (const tick of ticks) {
            expect(tick).toBeGreaterThanOrEqual(from - width * 1e-6);
            expect(tick).toBeLessThanOrEqual(from + width * (1 + 1e-6));
          }
        },
      ),
    );
    expect(niceTicks(3, 3, 4)).toEqual([3]);
  });
});

describe("paths", () => {
  test("a hole in the data stays a hole", () => {
    expect(linePath([{ x: 0, y: 1 }, { x: 1, y: 2 }, undefined, { x: 3, y: 4 }])).toBe("M0 1L1 2M3 4");
    expect(linePath([])).toBe("");
  });
  test("a step holds its value until the next point", () => {
    expect(
      stepPath([
        { x: 0, y: 1 },
        { x: 5, y: 2 },
      ]),
    ).toBe("M0 1H5V2");
  });
});
