// Public replies given before, for an API that repeats old bodies: a cache that hangs, a feed that has stopped. The body is
// returned as it was written then, with its own old times.
import type { EpochMs } from "../../core/time.ts";
import type { TransportReply } from "../../io/gmo/transport.ts";
import type { ApiRequest } from "../api/api.ts";

/** Replies kept of one request. */
const MOST_KEPT = 1_000;

export class OldReplies {
  readonly #kept = new Map<string, { readonly atMs: EpochMs; readonly reply: TransportReply }[]>();

  /** `needMs`: how far back replies are asked for; older ones are dropped. */
  constructor(private readonly needMs: number) {}

  keep(request: ApiRequest, reply: TransportReply, nowMs: EpochMs): void {
    const list = this.#kept.get(keyOf(request)) ?? [];
    list.push({ atMs: nowMs, reply });
    // The newest of those that are old enough stays.
    const first = list.findLastIndex(({ atMs }) => atMs <= nowMs - this.needMs);
    list.splice(0, Math.max(first, list.length - MOST_KEPT, 0));
    this.#kept.set(keyOf(request), list);
  }
  /** The newest reply to this request given at or before `atMs`; undefined: there is none. */
  at(request: ApiRequest, atMs: number): TransportReply | undefined {
    return this.#kept.get(keyOf(request))?.findLast((kept) => kept.atMs <= atMs)?.reply;
  }
}

const keyOf = ({ path, query = "" }: ApiRequest): string => `${path}?${query}`;
