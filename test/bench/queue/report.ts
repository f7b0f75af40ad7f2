// From rounds to the report: medians with their spreads, comparisons that admit noise, our goals, and tables for a
// person.
import type { Round } from "./measure.ts";
import { PROMISES, type Promises } from "./promises.ts";
import { type Better, type Comparison, compare, type Measured, measured } from "./statistics.ts";
import type { Level } from "./subject.ts";
import type { SyncsPerJob } from "./syncs.ts";

export const METRICS: readonly { readonly name: string; readonly better: Better; readonly digits: number }[] = [
  { name: "enqueuePerSecond", better: "higher", digits: 0 },
  { name: "processPerSecondAt1", better: "higher", digits: 0 },
  { name: "processPerSecondAt4", better: "higher", digits: 0 },
  { name: "chainStepP50Ms", better: "lower", digits: 2 },
  { name: "chainStepP99Ms", better: "lower", digits: 2 },
  { name: "ownStartP50Ms", better: "lower", digits: 2 },
  { name: "ownStartP99Ms", better: "lower", digits: 2 },
  { name: "otherProcessStartP50Ms", better: "lower", digits: 2 },
  { name: "otherProcessStartP99Ms", better: "lower", digits: 2 },
  { name: "idleCpuPercent", better: "lower", digits: 2 },
];
/** Not compared: they show the disk's speed while this queue was measured. */
const DISK = ["fdatasyncP50Ms", "fdatasyncP99Ms", "chainStepTimesFdatasync"] as const;

export interface Result {
  readonly queue: string;
  readonly synchronous: Level;
  /** What an unchanged installation runs at. */
  readonly asShipped: boolean;
  readonly rounds: number;
  readonly metrics: Readonly<Record<string, Measured | null>>;
  readonly syncsPerJob: SyncsPerJob | string;
  readonly problems: readonly string[];
}

export const summarize = (rounds: readonly Round[]): Readonly<Record<string, Measured | null>> =>
  Object.fromEntries(
    [...METRICS.map(({ name }) => name), ...DISK].map((name) => {
      const values = rounds.map((numbers) => numbers[name]).filter((value) => value !== undefined);
      return [name, values.length === 0 ? null : measured(values)];
    }),
  );

export const comparisonsOf = (results: readonly Result[]): readonly Record<string, unknown>[] =>
  results
    .filter(({ queue }) => queue !== "ours")
    .flatMap((rival) => {
      const own = results.find(({ queue, synchronous }) => queue === "ours" && synchronous === rival.synchronous);
      return own ? [{ rival: rival.queue, synchronous: rival.synchronous, metrics: compareAll(own, rival) }] : [];
    });

const compareAll = (own: Result, rival: Result): Record<string, Comparison> => {
  const compared: Record<string, Comparison> = {};
  for (const { name, better } of METRICS) {
    const [a, b] = [own.metrics[name], rival.metrics[name]];
    if (a && b) compared[name] = compare(a, b, better);
  }
  return compared;
};

const GOALS: readonly { readonly metric: string; readonly atMost: number }[] = [
  { metric: "chainStepP50Ms", atMost: 2 },
  { metric: "ownStartP99Ms", atMost: 10 },
  { metric: "otherProcessStartP99Ms", atMost: 100 },
  { metric: "idleCpuPercent", atMost: 1 },
];
export const goalsOf = (results: readonly Result[]): readonly Record<string, unknown>[] => {
  const own = results.find(({ queue, synchronous }) => queue === "ours" && synchronous === "FULL");
  return GOALS.map(({ metric, atMost }) => {
    const found = own?.metrics[metric];
    return { metric, atMost, found: found?.median ?? null, met: found ? found.median <= atMost : null };
  });
};

const cell = (value: Measured | null | undefined, digits: number): string =>
  value ? `${value.median.toFixed(digits)} (${value.min.toFixed(digits)}–${value.max.toFixed(digits)})` : "—";

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

const speedTable = (results: readonly Result[], level: Level): string => {
  const shown = results.filter(({ synchronous }) => synchronous === level);
  if (shown.length === 0) return "";
  const own = shown.find(({ queue }) => queue === "ours");
  const rows = METRICS.map(({ name, better, digits }) => [
    name,
    ...shown.map((result) => {
      const [a, b] = [own?.metrics[name], result.metrics[name]];
      const noise = result !== own && a && b && compare(a, b, better).verdict === "noise";
      return `${cell(b, digits)}${noise ? " ~" : ""}`;
    }),
  ]);
  const disk = DISK.map((name) => [name, ...shown.map(({ metrics }) => cell(metrics[name], 2))]);
  const syncs = (["enqueue", "process", "chainStep"] as const).map((phase) => [
    `syncs per ${phase}`,
    ...shown.map(({ syncsPerJob }) => (typeof syncsPerJob === "string" ? "—" : String(syncsPerJob[phase]))),
  ]);
  const head = [`synchronous=${level}`, ...shown.map(({ queue, asShipped }) => (asShipped ? `${queue} *` : queue))];
  return `${table([head, ...rows, ...disk, ...syncs])}\n\n`;
};

const sign = (kept: boolean | undefined): string => (kept === undefined ? "?" : kept ? "yes" : "no");

export const tablesOf = (results: readonly Result[], promises: ReadonlyMap<string, Promises>): string => {
  const speeds = (["FULL", "NORMAL", "OFF"] as const).map((level) => speedTable(results, level)).join("");
  const names = [...promises.keys()];
  const kept = PROMISES.map((promise) => [promise, ...names.map((name) => sign(promises.get(name)?.[promise].kept))]);
  const legend = "median (lowest–highest round); * as shipped; ~ noise beside ours: the spreads overlap\n";
  return `\n${speeds}${legend}${names.length === 0 ? "" : `\n${table([["promise (at FULL)", ...names], ...kept])}\n`}`;
};
