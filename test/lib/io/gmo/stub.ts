// A connector over a scripted transport: every request is recorded, every wait is counted and none is slept.
import { AppError } from "../../../../lib/core/errors.ts";
import { type EpochMs, epochMs } from "../../../../lib/core/time.ts";
import type { Venue } from "../../../../lib/core/venue.ts";
import { createGmoApi, type GmoApi } from "../../../../lib/io/gmo/api.ts";
import { GmoClient } from "../../../../lib/io/gmo/client.ts";
import { venueOf } from "../../../../lib/io/gmo/gmoVenue.ts";
import type { Credentials } from "../../../../lib/io/gmo/sign.ts";
import type { Timers } from "../../../../lib/io/gmo/timers.ts";
import type { TransportReply, TransportRequest } from "../../../../lib/io/gmo/transport.ts";
import { streamLogger } from "../../../../lib/io/logger.ts";

/** The key, secret and time of the reference's worked vectors (GMO API 2.2). */
export const CREDENTIALS: Credentials = { apiKey: "EXAMPLE_KEY", secret: "EXAMPLE_SECRET_0123456789abcdef" };
export const AT_MS = epochMs(1_767_225_600_123);

export type Answer = TransportReply | Error | ((request: TransportRequest) => TransportReply);

export const body = (text: string, httpStatus = 200): TransportReply => ({ httpStatus, body: text });
export const json = (value: unknown, httpStatus = 200): TransportReply => body(JSON.stringify(value), httpStatus);
export const okay = (data?: unknown): TransportReply =>
  json({ status: 0, ...(data === undefined ? {} : { data }), responsetime: "2026-09-20T01:02:03.456Z" });
export const refusal = (code: string, text = "text", httpStatus = 200): TransportReply =>
  json({ status: 1, messages: [{ message_code: code, message_string: text }] }, httpStatus);

/** A clock that only sleeping moves. */
export class FakeTimers implements Timers {
  nowMs = 0;
  readonly sleeps: number[] = [];
  onSleep: () => void = () => {};
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    this.nowMs += ms;
    this.onSleep();
    signal?.throwIfAborted();
  }
  monotonicMs(): number {
    return this.nowMs;
  }
}

export interface Stub {
  readonly venue: Venue;
  /** The same client, whole. */
  readonly api: GmoApi;
  readonly client: GmoClient;
  readonly sent: readonly TransportRequest[];
  readonly timers: FakeTimers;
  /** Everything logged, as text. */
  readonly logged: () => string;
}

/** Answers are given in order; a request beyond the last one is a failure of the test. */
export const stub = (answers: readonly Answer[], credentials: Credentials | null = CREDENTIALS): Stub => {
  const left = [...answers];
  const sent: TransportRequest[] = [];
  const lines: string[] = [];
  const timers = new FakeTimers();
  const client = new GmoClient({
    transport: {
      send: async (request) => {
        sent.push(request);
        const answer = left.shift();
        if (answer === undefined) throw new Error(`request ${sent.length} has no scripted answer`);
        if (answer instanceof Error) throw answer;
        return typeof answer === "function" ? answer(request) : answer;
      },
    },
    credentials: credentials ?? undefined,
    clock: { nowMs: () => (AT_MS + timers.nowMs) as EpochMs },
    log: streamLogger("trace", { write: (line: string) => void lines.push(line) }),
    timers,
  });
  const api = createGmoApi(client);
  return { venue: venueOf(api), api, client, sent, timers, logged: () => lines.join("") };
};

/** The AppError of a call that must fail. */
export const errorOf = async (call: Promise<unknown>): Promise<AppError> => {
  const result = await call.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
  if (result instanceof AppError) return result;
  throw new Error(`expected an AppError, found ${String(result instanceof Error ? result.stack : "a value")}`);
};
