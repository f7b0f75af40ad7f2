// Real processes, real SIGKILL. `npm run crash -- --kills N --seed S` repeats a run.
import { expect, test } from "vitest";
import { entropyHex } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import { crashQueue } from "./queueHarness.ts";

const KILLS = LONG ? 2_000 : 200;

test(
  `invariants 1, 3, 15, 17: ${KILLS} kills lose nothing, double nothing, orphan nothing, strand nothing`,
  async () => {
    const seed = entropyHex(4);
    const report = await crashQueue({ kills: KILLS, seed });
    expect(report, `seed ${seed}`).toMatchObject({
      kills: KILLS,
      lost: 0,
      effectsTwice: 0,
      effectsMissing: 0,
      childless: 0,
      orphans: 0,
      staleCommits: 0,
      stranded: 0,
    });
    // The run was a run: most processes got to work before they died.
    expect(report.acked).toBeGreaterThan(KILLS / 2);
    expect(report.jobsDone).toBeGreaterThan(KILLS);
    expect(Object.keys(report.killsAt).length).toBeGreaterThan(5);
  },
  LONG ? 3_600_000 : 300_000,
);
