// A forked test program: says when it has loaded, takes one order, and ends one way or another.
import { type ChildProcess, fork } from "node:child_process";

export class Child {
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** Resolves with the program's first message: its code is loaded and it waits for its order. */
  readonly loaded: Promise<void>;
  /** What it wrote to stderr. */
  errors = "";
  constructor(program: string) {
    this.process = fork(program, [], { execArgv: [], stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.process.stderr?.on("data", (text: Buffer) => {
      this.errors += text.toString();
    });
    this.ended = new Promise((resolve) => {
      this.process.once("exit", (code, signal) => resolve({ code, signal }));
    });
    this.loaded = new Promise((resolve, reject) => {
      this.process.once("message", () => resolve());
      this.process.once("error", reject);
      void this.ended.then(() => reject(new Error(`the process did not start: ${this.errors}`)));
    });
    this.loaded.catch(() => undefined); // Whoever uses the child awaits it; a spare one may be thrown away.
  }

  async order(order: object): Promise<void> {
    await this.loaded;
    this.process.send(order);
  }
}
