// The loop: claim -> parse -> run -> commit. `start` works in real time and sees other processes' commits; `drain` runs
// what is due now and returns, in a fixed order, for replay and tests. All durable state is in the ledger.
import { setImmediate as yieldToTimers } from "node:timers/promises";
import type { Database } from "../db/open.ts";
import type { Job } from "../db/tables/jobs.ts";
import { errorText } from "../lib/core/errors.ts";
import type { Clock } from "../lib/io/clock.ts";
import type { Logger } from "../lib/io/logger.ts";
import type { Random } from "../lib/io/random.ts";
import { type AttemptDeps, runHandler } from "./attempt.ts";
import { Ledger, type LedgerOptions, type OnFailure } from "./attemptLedger.ts";
import { betterQueueDispatcher, type Dispatcher, directDispatcher } from "./dispatch.ts";
import { ActiveFaults, type Health, worstHealth } from "./health.ts";
import { Recorder } from "./recordOutcome.ts";
import type { Registry } from "./registry.ts";
import { findLost, markAlive, markStopped } from "./rescue.ts";
import { Scheduler } from "./schedule.ts";
import { type Slot, Slots } from "./slots.ts";
import type { JobStore } from "./store.ts";

export interface WorkerOptions<S extends object> {
  readonly db: Database;
  readonly store: JobStore;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  /** Merged into every handler's ctx. */
  readonly services: S;
  /** New for every start of the process. */
  readonly bootId: string;
  /** Maximum number of concurrent handlers; risk-reducing jobs may use `reserve` slots more. */
  readonly concurrency: number;
  /** Default 1, or 0 with `virtual`. */
  readonly reserve?: number;
  readonly random: Random;
  readonly onFailure?: OnFailure;
  readonly failpoint?: LedgerOptions["failpoint"];
  /** Default 40 ms: how often the loop checks for other processes' commits and for due times. */
  readonly pollMs?: number;
  /** Default 30 s, real clock. */
  readonly leaseMs?: number;
  /** Health of what the handlers depend on; published with the worker's own. */
  readonly health?: () => Health;
  /** Replay: tasks run without better-queue's timers, so that a drain is fast and its order fixed. */
  readonly virtual?: boolean;
}

export interface Worker {
  /** Real-time loop. */
  start(): void;
  /**
   * No new claims; running handlers get `graceMs`, then their signal aborts, then they are abandoned. Unfinished jobs
   * are released without using up an attempt. Ends with a WAL checkpoint. A second call aborts at once.
   */
  stop(options: { graceMs: number }): Promise<void>;
  /** Runs everything due on the system's clock until nothing is due. Resolves with the number of attempts run. */
  drain(): Promise<number>;
  /** For a drain whose virtual time advances while its handlers wait: claims what has become due meanwhile. */
  claimNewlyDue(): void;
  /** Not ok while the file refuses what this worker must write or read. */
  health(): Health;
  /** When the started loop last polled (monotonic clock); a loop that stops polling hangs, whatever its health. */
  polledMs(): number;
}

const RESCUE_EVERY_MS = 500;
/** Names of the faults of recovering one job begin so. */
const RECOVERY = "recover:";
export const ABORT_GRACE_MS = 1_000;
const YIELD_EVERY_MS = 20;
/** Smaller steps back are normal time synchronisation. */
const SET_BACK_MS = 1_000;

class QueueWorker<S extends object> implements Worker {
  readonly #o: WorkerOptions<S>;
  readonly #ledger: Ledger;
  readonly #scheduler: Scheduler;
  readonly #dispatcher: Dispatcher;
  readonly #leaseMs: number;
  readonly #slots: Slots;
  readonly #dataVersion;
  readonly #deps: AttemptDeps<S>;
  #mode: "idle" | "started" | "draining" | "stopped" = "idle";
  #stopping: Promise<void> | undefined;
  readonly #secondStop = new AbortController();
  #timers: NodeJS.Timeout[] = [];
  #unlisten: (() => void) | undefined;
  #pumpQueued = false;
  #seenVersion = -1;
  #polledMs = 0;
  #nextLookMs = 0;
  /** System clock at the last poll. */
  #lookedMs = 0;
  #nextRescueMs = 0;
  #ran = 0;
  #registered = false;
  #lastYieldMs = 0;
  #broken: { readonly error: unknown } | undefined;
  readonly #troubles = new ActiveFaults();
  readonly #recorder: Recorder;

