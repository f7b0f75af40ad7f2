// Which time a request is signed with: ours, or the venue's as it was measured (clockOffset.ts). A venue that judges
// timestamps by another clock than the one it tells (seen with the simulated venue after a restart) refuses the measured
// time, and measuring again by its refusals can never help. So a refused measurement gives way to a different one where
// there is one, then to our own clock; and our own clock, once refused, to the measurement.
import type { EpochMs } from "../../core/time.ts";

interface Stamp {
  readonly atMs: EpochMs;
  readonly by: "own" | "venue";
  /** Of the measured time from ours. */
  readonly offsetMs: number;
}

/** Measurements closer than this are the same one; the venue's window is not published, about a second is inside (GMO API 2.1). */
const SAME_MS = 1_000;
/** One refusal may be a delay between signing and sending (GMO API 2.1). */
const REFUSED_IN_A_ROW = 2;

export class Stamps {
  /** Our own clock was taken where the measured one was not. */
  #own = false;
  #refusedOffsetMs: number | undefined;
  #refusals = 0;
  readonly #refused = new Set<Stamp["by"]>();
  #measured = false;

  /** `measuredMs`: the venue's time as measured; the same as `nowMs` where nothing certain is known. */
  choose(nowMs: EpochMs, measuredMs: EpochMs): Stamp {
    const offsetMs = measuredMs - nowMs;
    this.#measured = offsetMs !== 0;
    const known = this.#refusedOffsetMs;
    const isRefused = known !== undefined && Math.abs(offsetMs - known) <= SAME_MS;
    return !this.#measured || this.#own || isRefused
      ? { atMs: nowMs, by: "own", offsetMs }
      : { atMs: measuredMs, by: "venue", offsetMs };
  }

  /** ERR-5008 or ERR-5009. */
  refused({ by, offsetMs }: Stamp): void {
    this.#refusals += 1;
    this.#refused.add(by);
    this.#own = false;
    this.#refusedOffsetMs = by === "venue" ? offsetMs : undefined;
  }

  /** The venue answered something else. */
  taken({ by }: Stamp): void {
    this.#own = by === "own" && this.#measured;
    this.#refusals = 0;
    this.#refused.clear();
    this.#refusedOffsetMs = undefined;
  }

  /** Every time we could sign with was refused since the last request that was taken: no private request can succeed. */
  get areRefused(): boolean {
    return (
      this.#refusals >= REFUSED_IN_A_ROW && this.#refused.has("own") && (this.#refused.has("venue") || !this.#measured)
    );
  }
}
