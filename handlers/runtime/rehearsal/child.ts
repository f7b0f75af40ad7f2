// A child process of the rehearsal: its lines, its end.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { AppError } from "../../../lib/core/errors.ts";

export class Child {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];
  #said = "";
  #waiting: (() => void)[] = [];
  #isOver = false;
  readonly ended: Promise<void>;

  constructor(
    private readonly name: string,
    program: readonly string[],
    options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ) {
    const [command = "", ...args] = program;
    this.#process = spawn(command, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    this.#process.stderr.on("data", (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk.toString()}`.slice(-2_000);
    });
    this.#process.stdin.on("error", () => undefined); // It has ended: `ended` says so.
    this.ended = new Promise((resolve) => {
      this.#process.on("error", (e) => {
        this.#said += e.message;
      });
      this.#process.on("close", () => {
        this.#isOver = true;
        this.#wake();
        resolve();
      });
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }
  /** What it wrote to stderr last, at most 2,000 characters. */
  get said(): string {
    return this.#said.trim();
  }
  /** The next line of stdout that `wanted` accepts; others are passed over. Throws AppError permanent REHEARSAL at its end. */
  async line(wanted: (line: string) => boolean = () => true): Promise<string> {
    for (;;) {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift())
        if (wanted(line)) return line;
      if (this.#isOver)
        throw new AppError(
          "permanent",
          "REHEARSAL",
          `expected the ${this.name} to run, found that it ended: ${this.said}`,
        );
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
  tell(order: object): void {
    this.#process.stdin.write(`${JSON.stringify(order)}\n`);
  }
  /** Ends it: "SIGKILL" at once, "SIGTERM" gracefully, "stdin" by the end of its input. */
  async end(how: "SIGKILL" | "SIGTERM" | "stdin"): Promise<void> {
    if (how === "stdin") this.#process.stdin.end();
    else this.#process.kill(how);
    await this.ended;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
