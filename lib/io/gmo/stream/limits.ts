// The times of a stream, in milliseconds, each with its reason. All can be overridden: tests and simulators run faster.
import type { Channel } from "../wireEvents.ts";
import type { BackoffLimits } from "./backoff.ts";

export interface StreamLimits {
  /** The upgrade must be answered within this. */
  readonly handshakeMs: number;
  /** Our own ping: idle sockets are dropped at 60 s (GMO API 10.1). */
  readonly pingEveryMs: number;
  /** Nothing received within this after our ping: the other side is gone. */
  readonly pongWithinMs: number;
  /**
   * Neither a frame nor a ping of the venue for this long: pongs may come from a proxy while the venue is gone. It
   * pings every 60 s; three pings missed.
   */
  readonly serverSilentMs: number;
  /** A subscribed channel without a frame for this long is dead. Only channels that are never silent are listed. */
  readonly channelSilentMs: Readonly<Partial<Record<Channel, number>>>;
  /**
   * A subscription counts as live without an error for this long: success is not acknowledged, data came after 0.1-1.5
   * s.
   */
  readonly settleMs: number;
  /** An error frame belongs to a command sent at most this long ago. */
  readonly pairWithinMs: number;
  /**
   * After ERR-5003: no command of any socket for this long, doubled each consecutive time up to `commandPauseCapMs`.
   */
  readonly commandPauseMs: number;
  readonly commandPauseCapMs: number;
  /** A close frame is answered within this, else the connection is cut. */
  readonly closeWithinMs: number;
  readonly reconnect: BackoffLimits;
  /** A connection that lived this long resets the backoff. */
  readonly stableMs: number;
  /** HTTP 503 on upgrade, ERR-5201, ERR-5202: uniform in [this, 2 x this). */
  readonly maintenanceMs: number;
  /** HTTP 4xx on upgrade, a refused key: reported once, then retried after [this, 2 x this). */
  readonly refusedMs: number;
}

export const STREAM_LIMITS: StreamLimits = {
  handshakeMs: 10_000,
  pingEveryMs: 20_000,
  pongWithinMs: 10_000,
  serverSilentMs: 200_000,
  // Books repeat at least every 5.2 s even when nothing changes; silence over 15 s is a dead stream (GMO API 10.2).
  channelSilentMs: { orderbooks: 15_000 },
  settleMs: 1_500,
  pairWithinMs: 5_000,
  commandPauseMs: 2_000,
  commandPauseCapMs: 30_000,
  closeWithinMs: 2_000,
  reconnect: { baseMs: 500, capMs: 30_000 },
  stableMs: 60_000,
  maintenanceMs: 30_000,
  refusedMs: 60_000,
};
