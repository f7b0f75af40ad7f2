// The main job as a user runs it: three bundled days, in a process of its own, from a built dist/. Wall time includes
// the start of Node and the warm-up (30 days of candles and scores); memory is the peak resident set the kernel saw.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "../../lib/io/clock.ts";
import { projectPath } from "../../lib/io/paths.ts";

const DAYS = 3;
const SAMPLE_MS = 50;

interface Run {
  readonly wallMs: number;
  readonly peakRssMb: number | undefined;
  readonly bars: number;
}

const runOnce = async (): Promise<Run> => {
  const dir = mkdtempSync(join(tmpdir(), "trader-bench-"));
  try {
    const startedMs = realClock.monotonicMs();
    const child = spawn(process.execPath, [
      projectPath("dist", "handlers", "main.js"),
      "start",
      "--days",
      String(DAYS),
      "--var",
      dir,
      "--json",
    ]);
    let stdout = "";
    let stderr = "";
    let peakKb = 0;
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const sampler = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
        peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0));
      } catch {
        // The process has just ended, or this is not Linux: the last sample stands.
      }
    }, SAMPLE_MS);
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    clearInterval(sampler);
    if (code !== 0) throw new Error(`the replay ended with ${code}: ${stderr.slice(-2_000)}`);
    const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as { bars: number };
    return {
      wallMs: Math.round(realClock.monotonicMs() - startedMs),
      peakRssMb: peakKb === 0 ? undefined : Math.round(peakKb / 1024),
      bars: summary.bars,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

export const benchReplay = async (): Promise<Record<string, unknown>> => {
  const runs: Run[] = [];
  for (let i = 0; i < 3; i += 1) runs.push(await runOnce());
  const median = runs.toSorted((a, b) => a.wallMs - b.wallMs)[1] as Run;
  return {
    days: DAYS,
    runs,
    medianWallMs: median.wallMs,
    barsPerSecond: Math.round(median.bars / (median.wallMs / 1_000)),
    peakRssMb: median.peakRssMb ?? "not measurable here",
    note: "synchronous=FULL; the share that the disk's fdatasync takes is the queue bench's probe",
  };
};
