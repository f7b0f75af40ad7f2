// How often a job makes the disk confirm: fsync and fdatasync calls, counted from outside by strace, or where that is
// missing or forbidden by a small library compiled here. Without both it is "not measurable here", which is no error.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHILD_PROGRAM, type Order } from "./orders.ts";
import { round } from "./statistics.ts";

export interface SyncsPerJob {
  readonly enqueue: number;
  readonly process: number;
  readonly chainStep: number;
}

type Wrap = (
  log: string,
  program: readonly string[],
) => { readonly argv: readonly string[]; readonly env: NodeJS.ProcessEnv };
export interface SyncCounter {
  readonly by: "strace" | "LD_PRELOAD";
  readonly wrap: Wrap;
}

const TOOL_LIMIT_MS = 20_000;
const RUN_LIMIT_MS = 60_000;
const works = (command: string, args: readonly string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: "ignore", timeout: TOOL_LIMIT_MS });
    return true;
  } catch {
    return false;
  }
};

const strace: Wrap = (log, program) => ({
  argv: ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,rmdir", "-o", log, ...program],
  env: process.env,
});
const preload =
  (library: string): Wrap =>
  (log, program) => ({ argv: program, env: { ...process.env, LD_PRELOAD: library, BENCH_SYNC_LOG: log } });

/** What can count here, proved by counting: undefined when neither works. */
export const findSyncCounter = (dir: string): SyncCounter | undefined => {
  const sees = (wrap: Wrap): boolean => {
    const log = join(dir, "counter-check.log");
    const program = [process.execPath, "-e", "const f=require('fs');f.fdatasyncSync(f.openSync('/dev/null','r'))"];
    const { argv, env } = wrap(log, program);
    try {
      // /dev/null cannot be synced: the call fails, and is seen.
      execFileSync(argv[0]!, argv.slice(1), { stdio: "ignore", timeout: TOOL_LIMIT_MS, env });
    } catch {
      // Judged by the log.
    }
    try {
      return readFileSync(log, "utf8").includes("fdatasync(");
    } catch {
      return false;
    }
  };
  if (sees(strace)) return { by: "strace", wrap: strace };
  const library = join(dir, "syncCounter.so");
  const source = fileURLToPath(new URL("./syncCounter.c", import.meta.url));
  if (works("cc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]) && sees(preload(library)))
    return { by: "LD_PRELOAD", wrap: preload(library) };
  return undefined;
};

/** Lines between one phase's mark and the next. */
export const countSyncs = (log: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  let phase = "start";
  for (const line of log.split("\n")) {
    const mark = /rmdir\("\/bench-phase-(\w+)"/.exec(line)?.[1];
    if (mark) phase = mark;
    else if (/\b(fsync|fdatasync)\(/.test(line)) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  }
  return counts;
};

/** Runs the phases of `syncs` in child.ts under the counter. Rejects when the child fails. */
export const measureSyncs = async (counter: SyncCounter, order: Order): Promise<SyncsPerJob> => {
  const log = join(order.dir, "syncs.log");
  const program = [process.execPath, ...process.execArgv, CHILD_PROGRAM, JSON.stringify(order)];
  const { argv, env } = counter.wrap(log, program);
  const child = spawn(argv[0]!, argv.slice(1), { env, stdio: ["ignore", "ignore", "pipe"], detached: true });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-1_000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    // Its own process group: killing strace alone would leave the program behind.
    const limit = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), RUN_LIMIT_MS);
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(limit);
      resolve(status);
    });
  });
  if (code !== 0) throw new Error(`the counted run ended with ${code}: ${stderr.trim()}`);
  const counts = countSyncs(readFileSync(log, "utf8"));
  const perJob = (phase: string): number => round((counts.get(phase) ?? 0) / order.plan!.jobs, 2);
  return { enqueue: perJob("enqueue"), process: perJob("process"), chainStep: perJob("chain") };
};
