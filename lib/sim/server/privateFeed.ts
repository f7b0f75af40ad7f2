// The private channels (GMO API 10.4): publishes account events to every subscribed socket. Each channel keeps its
// order; the order between channels is not guaranteed and is mixed by the seed.
import { type EpochMs, epochMs } from "../../core/time.ts";
import { seededRandom } from "../../io/random.ts";
import type { VenueViews } from "../api/views.ts";
import type { PrivateChannel, PrivateFrame } from "../api/wireFrames.ts";
import type { VenueEvent } from "../engine/events.ts";
import type { Connection } from "./connection.ts";
import type { ServerOptions } from "./serverOptions.ts";
import { gridAt } from "./venueTime.ts";
import type { Wall } from "./wallClock.ts";

export type { PrivateChannel };
export const PRIVATE_CHANNELS: readonly string[] = [
  "executionEvents",
  "orderEvents",
  "positionEvents",
  "positionSummaryEvents",
] satisfies PrivateChannel[];

interface PrivateFeedConfig {
  readonly views: VenueViews;
  readonly wall: Wall;
  readonly options: ServerOptions;
  readonly seed: number | string;
  readonly speed: number;
}
interface Batch {
  readonly frames: readonly PrivateFrame[];
  readonly cancel: () => void;
}

export class PrivateFeed {
  readonly #byConnection = new Map<Connection, Set<PrivateChannel>>();
  /** Sockets subscribed to periodic summaries, with the time of the next one. */
  readonly #periodic = new Map<Connection, EpochMs>();
  /** Batches delayed until after a reply. A later batch never overtakes one of these. */
  readonly #delayed: Batch[] = [];
  readonly #periodMs: number;
  #batches = 0;
  constructor(private readonly config: PrivateFeedConfig) {
    this.#periodMs = gridAt(config.speed, config.options.summaryPeriodMs);
  }

  /** The latest subscription of a channel wins. */
  subscribe(connection: Connection, channel: PrivateChannel, periodic: boolean, nowMs: EpochMs): void {
    // A new subscriber must not receive events from before its subscription.
    this.#release(this.#delayed.length);
    const channels = this.#byConnection.get(connection) ?? new Set<PrivateChannel>();
    channels.add(channel);
    this.#byConnection.set(connection, channels);
    if (channel !== "positionSummaryEvents") return;
    for (const frame of this.config.views.summaryFrames("INIT")) connection.send(channel, frame);
    if (periodic) this.#periodic.set(connection, epochMs(nowMs + this.#periodMs));
    else this.#periodic.delete(connection);
  }
  unsubscribe(connection: Connection, channel: PrivateChannel): void {
    this.#byConnection.get(connection)?.delete(channel);
    if (channel === "positionSummaryEvents") this.#periodic.delete(connection);
  }
  forget(connection: Connection): void {
    this.#byConnection.delete(connection);
    this.#periodic.delete(connection);
  }
  hasListeners(): boolean {
    return this.#byConnection.size > 0;
  }

  nextFrameMs(): EpochMs | undefined {
    return this.#periodic.size === 0 ? undefined : epochMs(Math.min(...this.#periodic.values()));
  }
  step(nowMs: EpochMs): void {
    const due = [...this.#periodic].filter(([, dueMs]) => dueMs <= nowMs);
    if (due.length === 0) return;
    this.#release(this.#delayed.length);
    const frames = this.config.views.summaryFrames("PERIODIC");
    for (const [connection] of due) {
      this.#periodic.set(connection, epochMs(nowMs + this.#periodMs));
      for (const frame of frames) connection.send("positionSummaryEvents", frame);
    }
  }

  /** Sends now, after all delayed batches. */
  publish(events: readonly VenueEvent[]): void {
    const frames = this.#framesOf(events);
    this.#release(this.#delayed.length);
    this.#send(frames);
  }
  /** Sends after `ms` of wall time, or earlier when newer events are sent. */
  publishLater(events: readonly VenueEvent[], ms: number): void {
    const batch: Batch = {
      frames: this.#framesOf(events),
      cancel: this.config.wall.after(ms, () => this.#release(this.#delayed.indexOf(batch) + 1)),
    };
    this.#delayed.push(batch);
  }
  #release(count: number): void {
    for (const batch of this.#delayed.splice(0, count)) {
      batch.cancel();
      this.#send(batch.frames);
    }
  }
  #send(frames: readonly PrivateFrame[]): void {
    for (const { channel, frame } of frames)
      for (const [connection, channels] of this.#byConnection)
        if (channels.has(channel)) connection.send(channel, frame);
  }

  #framesOf(events: readonly VenueEvent[]): readonly PrivateFrame[] {
    const frames = events.flatMap((event) => this.config.views.privateFrames(event));
    if (this.config.options.channelOrder === "kept" || frames.length < 2) return frames;
    this.#batches += 1;
    const random = seededRandom(`${this.config.seed}:channels:${this.#batches}`);
    const queues = [...new Set(frames.map(({ channel }) => channel))].map((name) =>
      frames.filter(({ channel }) => channel === name),
    );
    const mixed: PrivateFrame[] = [];
    while (mixed.length < frames.length) {
      const left = queues.filter((queue) => queue.length > 0);
      mixed.push(left[random.int(left.length)]!.shift()!);
    }
    return mixed;
  }

  close(): void {
    for (const { cancel } of this.#delayed) cancel();
    this.#delayed.length = 0;
  }
}
