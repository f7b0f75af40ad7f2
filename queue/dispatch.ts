// Dispatches claimed jobs to their handlers. better-queue decides nothing durable: it gets jobs that are already
// claimed, only as slots become free, one task per attempt, and its `done` is called when the handler has really ended
// (docs/decisions/0001-jobs-table-is-the-truth.md). Nothing else of it is used.
import Queue from "better-queue";

interface Task {
  /** jobId:fence, unique per attempt. */
  readonly id: string;
  /** Never rejects. */
  run(): Promise<void>;
}
export interface Dispatcher {
  dispatch(task: Task): void;
}

/** `onBroken` is called with an error inside better-queue itself. */
export const betterQueueDispatcher = (concurrent: number, onBroken: (error: Error) => void): Dispatcher => {
  const queue = new Queue<Task>({
    process: (task, done) => void task.run().then(() => done(null)),
    concurrent,
    id: "id",
    store: "memory",
    maxRetries: 1,
    autoResume: false,
  });
  queue.on("error", onBroken);
  return { dispatch: (task) => void queue.push(task) };
};

/**
 * Runs the task at once. For the replay on a virtual clock, where better-queue's timer of a millisecond per push would
 * be most of the time and the order must not depend on timers.
 */
export const directDispatcher = (): Dispatcher => ({ dispatch: (task) => void task.run() });
