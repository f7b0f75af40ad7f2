// The queue against a small model: random jobs, scripts of outcomes, halts, cancellations, answers, wakes, restarts and
// time. What ran, in which order, and every row's end must agree.
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import type { JobRisk, JobState } from "../../db/tables/jobs.ts";
import { AppError } from "../../lib/core/errors.ts";
import { epochMs } from "../../lib/core/time.ts";
import type { Ctx, Outcome } from "../../queue/types.ts";
import { LONG } from "../long.ts";
import { type AnyInput, closeWorlds, handler, type World, world } from "./world.ts";

afterEach(closeWorlds);

type Step = "done" | "stop" | "retry" | "permanent" | "snooze" | "park";
type Command =
  | { do: "enqueue"; risk: JobRisk; priority: number; serial: number; delayMs: number; lifeMs: number; script: Step[] }
  | { do: "drain" }
  | { do: "pass"; ms: number }
  | { do: "halt" | "clear" | "wake" | "restart" }
  | { do: "cancel" | "answer" | "retry"; at: number };

const BASE_MS = 1_000;
const CAP_MS = 4_000;
const MAX_ATTEMPTS = 3;
const WAIT_MS = 1_500;

interface Modelled {
  id: number;
  risk: JobRisk;
  priority: number;
  serial: number;
  runAt: number;
  expires: number;
  script: Step[];
  state: JobState;
  tries: number;
  runs: number;
  snoozed: boolean;
  deadline: number;
  passed: boolean;
}

class Model {
  readonly jobs: Modelled[] = [];
  readonly ran: string[] = [];
  halted = false;
  constructor(private readonly now: () => number) {}

  expired = (j: Modelled) => j.expires <= this.now() && !j.passed && (j.runs === 0 || j.risk === "neutral");
  halts = (j: Modelled) => this.halted && j.risk === "adding";
  holds = (o: Modelled, j: Modelled) =>
    o.tries > 0
      ? j.tries === 0 || o.id < j.id
      : o.id < j.id && j.tries === 0 && o.runAt <= this.now() && !this.expired(o);
  blocked = (j: Modelled) =>
    this.jobs.some(
      (o) =>
        o !== j &&
        j.serial > 0 &&
        o.serial === j.serial &&
        o.state === "ready" &&
        !o.snoozed &&
        !(this.halts(o) && j.risk !== "adding") &&
        this.holds(o, j),
    );
  next = () =>
    this.jobs
      .filter(
        (j) => j.state === "ready" && j.runAt <= this.now() && !this.expired(j) && !this.halts(j) && !this.blocked(j),
      )
      .sort((a, b) => b.priority - a.priority || a.runAt - b.runAt || a.id - b.id)[0];

  sweep(): void {
    for (const j of this.jobs) {
      if (j.state === "ready" && this.expired(j)) j.state = "expired";
      if (j.state === "parked" && j.deadline <= this.now())
        Object.assign(j, { state: "ready", passed: true, runAt: j.deadline });
    }
  }

  drain(): void {
    this.sweep();
    for (let j = this.next(); j; j = this.next()) {
      const step = j.script[j.runs] ?? "done";
      j.runs += 1;
      j.tries += 1;
      this.ran.push(`${j.id}#${j.tries}`);
      const fails = step === "retry" || step === "permanent";
      if (fails && (step === "permanent" || j.tries >= MAX_ATTEMPTS)) j.state = "dead";
      else if (fails) j.runAt = this.now() + Math.min(CAP_MS, BASE_MS * 2 ** (j.tries - 1)) / 2;
      else if (step === "snooze") Object.assign(j, { runAt: this.now() + WAIT_MS, snoozed: true, tries: 0 });
      else if (step === "park")
        Object.assign(j, { state: "parked", deadline: this.now() + WAIT_MS, passed: false, tries: 0 });
      else j.state = "done";
      if (step !== "snooze") j.snoozed = false;
      this.sweep();
    }
  }
}

const step = fc.constantFrom<Step>("done", "stop", "retry", "retry", "permanent", "snooze", "park");
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("enqueue" as const),
      risk: fc.constantFrom<JobRisk>("adding", "reducing", "neutral"),
      priority: fc.constantFrom(0, 0, 1),
      serial: fc.integer({ min: 0, max: 2 }),
      delayMs: fc.constantFrom(0, 0, 0, 700),
      lifeMs: fc.constantFrom(1_000_000, 1_000_000, 900, 2_500),
      script: fc.array(step, { maxLength: 5 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("drain" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("halt" as const, "clear" as const, "wake" as const, "restart" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("cancel" as const, "answer" as const, "retry" as const),
      at: fc.nat(20),
    }),
  },
);

