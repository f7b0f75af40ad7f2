// Reads the script of `--faults FILE`: one JSON document with rules for requests, closed times and price spikes
// (docs/venue.md, "Faults"). The same script, seed and requests give the same faults.
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { type EpochMs, epochMs, parseInstant } from "../../core/time.ts";
import type { TransportReply } from "../../io/gmo/transport.ts";
import { seededRandom } from "../../io/random.ts";
import type { ApiRequest } from "../api/api.ts";
import { isPath } from "../api/paths.ts";
import type { Effects } from "../engine/exchange.ts";
import type { Closure } from "../engine/tradingHours.ts";
import type { Spike } from "../market/spikes.ts";
import type { Fault, FaultPhase, Faults } from "./faultTypes.ts";
import { OldReplies } from "./oldReplies.ts";

const WholeMs = z.int().min(0).max(86_400_000);
const Code = z.string().regex(/^ERR-\d{1,5}$/, { error: 'expected a code such as "ERR-5003"' });
/** Venue time: milliseconds after the start of the venue, or an ISO-8601 instant. */
const When = z.union(
  [
    z.int().min(0),
    z.string().transform((text, ctx): EpochMs => {
      try {
        return parseInstant(text);
      } catch (e) {
        ctx.addIssue({ code: "custom", message: (e as Error).message });
        return z.NEVER;
      }
    }),
  ],
  { error: "expected milliseconds after the start, or an instant such as 2025-07-01T00:00:00Z" },
);

const FaultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.enum(["dropReply", "reset", "html", "truncate"]), phase: z.enum(["before", "after"]) }),
  z.strictObject({
    kind: z.literal("httpError"),
    phase: z.enum(["before", "after"]),
    httpStatus: z.int().min(400).max(599).default(502),
  }),
  z.strictObject({ kind: z.literal("error"), phase: z.enum(["before", "after"]), code: Code }),
  z.strictObject({ kind: z.literal("late"), ms: WholeMs }),
  z.strictObject({ kind: z.literal("freeze") }),
  z.strictObject({ kind: z.literal("lag"), ms: WholeMs }),
  z.strictObject({ kind: z.literal("expireSok") }),
  z.strictObject({ kind: z.literal("partialFill"), share: z.number().gt(0).lt(1) }),
  z.strictObject({ kind: z.literal("cancelLoses") }),
  z.strictObject({ kind: z.literal("notClosable"), ms: WholeMs }),
]);
/** The match conditions of a request rule or a socket rule. */
export const MATCH_FIELDS = {
  method: z.enum(["GET", "POST", "PUT", "DELETE"]).optional(),
  path: z.string().refine(isPath, { error: 'expected a path of the API such as "/v1/order"' }).optional(),
  /** The nth request that matches the other conditions (1 = the first), or several of them. */
  nth: z.union([z.int().min(1), z.array(z.int().min(1)).min(1)]).optional(),
  /** The share of those that is hit, drawn from the seed. */
  probability: z.number().gt(0).max(1).optional(),
  /** Venue time, like every time in the script. */
  fromMs: When.optional(),
  untilMs: When.optional(),
};
interface Window {
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
}
/**
 * Whether the window is not empty. A window with one relative and one absolute end is accepted: the start is not known
 * here.
 */
export const isWindow = ({ fromMs, untilMs }: Window): boolean =>
  fromMs === undefined || untilMs === undefined || isInstant(fromMs) !== isInstant(untilMs) || fromMs < untilMs;
export const WINDOW = { path: ["untilMs"], error: "expected a time after fromMs" };
const RuleSchema = z.strictObject({
  /** Used in messages; a rule without a name is identified by its position. */
  name: z.string().optional(),
  match: z.strictObject(MATCH_FIELDS).refine(isWindow, WINDOW).default({}),
  fault: FaultSchema,
});
const ClosureSchema = z
  .strictObject({ kind: z.enum(["maintenance", "emergency", "preopen"]), fromMs: When, untilMs: When })
  .refine(isWindow, WINDOW);
const SpikeSchema = z.strictObject({
  symbol: z.string(),
  atMs: When,
  /** Percent of the price, -90 to 400: -30 multiplies it by 0.7. */
  percent: z.number().min(-90).max(400),
  /** 0: one wick in the candle that contains `atMs`. Above 0: every candle of that period is shifted. */
  durationMs: z.int().min(0).default(0),
});
const FileSchema = z.strictObject({
  rules: z.array(RuleSchema).default([]),
  closures: z.array(ClosureSchema).default([]),
  spikes: z.array(SpikeSchema).default([]),
  /** Socket faults, parsed by the server. */
  sockets: z.unknown().optional(),
});

export interface FaultScript {
  readonly rules: readonly z.output<typeof RuleSchema>[];
  /** The `sockets` value of the file, not parsed. */
  readonly sockets: unknown;
  /** For SimulatorOptions.closures; relative times count from `startMs`. */
  closures(startMs: EpochMs): readonly Closure[];
  /** For applySpikes (spikes.ts), before the market is built. */
  spikes(startMs: EpochMs): readonly Spike[];
  /** For SimulatorOptions.faults. The request count starts at 1 in every process; it is not stored. */
  faults(seed: number | string, startMs: EpochMs): Faults;
}

