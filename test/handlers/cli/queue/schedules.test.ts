// `trader schedules`: what ticks, and a person's hand on it.
import { afterEach, describe, expect, test } from "vitest";
import { everyText } from "../../../../handlers/cli/queue/scheduleList.ts";
import { registry } from "../../../../handlers/registry.ts";
import { schedulesOf } from "../../../../handlers/runtime/schedules.ts";
import { AppError, UsageError } from "../../../../lib/core/errors.ts";
import { DAY_MS, epochMs, HOUR_MS, isoUtc, MINUTE_MS, SECOND_MS } from "../../../../lib/core/time.ts";
import { lockFolder } from "../../../../lib/io/lock.ts";
import { parseInput } from "../../../../queue/store.ts";
import { closeWorlds, done, handler, T0, world } from "../../../queue/world.ts";
import { commandsOn } from "../commands.ts";

const SCHEDULES = schedulesOf("margin");

afterEach(closeWorlds);

const QUARTER = {
  name: "bars:BTC",
  handler: "bars",
  input: { symbol: "BTC" },
  everyMs: 15 * MINUTE_MS,
  offsetMs: 5 * SECOND_MS,
  policy: "skip",
  expiresAfterMs: 10 * MINUTE_MS,
} as const;
const DAILY = {
  name: "report",
  handler: "report",
  input: {},
  everyMs: DAY_MS,
  offsetMs: 15 * HOUR_MS,
  policy: "all",
} as const;

const setUp = () => {
  const w = world([
    handler("bars", () => {
      throw new AppError("permanent", "VENUE", "no candles");
    }),
    handler("report", () => done),
  ]);
  w.scheduler.declareSchedule(QUARTER);
  w.scheduler.declareSchedule({ ...DAILY, maxCatchUp: 7 });
  return { w, ...commandsOn(w) };
};
const audit = (w: ReturnType<typeof setUp>["w"]) =>
  w.db.read.audit.after(0).map(({ kind, actor, data }) => ({ kind, actor, data }));

describe("trader schedules list", () => {
  test("shows the next tick, the missed-tick policy, and the state of the last tick's job", async () => {
    const { w, trader } = setUp();
    w.clock.pass(MINUTE_MS);
    await w.worker().drain();
    expect((await trader("schedules", "list")).split("\n")).toEqual([
      "NAME      IN           NEXT TICK (JST)      UTC       EVERY                      MISSED          HANDLER  LAST TICK (JST)      ITS JOB",
      "bars:BTC  14 min 5 s   2026-11-02 09:15:05  00:15:05  every 15 min, at +5 s      skip            bars     2026-11-02 09:00:05  #1 dead VENUE: no candles",
      "report    14 h 59 min  2026-11-03 00:00:00  15:00:00  every day at 00:00:00 JST  all, at most 7  report   none yet",
      `${w.dir} (no mode yet)`,
    ]);
    expect(JSON.parse(await trader("schedules", "list", "--json"))).toMatchObject([
      {
        name: "bars:BTC",
        handler: "bars",
        every: "every 15 min, at +5 s",
        policy: "skip",
        nextTickAt: "2026-11-02T00:15:05.000Z",
        lastTickAt: "2026-11-02T00:00:05.000Z",
        paused: false,
        lastJob: { id: 1, state: "dead", error: { code: "VENUE" } },
      },
      { name: "report", maxCatchUp: 7, lastTickAt: null, lastJob: null },
    ]);
  });

  test("a late tick and a paused schedule stand out; an empty folder is explained", async () => {
    const { w, trader } = setUp();
    await trader("schedules", "pause", "report");
    w.clock.pass(HOUR_MS);
    expect(await trader("schedules", "list")).toMatch(/bars:BTC .* LATE by 59 min 55 s .*\nreport .* PAUSED /);
    const empty = commandsOn(world([]));
    expect(await empty.trader("schedules", "list")).toMatch(/^no schedules in .*: the worker declares them/);
    expect(await empty.trader("schedules", "list", "--json")).toBe("[]");
  });

  test.each([
    [15 * MINUTE_MS, 5 * SECOND_MS, "every 15 min, at +5 s"],
    [5 * MINUTE_MS, 150 * SECOND_MS, "every 5 min, at +2 min 30 s"],
    [HOUR_MS, 7 * MINUTE_MS, "every 1 h, at +7 min"],
    [DAY_MS, 15 * HOUR_MS + 5 * MINUTE_MS, "every day at 00:05:00 JST"],
    [90 * SECOND_MS, 0, "every 1 min 30 s"],
    [250, 0, "every 250 ms"],
  ])("%i ms with offset %i is %s", (everyMs, offsetMs, text) => {
    expect(everyText(everyMs, offsetMs)).toBe(text);
  });
});