const runScript = (ran: string[]) => {
  const runs = new Map<number, number>();
  return (input: AnyInput, ctx: Ctx): Outcome => {
    ran.push(`${ctx.job.id}#${ctx.job.attempt}`);
    const run = runs.get(ctx.job.id) ?? 0;
    runs.set(ctx.job.id, run + 1);
    const untilMs = epochMs(ctx.clock.nowMs() + WAIT_MS);
    switch ((input["script"] as Step[])[run] ?? "done") {
      case "retry":
        throw new AppError("retry", "X", "no");
      case "permanent":
        throw new AppError("permanent", "X", "no");
      case "snooze":
        return { kind: "snooze", untilMs, reason: "later", wakeOn: ["topic"] };
      case "park":
        return { kind: "park", deadlineMs: untilMs };
      case "stop":
        return { kind: "stop", reason: "enough" };
      default:
        return { kind: "done" };
    }
  };
};

const apply = async (command: Command, model: Model, real: { w: World }): Promise<void> => {
  const { w } = real;
  const now = w.clock.systemMs;
  const target = "at" in command ? model.jobs[command.at % Math.max(1, model.jobs.length)] : undefined;
  switch (command.do) {
    case "enqueue": {
      const { risk, priority, serial, delayMs, lifeMs, script } = command;
      const id = model.jobs.length + 1;
      const [runAt, expires] = [epochMs(now + delayMs), epochMs(now + lifeMs)];
      const fresh = { state: "ready", tries: 0, runs: 0, snoozed: false, deadline: 0, passed: false } as const;
      model.jobs.push({ id, risk, priority, serial, runAt, expires, script, ...fresh });
      const input = { script, serial };
      w.store.enqueue({ name: risk, key: String(id), input, priority, runAtMs: runAt, expiresAtMs: expires });
      return;
    }
    case "drain":
      model.drain();
      await w.worker({ random: { next: () => 0, int: () => 0 } }).drain();
      return;
    case "pass":
      w.clock.pass(command.ms);
      return;
    case "halt":
    case "clear":
      model.halted = command.do === "halt";
      w.db.transaction((tx) =>
        command.do === "halt"
          ? tx.halts.raise({ kind: "stop", reason: "test", atMs: epochMs(now) })
          : tx.halts.clear("stop", "test", epochMs(now)),
      );
      return;
    case "wake":
      for (const j of model.jobs) if (j.state === "ready" && j.snoozed && j.runAt > now) j.runAt = now;
      w.store.wake("topic");
      return;
    case "restart":
      real.w = w.second();
      return;
    case "cancel":
      if (!target || !["ready", "parked"].includes(target.state)) return;
      Object.assign(target, { state: "cancelled", snoozed: false });
      w.store.cancel(target.id, "test");
      return;
    case "answer": {
      if (!target) return;
      const open = target.state === "parked" && target.deadline > now;
      const answer = w.store.resolveParked({ name: target.risk, key: String(target.id) });
      expect(answer === "resolved").toBe(open);
      if (open) target.state = "done";
      return;
    }
    case "retry":
      if (!target || !["dead", "cancelled"].includes(target.state)) return;
      Object.assign(target, { state: "ready", tries: 0, runAt: now, expires: Number.POSITIVE_INFINITY });
      w.store.retry(target.id, "test");
  }
};

test("invariants 5, 9, 10, 13, 14, 23, 24: the queue does what its model does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), async (commands) => {
      const ran: string[] = [];
      const run = runScript(ran);
      const changes = {
        maxAttempts: MAX_ATTEMPTS,
        backoff: { baseMs: BASE_MS, capMs: CAP_MS },
        serialKey: (input: AnyInput) => (input["serial"] === 0 ? undefined : String(input["serial"])),
      };
      const handlers = (["adding", "reducing", "neutral"] as const).map((risk) =>
        handler(risk, run, { ...changes, risk }),
      );
      const real = { w: world(handlers) };
      const clock = real.w.clock;
      const model = new Model(() => clock.systemMs);
      for (const each of [...commands, { do: "drain" } as const]) await apply(each, model, real);
      expect(ran).toEqual(model.ran);
      const rows = model.jobs.map(({ id }) => real.w.store.show(id));
      expect(rows.map(({ job }) => [job.id, job.state, job.attempts])).toEqual(
        model.jobs.map((j) => [j.id, j.state, j.tries]),
      );
      // Every attempt that did not end in a snooze has its closed row.
      for (const { attempts } of rows) expect(attempts.every((a) => a.outcome !== undefined)).toBe(true);
      // After a drain nothing is due: what is left waits for a time, a person or the end of a halt.
      const due = real.w.store.nextDueMs();
      if (due !== undefined) expect(due).toBeGreaterThan(clock.systemMs);
      // Left alone long enough, everything ends that no halt stops.
      if (!model.halted) {
        for (let i = 0; i < 200 && real.w.store.nextDueMs() !== undefined; i += 1) {
          clock.systemMs = Math.max(clock.systemMs, real.w.store.nextDueMs()!);
          model.drain();
          await real.w.worker({ random: { next: () => 0, int: () => 0 } }).drain();
        }
        expect(ran).toEqual(model.ran);
        const { ready, running, parked } = real.w.store.stats().states;
        expect([ready, running, parked]).toEqual([0, 0, 0]);
      }
      closeWorlds();
    }),
    { numRuns: LONG ? 3_000 : 50 },
  );
}, 1_800_000);
