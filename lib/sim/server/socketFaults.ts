// Connection faults from the `sockets` list of a fault script (faultFile.ts has the others: request faults, closed
// times, price spikes). The same script, seed and traffic give the same faults.
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { type EpochMs, earliestKnown } from "../../core/time.ts";
import { seededRandom } from "../../io/random.ts";
import { instant, isWindow, MATCH_FIELDS, WINDOW } from "../faults/faultFile.ts";

const WaitMs = z.int().min(0).max(86_400_000);
/**
 * connect: a WebSocket upgrade. command: a message from the client. frame: a message to one client. reply: an HTTP
 * reply about to be sent. time: venue time reaches `fromMs`.
 */
const Moment = z.enum(["connect", "command", "frame", "reply", "time"]);
type Moment = z.output<typeof Moment>;

const FaultSchema = z.discriminatedUnion("kind", [
  /** The connection is cut (a WebSocket client sees 1006). On a reply: in the middle of the body. */
  z.strictObject({ kind: z.literal("cut") }),
  /** The connection stays open but silent: no frame, no ping, no pong, no answer. */
  z.strictObject({ kind: z.literal("halfOpen") }),
  z.strictObject({ kind: z.literal("close"), code: z.int().min(1000).max(4999).default(1001) }),
  /** An upgrade is answered with this HTTP status. */
  z.strictObject({ kind: z.literal("refuse"), httpStatus: z.int().min(400).max(599).default(503) }),
  z.strictObject({ kind: z.literal("drop") }),
  z.strictObject({ kind: z.literal("duplicate") }),
  z.strictObject({ kind: z.literal("delay"), ms: WaitMs }),
  /** The frame is sent after the next frame of the same socket, at the latest after `ms`. */
  z.strictObject({ kind: z.literal("reorder"), ms: WaitMs.default(1_000) }),
  /** Only the first half of the frame is sent. */
  z.strictObject({ kind: z.literal("truncate") }),
  /** The command is not executed; an error frame is sent. */
  z.strictObject({
    kind: z.literal("error"),
    text: z.string().min(1).default("ERR-5003 Requests are too many."),
  }),
  /** The body is sent in small pieces over `ms`. */
  z.strictObject({ kind: z.literal("slowBody"), ms: WaitMs }),
]);
export type SocketFault = z.output<typeof FaultSchema>;

const KINDS_AT: Readonly<Record<Moment, readonly SocketFault["kind"][]>> = {
  connect: ["cut", "halfOpen", "close", "refuse"],
  command: ["cut", "halfOpen", "close", "drop", "error"],
  frame: ["cut", "halfOpen", "close", "drop", "duplicate", "delay", "reorder", "truncate"],
  reply: ["cut", "slowBody"],
  time: ["cut", "halfOpen", "close"],
};

const RuleSchema = z
  .strictObject({
    name: z.string().optional(),
    match: z.strictObject({
      on: Moment,
      area: z.enum(["public", "private"]).optional(),
      /** For commands and frames only; error frames have the channel "error". */
      channel: z.string().optional(),
      /** Method and path are for replies only. */
      ...MATCH_FIELDS,
    }),
    fault: FaultSchema,
  })
  .superRefine(({ match, fault }, ctx) => {
    const wrong = (path: string[], message: string): void => ctx.addIssue({ code: "custom", path, message });
    if (!KINDS_AT[match.on].includes(fault.kind))
      wrong(["fault", "kind"], `expected one of ${KINDS_AT[match.on].join(", ")} on "${match.on}"`);
    if (match.on === "time" && match.fromMs === undefined) wrong(["match", "fromMs"], 'expected a time on "time"');
    if (match.channel !== undefined && match.on !== "command" && match.on !== "frame")
      wrong(["match", "channel"], `expected none on "${match.on}"`);
    if (!isWindow(match)) wrong(["match", ...WINDOW.path], WINDOW.error);
    for (const field of ["method", "path"] as const)
      if (match[field] !== undefined && match.on !== "reply") wrong(["match", field], `expected none on "${match.on}"`);
  });
type Rule = z.output<typeof RuleSchema>;

/** The facts that a rule is matched against. */
interface Facts {
  readonly area: "public" | "private";
  readonly channel?: string;
  readonly method?: string;
  readonly path?: string;
}

/** Parses the `sockets` value of the script. Throws AppError permanent SIM_FAULTS with the rule and the field. */
export const parseSocketRules = (sockets: unknown, name = "the fault script"): readonly Rule[] => {
  if (sockets === undefined) return [];
  const parsed = z.array(RuleSchema).safeParse(sockets);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const [index, ...field] = issue.path;
  const where = index === undefined ? "sockets" : `socket rule ${Number(index) + 1}: ${field.map(String).join(".")}`;
  throw new AppError(
    "permanent",
    "SIM_FAULTS",
    `${name}: ${where}: ${issue.message}. Repair the script (docs/venue.md, "Faults")`,
  );
};

export class SocketFaults {
  readonly #counts: number[];
  constructor(
    private readonly rules: readonly Rule[],
    private readonly seed: number | string,
    private readonly startMs: EpochMs,
  ) {
    this.#counts = rules.map(() => 0);
  }

  /** The faults that apply at this moment, in the order of the script. Counts the rules that matched. */
  faultsAt(on: Exclude<Moment, "time">, facts: Facts, nowMs: EpochMs): readonly SocketFault[] {
    return this.rules.flatMap((rule, i) => {
      const { match } = rule;
      if (match.on !== on || (match.area ?? facts.area) !== facts.area) return [];
      for (const field of ["channel", "method", "path"] as const)
        if (match[field] !== undefined && match[field] !== facts[field]) return [];
      if (match.fromMs !== undefined && nowMs < instant(match.fromMs, this.startMs)) return [];
      if (match.untilMs !== undefined && nowMs >= instant(match.untilMs, this.startMs)) return [];
      return this.#countAndMatch(rule, i) ? [rule.fault] : [];
    });
  }

  /** Faults with `on: "time"` due in (afterMs, nowMs], with the sockets they apply to (undefined: both areas). */
  timeFaults(
    afterMs: EpochMs,
    nowMs: EpochMs,
  ): readonly { readonly area: "public" | "private" | undefined; readonly fault: SocketFault }[] {
    return this.rules.flatMap((rule, i) => {
      if (rule.match.on !== "time") return [];
      const atMs = instant(rule.match.fromMs!, this.startMs);
      if (atMs <= afterMs || atMs > nowMs) return [];
      return this.#countAndMatch(rule, i) ? [{ area: rule.match.area, fault: rule.fault }] : [];
    });
  }
  /** The next instant at which a fault with `on: "time"` is due. */
  nextMs(afterMs: EpochMs): EpochMs | undefined {
    const times = this.rules
      .filter((rule) => rule.match.on === "time")
      .map((rule) => instant(rule.match.fromMs!, this.startMs))
      .filter((atMs) => atMs > afterMs);
    return earliestKnown(...times);
  }

  #countAndMatch({ match }: Rule, i: number): boolean {
    this.#counts[i]! += 1;
    const nth = this.#counts[i]!;
    if (match.nth !== undefined && !(Array.isArray(match.nth) ? match.nth : [match.nth]).includes(nth)) return false;
    return (
      match.probability === undefined || seededRandom(`${this.seed}:socket:${i}:${nth}`).next() < match.probability
    );
  }
}