describe("trader schedules run", () => {
  test("enqueues the newest tick's job under a key of its own, audited; the coming tick still comes", async () => {
    const { w, trader } = setUp();
    w.clock.pass(20 * MINUTE_MS);
    const tickMs = T0 + 15 * MINUTE_MS + 5 * SECOND_MS;
    const said = JSON.parse(await trader("schedules", "run", "bars:BTC", "--json"));
    expect(said).toMatchObject({ id: 1, schedule: "bars:BTC", name: "bars", tickAt: "2026-11-02T00:15:05.000Z" });
    expect(w.store.show(1).job).toMatchObject({
      input: { symbol: "BTC", tickMs },
      key: expect.stringMatching(/^bars:BTC:byHand:2026-11-02T00:20:00\.000Z:[0-9a-f]{8}$/),
      // As long after now as a tick's job after its tick: it does not start expired, and it does not wait without
      // limit.
      expiresAtMs: w.clock.nowMs() + 10 * MINUTE_MS,
      runAtMs: w.clock.nowMs(),
    });
    expect(audit(w)).toEqual([
      {
        kind: "schedule.runByHand",
        actor: "cli",
        data: { schedule: "bars:BTC", tickMs, jobId: 1, name: "bars", key: said.key },
      },
    ]);
    // The tick itself: same tick, another key.
    w.scheduler.declareSchedule({ ...QUARTER, policy: "once" });
    expect(w.scheduler.runDueTicks(w.clock.nowMs())).toBe(1);
    expect(w.store.list().map((job) => job.input)).toEqual([
      { symbol: "BTC", tickMs },
      { symbol: "BTC", tickMs },
    ]);
  });

  test("twice is two jobs; a paused schedule runs on command and stays paused; a missing worker is reported", async () => {
    const { w, trader, err } = setUp();
    await trader("schedules", "pause", "report");
    expect(await trader("schedules", "run", "report")).toMatch(
      /^job 1 report report:byHand:.*: ready in .*, for the tick of 2026-11-02 00:00:00 JST; watch it with trader jobs show 1$/,
    );
    expect(err).toEqual([
      "note: report is paused and stays so; only this one job runs",
      expect.stringMatching(/^note: no worker runs for /),
    ]);
    const unlock = lockFolder(w.dir);
    await trader("schedules", "run", "report");
    unlock();
    expect(err.filter((line) => line.includes("no worker runs"))).toHaveLength(1);
    expect(w.store.list()).toHaveLength(2);
    expect(w.db.read.schedules.byName("report")?.paused).toBe(true);
  });

  test("a job the handler refuses leaves neither a job nor an audit event", async () => {
    const { w, trader } = setUp();
    w.db.sql.prepare("UPDATE schedules SET handler = 'gone' WHERE name = 'report'").run();
    await expect(trader("schedules", "run", "report")).rejects.toMatchObject({ code: "UNKNOWN_HANDLER" });
    expect(w.store.list()).toEqual([]);
    expect(audit(w)).toEqual([]);
  });

  test.each(SCHEDULES.map((schedule) => [schedule.name, schedule] as const))(
    "%s: its handler takes the input of a run by hand, which never names a tick that is still to come",
    async (name, schedule) => {
      const w = world([...registry.values()]);
      w.clock.pass(13 * HOUR_MS + 59_999);
      w.scheduler.declareSchedule(schedule);
      await commandsOn(w).trader("schedules", "run", name);
      const { input } = w.store.show(1).job;
      const { tickMs } = input as { tickMs: number };
      expect(() => parseInput(registry.get(schedule.handler)!, input)).not.toThrow();
      expect(tickMs).toBeLessThanOrEqual(w.clock.nowMs());
      expect(tickMs + schedule.everyMs).toBe(w.scheduler.list()[0]?.nextTickMs);
    },
  );
});

