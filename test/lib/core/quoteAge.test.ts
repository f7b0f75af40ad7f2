// The age of market data by the venue's own time, and what the connector does with old ones.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeAge, LARGEST_AHEAD_MS } from "../../../lib/core/quoteAge.ts";
import { epochMs } from "../../../lib/core/time.ts";

const NOW = epochMs(1_782_000_000_000);
const LIMIT = 10_000;

describe("truth 1: data are as old as the venue says, on a clock corrected by the measured offset", () => {
  test.each([
    ["just written", 0, 0, 0, "fresh"],
    ["exactly the limit", -LIMIT, 0, 0, "fresh"],
    ["one millisecond more", -LIMIT - 1, 0, 0, "old"],
    ["two hours behind", -7_200_000, 0, 0, "old"],
    ["the venue's clock 5 s behind, fresh", -5_300, -5_000, 100, "fresh"],
    ["the venue's clock 5 s behind, old", -15_001, -5_000, 100, "old"],
    ["the venue's clock 5 s ahead, fresh", 4_700, 5_000, 100, "fresh"],
    ["the venue's clock 5 s ahead, old", -5_001, 5_000, 100, "old"],
    ["not measured, 5 s ahead", 5_000, 0, 0, "fresh"],
    ["not measured, more than that", 5_001, 0, 0, "ahead"],
    ["measured with an error of 2 s", 6_900, 0, 2_000, "fresh"],
    ["an offset that is no number", 0, Number.NaN, 0, "old"],
    ["a clock one hour behind, measured", -3_600_000, -3_600_000, 50, "fresh"],
  ] as const)("%s: data at %d ms, offset %d ± %d ms: %5$s", (_, dataMs, offsetMs, errorMs, kind) => {
    expect(judgeAge(epochMs(NOW + dataMs), NOW, { offsetMs, errorMs }, LIMIT).kind).toBe(kind);
  });

  test("whatever the offset, data written between 0 and the limit ago are fresh, and older ones are not", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -3_600_000, max: 3_600_000 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 3_000, max: 60_000 }),
        (offsetMs, oldMs, maxAgeMs) => {
          const judged = judgeAge(epochMs(NOW + offsetMs - oldMs), NOW, { offsetMs, errorMs: 0 }, maxAgeMs);
          expect(judged.kind).toBe(oldMs <= maxAgeMs ? "fresh" : "old");
          if (judged.kind === "fresh") expect(judged.asOfMs).toBe(NOW - oldMs);
        },
      ),
      { seed: 12 },
    );
  });

  test("an offset of up to 5 s that nobody measured refuses no quote of the last 5 s", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -LARGEST_AHEAD_MS, max: LARGEST_AHEAD_MS }),
        fc.integer({ min: 0, max: 5_000 }),
        (offsetMs, oldMs) => {
          const venueMs = epochMs(NOW + offsetMs - oldMs);
          expect(judgeAge(venueMs, NOW, { offsetMs: 0, errorMs: 0 }, LIMIT).kind).toBe("fresh");
        },
      ),
      { seed: 12 },
    );
  });
});
