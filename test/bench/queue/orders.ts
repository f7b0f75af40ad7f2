// What the parent asks of a child process, as JSON in its first argument, and what it hears back. Every queue runs in
// children of its own: one that hangs or crashes costs its time limit, not the benchmark.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Level } from "./subject.ts";

/** How much is measured. */
export interface Plan {
  readonly rounds: number;
  /** Jobs per throughput measurement. */
  readonly jobs: number;
  readonly chainSteps: number;
  /** Samples of enqueue -> start, from each kind of process. */
  readonly starts: number;
  /** 0: not in this child. */
  readonly idleMs: number;
  readonly probes: number;
}

export interface Order {
  readonly role: "check" | "measure" | "sender" | "syncs" | "acks" | "victim" | "survivor";
  readonly queue: string;
  readonly level: Level;
  readonly dir: string;
  readonly plan?: Plan;
  /** victim and survivor. */
  readonly kind?: "flaky" | "mortal";
  readonly seed?: number;
}

export const CHILD_PROGRAM = fileURLToPath(new URL("./child.ts", import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  /** Its answer. Rejects when it ends without one or is killed at its time limit. */
  readonly answer: Promise<unknown>;
}

const STDERR_LIMIT = 2_000;
export const startChild = (order: Order, limitMs: number): Child => {
  const child = fork(CHILD_PROGRAM, [JSON.stringify(order)], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const answer = new Promise<unknown>((resolve, reject) => {
    let stderr = "";
    let answered: { readonly value: unknown } | undefined;
    let tooLate = false;
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-STDERR_LIMIT);
    });
    const limit = setTimeout(() => {
      tooLate = true;
      child.kill("SIGKILL");
    }, limitMs);
    child.on("message", (message: { answer?: unknown }) => {
      if ("answer" in message) answered = { value: message.answer };
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      if (answered) resolve(answered.value);
      else if (tooLate) reject(new Error(`no answer within ${limitMs / 1_000} s; it was killed`));
      else reject(new Error(`ended with ${signal ?? code} and no answer: ${lastLines(stderr)}`));
    });
  });
  answer.catch(() => {}); // Not awaited for a process killed on purpose: the rejection must not end this one.
  return { process: child, answer };
};

export const lastLines = (text: string): string => text.trim().split("\n").slice(-6).join(" | ").slice(-600);

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves with false when the condition has not become true within `limitMs`. */
export const eventually = async (
  condition: () => boolean | Promise<boolean>,
  limitMs: number,
  everyMs = 1,
): Promise<boolean> => {
  const start = performance.now();
  while (!(await condition())) {
    if (performance.now() - start > limitMs) return false;
    await sleep(everyMs);
  }
  return true;
};