/** An absolute instant is far above any relative time. */
const isInstant = (when: number): boolean => when > 1_000_000_000_000;
export const instant = (when: number, startMs: EpochMs): EpochMs =>
  isInstant(when) ? epochMs(when) : epochMs(startMs + when);

/** Maximum length of an invalid value in a message. */
const MAX_SHOWN_CHARS = 100;

/**
 * Parses a script. Throws AppError permanent SIM_FAULTS with the rule, the field, what was expected and what was found.
 * `name` is the file name for the message.
 */
export const parseFaults = (text: string, name = "the fault script"): FaultScript => {
  const bad = (where: string, what: string): AppError =>
    new AppError("permanent", "SIM_FAULTS", `${name}: ${where}${what}. Repair the script (docs/venue.md, "Faults")`);
  let json: unknown;
  try {
    // Some editors write a byte order mark at the start of a file.
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (e) {
    throw bad("", `expected JSON, found: ${(e as Error).message}`);
  }
  const parsed = FileSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw bad(placeOf(issue.path, json), `${issue.message}, found ${shown(valueAt(json, issue.path))}`);
  }
  const file = parsed.data;
  return {
    rules: file.rules,
    sockets: file.sockets,
    closures: (startMs) =>
      file.closures.map((row) => ({
        kind: row.kind,
        fromMs: instant(row.fromMs, startMs),
        untilMs: instant(row.untilMs, startMs),
      })),
    spikes: (startMs) => file.spikes.map((row) => ({ ...row, atMs: instant(row.atMs, startMs) })),
    faults: (seed, startMs) => scripted(file.rules, seed, startMs),
  };
};

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
};
const valueAt = (json: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Readonly<Record<PropertyKey, unknown>>)[key] : undefined,
    json,
  );
/** Such as "rule 2 (lost order): match.nth: ", counted from 1. */
const placeOf = (path: readonly PropertyKey[], json: unknown): string => {
  const [list, index, ...rest] = path;
  if (typeof index !== "number") return path.length === 0 ? "" : `${path.join(".")}: `;
  const name = valueAt(json, [list!, index, "name"]);
  const one = list === "rules" ? "rule" : list === "closures" ? "closure" : "spike";
  const field = rest.length > 0 ? `${rest.join(".")}: ` : "";
  return `${one} ${index + 1}${typeof name === "string" ? ` (${name})` : ""}: ${field}`;
};

type Rule = z.output<typeof RuleSchema>;

const scripted = (rules: readonly Rule[], seed: number | string, startMs: EpochMs): Faults => {
  const counts = rules.map(() => 0);
  // Every rule is counted once per request, in the phase "before"; the later phases use the same result.
  let matchedRules: readonly Rule[] = [];
  const countMatches = (request: ApiRequest, nowMs: EpochMs): readonly Rule[] =>
    rules.filter(({ match }, i) => {
      if (match.method !== undefined && match.method !== request.method) return false;
      if (match.path !== undefined && match.path !== request.path) return false;
      if (match.fromMs !== undefined && nowMs < instant(match.fromMs, startMs)) return false;
      if (match.untilMs !== undefined && nowMs >= instant(match.untilMs, startMs)) return false;
      counts[i]! += 1;
      const nth = counts[i]!;
      if (match.nth !== undefined && !(Array.isArray(match.nth) ? match.nth : [match.nth]).includes(nth)) return false;
      return match.probability === undefined || seededRandom(`${seed}:fault:${i}:${nth}`).next() < match.probability;
    });
  const reply = (request: ApiRequest, phase: FaultPhase, nowMs: EpochMs): Fault | undefined => {
    if (phase === "before") matchedRules = countMatches(request, nowMs);
    const hit = matchedRules.find(
      ({ fault }) => (fault.kind === "late" && phase === "after") || ("phase" in fault && fault.phase === phase),
    );
    return hit?.fault as Fault | undefined;
  };
  const effects = (): Effects | undefined => {
    const found: { -readonly [K in keyof Effects]: Effects[K] } = {};
    for (const { fault } of matchedRules) {
      if (fault.kind === "expireSok") found.expireSok = true;
      if (fault.kind === "partialFill") found.fillShare = fault.share;
      if (fault.kind === "cancelLoses") found.cancelLoses = true;
      if (fault.kind === "notClosable") found.notClosableMs = fault.ms;
    }
    return Object.keys(found).length === 0 ? undefined : found;
  };
  const lags = rules.map(({ fault }) => (fault.kind === "lag" ? fault.ms : 0));
  const old = rules.some(({ fault }) => fault.kind === "lag" || fault.kind === "freeze")
    ? new OldReplies(Math.max(...lags))
    : undefined;
  /** An API that repeats old bodies; only market data are kept. */
  const recall = (request: ApiRequest, reply: TransportReply, nowMs: EpochMs): TransportReply => {
    if (old === undefined || request.area !== "public") return reply;
    const fault = matchedRules.find(({ fault: { kind } }) => kind === "freeze" || kind === "lag")?.fault;
    const frozen = fault?.kind === "freeze" ? old.at(request, nowMs) : undefined;
    if (frozen !== undefined) return frozen;
    old.keep(request, reply, nowMs);
    return (fault?.kind === "lag" ? old.at(request, nowMs - fault.ms) : undefined) ?? reply;
  };
  return Object.assign(reply, { effects, recall });
};
