// Real processes, real SIGKILL. `npm run crash -- --kills N --seed S` repeats a run.
import { execFile } from "node:child_process";
import { describe, expect, test } from "vitest";
import { projectPath } from "../../lib/io/paths.ts";
import { entropyHex } from "../../lib/io/random.ts";
import { compiled } from "../compiled.ts";
import { LONG } from "../long.ts";
import { crashQueue } from "./queueHarness.ts";
import { CRASH_POINTS, planPoints, planRun, SABOTAGES, type Sabotage } from "./queuePlan.ts";
import { brokenPromises, type CrashReport, PROMISES } from "./queueReport.ts";

const KILLS = LONG ? 2_000 : 100;
const NOTHING_BROKEN = Object.fromEntries(PROMISES.map((name) => [name, 0]));

test(
  `invariants 1, 3, 15, 17: ${KILLS} kills lose nothing, double nothing, orphan nothing, strand nothing`,
  async () => {
    const seed = entropyHex(4);
    const report = await crashQueue({ kills: KILLS, seed });
    expect(report, `seed ${seed}`).toMatchObject({ kills: KILLS, ...NOTHING_BROKEN });
    // The run was a run: most processes got to work before they died, and earlier breaches would have been seen.
    expect(report.acked).toBeGreaterThan(KILLS / 2);
    expect(report.jobsDone).toBeGreaterThan(KILLS);
    expect(Object.keys(report.killsAt).length).toBeGreaterThan(5);
    expect(report.looks).toBeGreaterThan(KILLS / 50);
    expect(report.killsAt["caughtUp"]).toBeGreaterThan(0);
  },
  LONG ? 3_600_000 : 300_000,
);

test("invariant 3: killed at every failpoint: each job's effect, end and child exist together or not at all", async () => {
  const rounds = LONG ? 40 : 1;
  const kills = rounds * CRASH_POINTS.length;
  const report = await crashQueue({ kills, seed: "points", plan: planPoints(CRASH_POINTS, rounds, "points") });
  expect(report).toMatchObject({ kills, ...NOTHING_BROKEN });
  expect(report.killsAt).toEqual(Object.fromEntries(CRASH_POINTS.map((point) => [point, rounds])));
});

describe("the crash run sees a broken promise", () => {
  /** Where a process must die for the breach to show. */
  const AT: Readonly<Record<Sabotage, string>> = {
    ackFirst: "beforeAck",
    effectFirst: "sabotaged",
    effectLater: "sabotaged",
    childFirst: "sabotaged",
    childLater: "sabotaged",
    deaf: "afterClaim",
  };
  test.each(Object.entries(SABOTAGES) as [Sabotage, readonly (keyof CrashReport)[]][])(
    "%s is seen as %j",
    async (name, columns) => {
      const kills = 2;
      const plan = planPoints([AT[name]], kills, name);
      const report = await crashQueue({ kills, seed: name, plan, sabotage: name });
      for (const column of columns) expect(report[column], column).toBeGreaterThan(0);
      expect(brokenPromises(report)).toBeGreaterThan(0);
    },
  );
});

test("a seed plans its deaths, all of them, and another seed plans others", () => {
  expect(planRun(500, "a")).toEqual(planRun(500, "a"));
  expect(planRun(500, "a")).not.toEqual(planRun(500, "b"));
  for (const kills of [1, 2, 3, 7, 500])
    expect(
      planRun(kills, "a")
        .flatMap((lane) => lane.runners)
        .flat(),
    ).toHaveLength(kills);
  const deaths = planRun(500, "a")
    .flatMap((lane) => lane.runners)
    .flat();
  for (const point of CRASH_POINTS) expect(deaths.some((death) => death.dieAt?.point === point)).toBe(true);
});

describe("npm run crash", () => {
  const crash = (...args: string[]): Promise<{ code: number; out: string; errors: string }> =>
    new Promise((resolve) => {
      const command = [compiled("test/crash/run.ts"), ...args];
      execFile(process.execPath, command, { cwd: projectPath() }, (error, out, errors) =>
        resolve({ code: error ? Number(error.code) : 0, out, errors }),
      );
    });

  test("prints the named columns as one line of JSON and exits 0", async () => {
    const { code, out } = await crash("--kills", "3", "--seed", "s", "--json");
    const report = JSON.parse(out) as Record<string, unknown>;
    expect(report).toMatchObject({ seed: "s", kills: 3, acked: expect.any(Number) });
    for (const name of ["lost", "effectsTwice", "childless", "orphans", "staleCommits", "stranded"])
      expect(report[name], name).toBe(0);
    expect(code).toBe(0);
    expect(out.trimEnd().split("\n")).toHaveLength(1);
  });

  test("exits 1 when a promise is broken", async () => {
    const { code, out } = await crash("--kills", "2", "--seed", "s", "--json", "--break", "deaf");
    expect(JSON.parse(out)).toMatchObject({ stranded: expect.any(Number) });
    expect(code).toBe(1);
  });

  test.each([
    [["--kills", "0"], /--kills: expected a whole number from 1 to 1000000, found "0"/],
    [["--kills", "ten"], /found "ten"/],
    [["--break", "luck"], /--break: expected one of ackFirst, .*found "luck"/],
    [["--what"], /--what/],
  ])("%j is wrong use: one clear error, exit 2", async (args, message) => {
    const { code, errors, out } = await crash(...args);
    expect(errors).toMatch(message);
    expect(errors).toMatch(/--help/);
    expect(errors).not.toMatch(/\n {4}at /);
    expect([code, out]).toEqual([2, ""]);
  });

  test("--help says what a seed repeats and what it cannot", async () => {
    const { code, out } = await crash("--help");
    expect(out).toMatch(/The same seed plans the same deaths/);
    expect(out).toMatch(/What it cannot repeat/);
    expect(code).toBe(0);
  });
});
