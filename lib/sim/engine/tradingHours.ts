// The trading hours of the simulated venue. `saturday`: maintenance 09:00-11:00 JST, then ten minutes of pre-open (GMO
// API 12). The default is `none`, because the bundled candles come from a venue that trades during that time
// (docs/venue.md).
import type { EpochMs } from "../../core/time.ts";
import type { VenueStatus } from "../../core/venue.ts";
import { knownClosure } from "../../core/venueHours.ts";

export type Maintenance = "none" | "saturday";
/** A scripted closed time, [fromMs, untilMs). `emergency` refuses with ERR-5202 instead of ERR-5201. */
export interface Closure {
  readonly kind: "maintenance" | "emergency" | "preopen";
  readonly fromMs: EpochMs;
  readonly untilMs: EpochMs;
}

export class TradingHours {
  constructor(
    private readonly maintenance: Maintenance,
    private readonly closures: readonly Closure[] = [],
  ) {}

  /** The closure in force at this instant, in the order emergency, maintenance, pre-open. undefined: open. */
  closedBy(atMs: EpochMs): Closure | undefined {
    const inForce = this.closures.filter((closure) => atMs >= closure.fromMs && atMs < closure.untilMs);
    if (this.maintenance === "saturday") inForce.push(...this.#saturday(atMs));
    return (
      inForce.find((closure) => closure.kind === "emergency") ??
      inForce.find((closure) => closure.kind === "maintenance") ??
      inForce[0]
    );
  }
  #saturday(atMs: EpochMs): Closure[] {
    const closure = knownClosure(atMs);
    if (closure === undefined) return [];
    const { fromMs, preopenMs, openMs } = closure;
    return atMs < preopenMs
      ? [{ kind: "maintenance", fromMs, untilMs: preopenMs }]
      : [{ kind: "preopen", fromMs: preopenMs, untilMs: openMs }];
  }

  statusAt(atMs: EpochMs): VenueStatus {
    const closure = this.closedBy(atMs);
    return closure === undefined ? "OPEN" : closure.kind === "preopen" ? "PREOPEN" : "MAINTENANCE";
  }

  /** `atMs` itself when orders are matched at that time, else the instant at which matching resumes. */
  matchingFrom(atMs: EpochMs): EpochMs {
    let fromMs = atMs;
    for (let closure = this.closedBy(fromMs); closure; closure = this.closedBy(fromMs)) fromMs = closure.untilMs;
    return fromMs;
  }
}
