// The part of better-queue 3.8 that docs/decisions/0001 allows; nothing else of it may be used.
declare module "better-queue" {
  interface Options<T> {
    process: (task: T, done: (error: null) => void) => void;
    concurrent: number;
    /** Name of the task's field that identifies it. */
    id: string;
    /** Only "memory": the jobs table is the truth. */
    store: "memory";
    maxRetries: 1;
    autoResume: false;
  }
  export default class Queue<T extends object> {
    constructor(options: Options<T>);
    push(task: T): unknown;
    resume(): void;
    on(event: "error", listener: (error: Error) => void): this;
  }
}
