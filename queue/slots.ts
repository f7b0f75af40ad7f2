// The handlers running in this worker: how many there are, which jobs may join them, and how they are aborted.
import { setTimeout as delay } from "node:timers/promises";
import type { Job } from "../db/tables/jobs.ts";
import { AppError } from "../lib/core/errors.ts";
import type { ClaimRequest } from "./attemptLedger.ts";
import type { Registry } from "./registry.ts";
import { StaleAttemptError } from "./types.ts";

export interface Slot {
  readonly job: Job;
  /** JobStore.wakeMark at the start of the attempt. */
  readonly wakeMark: number;
  readonly abort: AbortController;
  /** Why the signal was aborted; the first reason is kept. */
  why: "timeout" | "shutdown" | "lost" | undefined;
  /** Abandoned by stop: its job has been released, its result is ignored. */
  abandoned: boolean;
  /** Older attempts of the job or of its serial key that lost their lease but still run here: they must end first. */
  readonly after: readonly Promise<void>[];
  readonly closed: Promise<void>;
  readonly close: () => void;
}

export const abortSlot = (slot: Slot, why: NonNullable<Slot["why"]>, reason: Error): void => {
  if (slot.why !== undefined) return;
  slot.why = why;
  slot.abort.abort(reason);
};

export class Slots {
  readonly #slots = new Set<Slot>();
  #whenEmpty: (() => void)[] = [];
  constructor(
    private readonly registry: Registry,
    private readonly concurrency: number,
    /** Slots beyond `concurrency` that only risk-reducing jobs may use. */
    private readonly reserve: number,
    private readonly wakeMark: () => number,
  ) {}

  open(job: Job): Slot {
    const { serialKey } = job;
    const older = [...this.#slots].filter(
      (slot) => slot.job.id === job.id || (serialKey !== undefined && slot.job.serialKey === serialKey),
    );
    let close = () => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    const after = older.map((slot) => slot.closed);
    const slot: Slot = {
      job,
      wakeMark: this.wakeMark(),
      abort: new AbortController(),
      why: undefined,
      abandoned: false,
      after,
      closed,
      close,
    };
    this.#slots.add(slot);
    return slot;
  }

  close(slot: Slot): void {
    this.#slots.delete(slot);
    slot.close();
  }

  get size(): number {
    return this.#slots.size;
  }

  jobIds(): ReadonlySet<number> {
    return new Set([...this.#slots].map((slot) => slot.job.id));
  }

  /** What the next free slot may claim; `without` is a job that is about to end. undefined: no slot is free. */
  free(without?: Job): ClaimRequest | undefined {
    const perName = new Map<string, number>();
    let taken = 0;
    for (const { job } of this.#slots) {
      if (job === without) continue;
      taken += 1;
      perName.set(job.name, (perName.get(job.name) ?? 0) + 1);
    }
    if (taken >= this.concurrency + this.reserve) return undefined;
    const busy: string[] = [];
    for (const [name, count] of perName)
      if (count >= (this.registry.get(name)?.concurrency ?? Number.POSITIVE_INFINITY)) busy.push(name);
    return { busy, onlyReducing: taken >= this.concurrency };
  }

  /** Aborts the attempts that are not in the list of those that still own their job. */
  abortLost(held: readonly { readonly id: number; readonly fence: number }[]): void {
    if (this.#slots.size === 0) return;
    const owned = new Set(held.map(({ id, fence }) => `${id}:${fence}`));
    for (const slot of this.#slots) {
      const { id, fence } = slot.job;
      if (!owned.has(`${id}:${fence}`))
        abortSlot(slot, "lost", new StaleAttemptError(`job ${id} was taken away from this attempt`));
    }
  }

  abortAll(): void {
    const reason = new AppError("retry", "SHUTDOWN", "the worker is stopping");
    for (const slot of this.#slots) abortSlot(slot, "shutdown", reason);
  }

  /** Abandons the handlers that still run; `release` releases each job. */
  abandon(release: (job: Job) => void): void {
    for (const slot of this.#slots) {
      slot.abandoned = true;
      release(slot.job);
    }
    this.#slots.clear();
    this.resolveWhenEmpty();
  }

  /** Resolves when no handler runs. */
  empty(): Promise<void> {
    if (this.#slots.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Waits until no handler runs, `ms` have passed, or `abortNow` aborts. */
  async allEndedWithin(ms: number, abortNow: AbortSignal = new AbortController().signal): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, abortNow]);
    const wait = delay(ms, undefined, { signal }).catch(() => undefined); // Rejects when aborted.
    await Promise.race([this.empty(), wait]);
    ended.abort();
  }

  /** Must be called after a slot was closed and its successor, if any, opened. */
  resolveWhenEmpty(): void {
    if (this.#slots.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}
