// A forked test program: says when it has loaded, takes one order, and ends one way or another.
import { type ChildProcess, fork } from "node:child_process";

export interface ChildOptions {
  /** A program that runs node instead of the system: strace and its arguments. */
  readonly under?: readonly string[];
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export class Child {
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** Resolves with the program's first message: its code is loaded and it waits for its order. */
  readonly loaded: Promise<void>;
  /** What it wrote to stderr. */
  errors = "";
  /** Everything it has said after it had loaded, in order. */
  readonly messages: unknown[] = [];
  constructor(program: string, { under, env }: ChildOptions = {}) {
    this.process = fork(program, [], {
      execArgv: under ? [...under.slice(1), process.execPath] : [],
      ...(under ? { execPath: under[0]! } : {}),
      ...(env ? { env: { ...process.env, ...env } } : {}),
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.process.stderr?.on("data", (text: Buffer) => {
      this.errors += text.toString();
    });
    this.ended = new Promise((resolve) => {
      this.process.once("exit", (code, signal) => resolve({ code, signal }));
    });
    this.loaded = new Promise((resolve, reject) => {
      this.process.once("message", () => {
        this.process.on("message", (message) => this.messages.push(message));
        resolve();
      });
      this.process.once("error", reject);
      void this.ended.then(() => reject(new Error(`the process did not start: ${this.errors}`)));
    });
    this.loaded.catch(() => undefined); // The user of the child awaits it; a spare child may be discarded.
  }

  async order(order: object): Promise<void> {
    await this.loaded;
    this.process.send(order);
  }
}