describe("trader schedules pause and resume", () => {
  test("are audited, survive a restart, and say when nothing changes", async () => {
    const { w, trader } = setUp();
    const where = `in ${w.dir} (no mode yet)`;
    expect(await trader("schedules", "pause", "bars:BTC")).toBe(
      `bars:BTC paused ${where}: no tick until trader schedules resume bars:BTC, also after a restart`,
    );
    expect(await trader("schedules", "pause", "bars:BTC")).toBe(
      `bars:BTC is paused already ${where}, nothing was changed`,
    );
    // What a worker does at its start.
    w.scheduler.declareSchedule(QUARTER);
    w.clock.pass(HOUR_MS);
    await w.worker().drain();
    expect(w.store.list()).toEqual([]);
    expect(await trader("schedules", "resume", "bars:BTC")).toBe(
      `bars:BTC resumed ${where}: the ticks missed meanwhile are skipped, unless the newest is still fresh`,
    );
    expect(await trader("schedules", "resume", "bars:BTC")).toBe(
      `bars:BTC is not paused ${where}, nothing was changed`,
    );
    expect(JSON.parse(await trader("schedules", "resume", "bars:BTC", "--json"))).toMatchObject({
      name: "bars:BTC",
      paused: false,
      changed: false,
    });
    const data = { schedule: "bars:BTC", handler: "bars" };
    expect(audit(w)).toEqual([
      { kind: "schedule.paused", actor: "cli", data: { ...data, before: false, after: true } },
      { kind: "schedule.resumed", actor: "cli", data: { ...data, before: true, after: false } },
    ]);
    await w.worker().drain();
    expect(w.store.list()).toEqual([]);
    w.clock.pass(16 * MINUTE_MS);
    await w.worker().drain();
    expect(w.store.list().map((job) => job.key)).toEqual([`bars:BTC:${T0 + 75 * MINUTE_MS + 5 * SECOND_MS}`]);
  });

  test("resumed before its next tick prints that tick", async () => {
    const { w, trader } = setUp();
    await trader("schedules", "pause", "report");
    expect(await trader("schedules", "resume", "report")).toBe(
      `report resumed in ${w.dir} (no mode yet): next tick 2026-11-03 00:00:00 JST`,
    );
  });

  test.each(["run", "pause", "resume"])("%s of an unknown name lists the names and changes nothing", async (verb) => {
    const { w, trader } = setUp();
    const error = await trader("schedules", verb, "bars").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toBe('expected the name of a schedule, found "bars"; known: bars:BTC, report');
    expect(audit(w)).toEqual([]);
    expect(w.store.list()).toEqual([]);
  });

  test("a pause survives the start of the system, which declares every schedule anew", async () => {
    const { w, trader } = setUp();
    await trader("schedules", "pause", "report");
    w.scheduler.declareSchedule({ ...DAILY, everyMs: HOUR_MS, offsetMs: 0, policy: "once" });
    const now = w.db.read.schedules.byName("report");
    expect(now).toMatchObject({ paused: true, everyMs: HOUR_MS });
    expect(isoUtc(epochMs(now?.nextTickMs ?? 0))).toBe("2026-11-02T00:00:00.000Z");
  });
});
