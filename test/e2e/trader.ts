// Runs the `trader` command in a process of its own, in an empty folder, without any settings of this machine.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTrader } from "../../handlers/cli/program.ts";
import { parseConfig } from "../../lib/core/config.ts";
import { UsageError } from "../../lib/core/errors.ts";
import { compiled } from "../compiled.ts";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when it has said the text on stdout or stderr. */
  saying(text: string): Promise<void>;
}

export const tempFolder = (): string => mkdtempSync(join(tmpdir(), "trader-e2e-"));

/** `program`: what node runs instead of the compiled command. */
export const startTrader = (
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; program?: readonly string[]; uid?: number } = {},
): Running => {
  const program = options.program ?? [compiled("handlers/main.ts")];
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: options.cwd ?? tempFolder(),
    env: { PATH: process.env["PATH"] ?? "", HOME: tempFolder(), ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const listener of listeners) listener();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const listener of listeners) listener();
  });
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return {
    child,
    ended,
    saying: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!`${stdout}${stderr}`.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
        void ended.then((e) =>
          `${e.stdout}${e.stderr}`.includes(text)
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

/** The command in this process: for what is refused at once or answers at once. Settings come from `env` alone. */
export const traderHere = async (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> => {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await runTrader(args, {
    config: () => {
      const result = parseConfig(env);
      if (result.kind === "bad") throw new UsageError(result.problems.join("\n"));
      return result.config;
    },
    out: (text) => void stdout.push(text),
    err: (text) => void stderr.push(text),
  });
  return { code, signal: null, stdout: stdout.join("\n"), stderr: stderr.join("\n") };
};
