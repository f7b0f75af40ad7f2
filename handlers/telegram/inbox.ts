// The long poll. The offset is stored in the database and moves in the transaction of each update's effect: an update
// is confirmed at Telegram only after its effect is durable, and a repeated one is recognised by its id. A crash at any
// point drops no update and handles none twice.

import { DAY_MS, epochMs, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Timers } from "../../lib/io/gmo/timers.ts";
import type { Logger } from "../../lib/io/logger.ts";
import { storageTrouble } from "../../lib/io/storageTrouble.ts";
import type { TelegramClient } from "../../lib/io/telegram/client.ts";
import { TelegramFailure } from "../../lib/io/telegram/failure.ts";
import type { Database } from "../../queue/types.ts";
import { troubleText } from "./health.ts";
import { pauseMs } from "./messenger.ts";
import { type Incoming, type Owners, readUpdate } from "./updates.ts";

const HOLD_SECONDS = 25;
/** The state is written when it changes, otherwise about this often. */
const NOTE_POLL_EVERY_MS = 10 * SECOND_MS;
/**
 * After a week without updates Telegram may restart ids at a random number: an older offset would discard them unread.
 */
const OFFSET_FORGOTTEN_MS = 6 * DAY_MS;
const TRIES = 3;
const TRY_AGAIN_MS = SECOND_MS;
const CONFLICT_PAUSE_MS = 10 * SECOND_MS;
const UNAUTHORIZED_PAUSE_MS = MINUTE_MS;

interface InboxParts {
  readonly db: Database;
  readonly client: TelegramClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly owners: Owners;
  /** Acts on one update and commits its effect together with `telegram.handled`. */
  readonly handle: (incoming: Incoming, signal: AbortSignal | undefined) => Promise<void>;
  /** Reports that an update was given up, and commits that with `telegram.handled`. */
  readonly giveUp: (incoming: Incoming, why: string) => void;
  /** Default 25 s. */
  readonly holdSeconds?: number;
}

export class Inbox {
  #after: number | undefined;
  constructor(private readonly o: InboxParts) {}

  /** Until the signal aborts. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await this.step(signal);
      if (waitMs > 0) await this.o.timers.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** One poll; a failure is recorded. Returns the pause before the next one, ms. Never throws. */
  async step(signal?: AbortSignal): Promise<number> {
    try {
      await this.pollOnce(signal);
      return 0;
    } catch (error) {
      if (signal?.aborted) return 0;
      try {
        return this.#afterFailure(error);
      } catch (e) {
        this.o.log.error({ err: e }, "telegram.troubleNotWritten");
        return TRY_AGAIN_MS;
      }
    }
  }

  /** One getUpdates and all its updates. Returns their number. Throws TelegramFailure and database errors. */
  async pollOnce(signal?: AbortSignal): Promise<number> {
    const { client, log } = this.o;
    const holdSeconds = this.o.holdSeconds ?? HOLD_SECONDS;
    const batch = await client.getUpdates({ offset: this.#offset(), holdSeconds }, signal);
    this.#notePoll();
    let unreadable = 0;
    for (const raw of batch) {
      let incoming: Incoming;
      try {
        incoming = readUpdate(raw, this.o.owners);
      } catch (error) {
        log.error({ err: error }, "telegram.noUpdate");
        unreadable += 1;
        continue;
      }
      await this.#handle(incoming, signal);
      this.#after = incoming.updateId + 1;
    }
    // Such a batch is returned again at once, as nothing can confirm it: the error makes the loop pause.
    if (unreadable > 0 && unreadable === batch.length) throw new RangeError("expected updates, found none with an id");
    return batch.length;
  }

  /** The offset of the next request: within a batch of repeated updates only memory holds the position. */
  #offset(): number | undefined {
    const { nextUpdateId, lastUpdateMs } = this.o.db.read.telegram.state();
    if (this.#after !== undefined) {
      const after = this.#after;
      this.#after = undefined;
      return after;
    }
    const old = lastUpdateMs !== undefined && this.o.clock.nowMs() - lastUpdateMs > OFFSET_FORGOTTEN_MS;
    return nextUpdateId === 0 || old ? undefined : nextUpdateId;
  }

  async #handle(incoming: Incoming, signal: AbortSignal | undefined): Promise<void> {
    const { db, log, handle, timers } = this.o;
    for (let attempt = 1; !db.read.telegram.wasHandled(incoming.updateId); attempt += 1) {
      try {
        await handle(incoming, signal);
        return;
      } catch (error) {
        // A failing database is retried until it works: the update stays at Telegram meanwhile.
        if (signal?.aborted || storageTrouble(error) !== undefined) throw error;
        log.error({ err: error, updateId: incoming.updateId, attempt }, "telegram.updateFailed");
        if (attempt < TRIES) {
          await timers.sleep(TRY_AGAIN_MS, signal);
          continue;
        }
        // An update that cannot be handled must not block the following ones.
        this.#giveUp(incoming, (error as Error).message);
        return;
      }
    }
  }

  #giveUp(incoming: Incoming, why: string): void {
    const { db, log, clock, giveUp } = this.o;
    const { updateId, kind } = incoming;
    try {
      giveUp(incoming, why);
    } catch (error) {
      if (storageTrouble(error) !== undefined) throw error;
      log.error({ err: error, updateId }, "telegram.givenUpUntold");
      const outcome = `failed: ${why}`;
      db.transaction((tx) => tx.telegram.handled({ updateId, kind, payload: incoming, outcome, atMs: clock.nowMs() }));
    }
  }

  #notePoll(): void {
    const { db, clock, log } = this.o;
    const nowMs = clock.nowMs();
    const state = db.read.telegram.state();
    const fresh = state.polledMs !== undefined && Math.abs(nowMs - state.polledMs) < NOTE_POLL_EVERY_MS;
    if (fresh && state.pollTrouble === undefined) return;
    if (state.pollTrouble !== undefined) log.info({ since: state.pollTrouble.sinceMs }, "telegram.pollsAgain");
    db.transaction((tx) => tx.telegram.polled(nowMs));
  }

  /** Records the failure. Returns the pause, ms. */
  #afterFailure(error: unknown): number {
    const { db, clock, log } = this.o;
    const nowMs = clock.nowMs();
    if (!(error instanceof TelegramFailure)) {
      log.error({ err: error }, "telegram.inboxFailed");
      return TRY_AGAIN_MS;
    }
    const known = db.read.telegram.state().pollTrouble;
    const why = troubleText(error);
    const level = error.kind === "unauthorized" || error.kind === "conflict" ? "error" : "warn";
    if (known?.why !== why) log[level]({ reason: error.message }, `telegram.poll.${error.kind}`);
    db.transaction((tx) => tx.telegram.pollTrouble(why, nowMs));
    switch (error.kind) {
      case "unauthorized":
        return UNAUTHORIZED_PAUSE_MS;
      case "tooMany":
        return error.retryAfterMs;
      case "conflict":
        return Math.max(CONFLICT_PAUSE_MS, pauseMs(known?.sinceMs, nowMs));
      default:
        return pauseMs(known?.sinceMs, epochMs(nowMs));
    }
  }
}