  constructor(options: WorkerOptions<S>) {
    this.#o = options;
    this.#leaseMs = options.leaseMs ?? 30_000;
    const reserve = options.reserve ?? (options.virtual ? 0 : 1);
    if (!Number.isSafeInteger(options.concurrency) || options.concurrency < 1)
      throw new RangeError(`expected a worker concurrency of at least 1, found ${options.concurrency}`);
    this.#slots = new Slots(options.registry, options.concurrency, reserve, () => options.store.wakeMark());
    this.#ledger = new Ledger({ ...options, leaseMs: this.#leaseMs });
    this.#scheduler = new Scheduler(options.db, options.store, options.clock);
    this.#dataVersion = options.db.sql.prepare<[], number>("PRAGMA data_version").pluck();
    const { failpoint } = options;
    this.#deps = {
      ...options,
      commit: (job, write, next) => this.#ledger.step(job, write, next),
      beforeHandler: (job) => failpoint?.("beforeHandler", job),
    };
    this.#recorder = new Recorder({
      ...options,
      ledger: this.#ledger,
      slots: this.#slots,
      faults: this.#troubles,
      stopping: () => this.#stopping !== undefined,
      draining: () => this.#mode === "draining",
    });
    this.#dispatcher = options.virtual
      ? directDispatcher()
      : betterQueueDispatcher(options.concurrency + reserve, (error) => {
          options.log.error({ err: error }, "queue.dispatcherBroken");
          const why = `the dispatcher broke (${error.message}): restart the worker`;
          this.#troubles.report("dispatcher", why, options.clock.realNowMs()); // Only a restart ends it.
        });
  }

  start(): void {
    this.#enter("started");
    const pollMs = this.#o.pollMs ?? 40;
    this.#polledMs = this.#o.clock.monotonicMs();
    this.#unlisten = this.#o.store.onWork(() => this.#queuePump());
    this.#timers.push(setInterval(() => this.#guard("queue.pollFailed", () => this.#poll()), pollMs));
    this.#startHeartbeat();
    this.#guard("queue.startFailed", () => this.#rescue());
    this.#queuePump();
  }

  async drain(): Promise<number> {
    this.#enter("draining");
    this.#startHeartbeat();
    this.#ran = 0;
    try {
      this.#rescue();
      this.#lastYieldMs = this.#o.clock.monotonicMs();
      while (this.#fill() > 0) {
        await this.#slots.empty();
        if (this.#broken) throw this.#broken.error;
      }
      return this.#ran;
    } finally {
      this.#broken = undefined;
      this.#clearTimers();
      markStopped(this.#o.bootId);
      if (this.#mode === "draining") this.#mode = "idle";
    }
  }

  stop({ graceMs }: { graceMs: number }): Promise<void> {
    if (this.#stopping) {
      this.#secondStop.abort();
      return this.#stopping;
    }
    this.#stopping = this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    this.#unlisten?.();
    await this.#slots.allEndedWithin(graceMs, this.#secondStop.signal);
    this.#slots.abortAll();
    await this.#slots.allEndedWithin(ABORT_GRACE_MS);
    this.#slots.abandon((job) => this.#guard("queue.releaseFailed", () => this.#ledger.release(job)));
    this.#clearTimers();
    // A failing file must not keep the process from ending: the next worker recovers what could not be written.
    if (this.#mode !== "idle") this.#guard("queue.stopFailed", () => this.#ledger.stopWorker());
    markStopped(this.#o.bootId);
    this.#mode = "stopped";
    this.#guard("queue.checkpointFailed", () => this.#o.db.checkpoint());
  }

  #enter(mode: "started" | "draining"): void {
    if (this.#mode !== "idle" || this.#stopping) throw new Error(`the worker is ${this.#mode}, it cannot be ${mode}`);
    this.#mode = mode;
    // Once per process: a replay drains thousands of times, and each registration is a commit.
    if (!this.#registered) this.#ledger.registerWorker();
    this.#registered = true;
    markAlive(this.#o.bootId);
  }

  #startHeartbeat(): void {
    const beat = () =>
      this.#guard(
        "queue.heartbeatFailed",
        () => this.#slots.abortLost(this.#ledger.heartbeat(this.health())),
        "heartbeat",
      );
    this.#timers.push(setInterval(beat, this.#leaseMs / 3));
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** A failing poll must not end the loop: it is logged and tried again at the next poll. */
  #guard(message: string, work: () => void, part = "loop"): void {
    try {
      work();
      this.#troubles.clear(part);
    } catch (error) {
      this.#o.log.error({ err: error }, message);
      this.#troubles.report(part, `${message}: ${errorText(error)}`, this.#o.clock.realNowMs());
      this.#nextLookMs = 0;
    }
  }

  health(): Health {
    return worstHealth(
      () => this.#troubles.health(),
      () => this.#o.health?.() ?? { ok: true },
    );
  }

  polledMs(): number {
    return this.#polledMs;
  }

  #poll(): void {
    this.#polledMs = this.#o.clock.monotonicMs();
    const version = this.#dataVersion.get() ?? -1;
    if (version !== this.#seenVersion) {
      this.#seenVersion = version;
      this.#slots.abortLost(this.#ledger.ownedAttempts());
      this.#pump();
    } else if (this.#o.clock.nowMs() >= this.#nextLookMs || this.#clockWasSetBack()) this.#pump();
    if (this.#o.clock.monotonicMs() >= this.#nextRescueMs) this.#rescue();
  }

  #queuePump(): void {
    if (this.#pumpQueued) return;
    this.#pumpQueued = true;
    queueMicrotask(() => {
      this.#pumpQueued = false;
      if (this.#mode === "started") this.#guard("queue.claimFailed", () => this.#pump());
    });
  }

  #pump(): void {
    if (this.#stopping) return;
    this.#fill();
    const now = this.#o.clock.nowMs();
    // At least once a second, so that #lookedMs is fresh when the clock is set back.
    const due = Math.min(this.#o.store.nextDueMs() ?? Infinity, this.#scheduler.nextTickMs() ?? Infinity, now + 1_000);
    // A job that is due and was not claimed waits for a slot, which calls us when it is free.
    this.#nextLookMs = due <= now ? now + 1_000 : due;
  }

  /** Runs due ticks and fills the free slots. Returns the number of jobs started. */
  #fill(): number {
    if (this.#stopping) return 0;
    const { clock, failpoint } = this.#o;
    // Snoozed jobs and retries must not wait a second time through the span that the clock repeats.
    if (this.#clockWasSetBack()) this.#ledger.makeWaitingDue();
    this.#lookedMs = clock.nowMs();
    this.#scheduler.runDueTicks(clock.nowMs(), () => failpoint?.("insideTick"));
    this.#ledger.sweep();
    let started = 0;
    for (;;) {
      const request = this.#slots.free();
      const job = request && this.#ledger.claim(request);
      if (!job) return started;
      this.#launch(job);
      started += 1;
    }
  }

  #clockWasSetBack(): boolean {
    return this.#o.clock.nowMs() <= this.#lookedMs - SET_BACK_MS;
  }

  #rescue(): void {
    this.#nextRescueMs = this.#o.clock.monotonicMs() + RESCUE_EVERY_MS;
    const running = this.#ledger.running();
    // What another process recovered or ended is no fault of ours any more.
    this.#troubles.keepOnly(RECOVERY, new Set(running.map((row) => `${RECOVERY}${row.id}`)));
    if (running.length === 0) return;
    const self = {
      bootId: this.#o.bootId,
      ownJobs: this.#slots.jobIds(),
      realNowMs: this.#o.clock.realNowMs(),
    };
    const lost = findLost(running, self);
    for (const row of lost) {
      // Each on its own: a job that cannot be recovered must not block the others.
      const recover = () => {
        this.#o.log.warn({ jobId: row.id, worker: row.worker }, "queue.jobRecovered");
        this.#ledger.recoverLost(row);
      };
      if (this.#mode === "draining") recover();
      else this.#guard("queue.recoveryFailed", recover, `${RECOVERY}${row.id}`);
    }
    if (lost.length > 0 && this.#mode === "started") this.#pump();
  }

  #launch(job: Job): void {
    const slot = this.#slots.open(job);
    this.#dispatcher.dispatch({ id: `${job.id}:${job.fence}`, run: () => this.#run(slot) });
  }

  /** Runs the job and its successors in the same slot, each claimed in the transaction that finished the one before. */
  async #run(first: Slot): Promise<void> {
    let slot: Slot | undefined = first;
    while (slot) {
      await this.#yieldToEventLoop();
      slot = await this.#runOne(slot);
    }
  }

  async #runOne(slot: Slot): Promise<Slot | undefined> {
    let next: Slot | undefined;
    try {
      if (slot.after.length > 0) await Promise.all(slot.after);
      const result = await runHandler(slot, this.#deps);
      next = await this.#recorder.recordUntilWritten(slot, result);
    } catch (error) {
      // Only a drain gets here (queue/recordOutcome.ts): its caller gets the error, the ledger still says "running".
      this.#broken ??= { error };
    } finally {
      this.#ran += 1;
      this.#slots.close(slot);
    }
    if (this.#mode === "started") this.#queuePump();
    else if (!this.#broken && this.#mode === "draining" && this.#o.concurrency > 1) this.#fillWhileDraining();
    this.#slots.resolveWhenEmpty();
    return next;
  }

  claimNewlyDue(): void {
    if (this.#mode === "draining" && !this.#broken) this.#fillWhileDraining();
  }

  #fillWhileDraining(): void {
    try {
      this.#fill();
    } catch (error) {
      this.#broken ??= { error };
    }
  }

  /** Handlers that never wait for IO would block timers and signals for a whole drain or a whole chain. */
  async #yieldToEventLoop(): Promise<void> {
    const { clock } = this.#o;
    if (this.#o.virtual && clock.monotonicMs() - this.#lastYieldMs < YIELD_EVERY_MS) return;
    await yieldToTimers();
    this.#lastYieldMs = clock.monotonicMs();
  }
}

export const createWorker = <S extends object>(options: WorkerOptions<S>): Worker => new QueueWorker(options);
