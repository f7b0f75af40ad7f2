// What the benchmark asks of every queue, ours and the rivals: the same jobs, done each queue's own way. One driver per
// queue translates; it adds nothing that the queue does not offer and leaves out nothing that it needs.

export type Level = "FULL" | "NORMAL" | "OFF";

/** Every job inserts one small row, its effect; the kinds differ in what else happens. */
export interface BenchJob {
  /** chain: enqueues n - 1 until 0. flaky and mortal: for the kill tests, see promises.ts. */
  readonly kind: "work" | "chain" | "start" | "flaky" | "mortal";
  readonly n: number;
  /** When its enqueue was called: process.hrtime in ns, which all processes of a Linux machine share. */
  readonly sentNs?: string | undefined;
}

export interface OpenOptions {
  readonly path: string;
  readonly level: Level;
  /** Handlers at once. */
  readonly concurrency: number;
  /** How often the file is looked at, where the queue polls. */
  readonly pollMs: number;
  /** Wait before a failed job is tried again. */
  readonly retryDelayMs: number;
  /** After how long a killed worker's job may be taken over, where the queue must be told. */
  readonly takeoverMs: number;
  /**
   * Opened after a kill: goes on at once, also with what the dead worker had begun, where that is decided at opening.
   */
  readonly recover: boolean;
  /** The first line of every handler; what it throws is the job's failure. */
  started(job: BenchJob): void;
  /** After the job's insert, as late before its acknowledgement as the queue allows. May kill the process. */
  beforeAck(job: BenchJob): void;
}

export interface OpenQueue {
  /** Returns, or resolves, when the queue acknowledges the job. */
  enqueue(job: BenchJob): unknown;
  start(): void;
  /** Jobs that wait or run. */
  left(): number | Promise<number>;
  /** `n` of every effect in the file. */
  effects(): readonly number[] | Promise<readonly number[]>;
  stop(): Promise<void>;
}

export interface Driver {
  readonly name: string;
  /** What an unchanged installation runs at. */
  readonly shippedLevel: Level;
  readonly levels: readonly Level[];
  /** "The acknowledgement of an attempt that lost its job changes nothing": not tested here, read from the source. */
  readonly fencedAck: { readonly kept: boolean; readonly source: string };
  readonly notes: readonly string[];
  open(options: OpenOptions): Promise<OpenQueue>;
}

export const EFFECTS_TABLE = "CREATE TABLE IF NOT EXISTS bench_effects (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)";
export const INSERT_EFFECT = "INSERT INTO bench_effects (n) VALUES (?)";
