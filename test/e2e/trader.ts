// Runs the `trader` command in a process of its own, in an empty folder, without any settings of this machine.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when stdout holds the text. */
  saying(text: string): Promise<void>;
}

export const tempFolder = (): string => mkdtempSync(join(tmpdir(), "trader-e2e-"));

/** `program`: what node runs instead of the compiled command. */
export const startTrader = (
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; program?: readonly string[] } = {},
): Running => {
  const program = options.program ?? [join(inject("testBuild"), "handlers", "main.js")];
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: options.cwd ?? tempFolder(),
    env: { PATH: process.env["PATH"] ?? "", HOME: tempFolder(), ...options.env },
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const listener of listeners) listener();
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return {
    child,
    ended,
    saying: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!stdout.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
        void ended.then((e) =>
          e.stdout.includes(text)
            ? resolve()
            : reject(new Error(`ended with ${e.code} before saying ${text}: ${e.stderr}`)),
        );
      }),
  };
};

export const trader = (
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Ended> => startTrader(args, options).ended;

/** The JSON object on the last line of stdout. */
export const lastJson = <T>(ended: Ended): T => JSON.parse(ended.stdout.trim().split("\n").at(-1) ?? "") as T;
