// What one reply says against everything known is believed when a second look says the same. Two looks are two replies: the
// same body again, out of a cache, is still one look.
import type { MeasuredOffset } from "../../core/quoteAge.ts";
import { type EpochMs, MINUTE_MS } from "../../core/time.ts";

/** A reply that parsed: when the venue wrote it, when we received it (our clock), what is known of its clock. */
export interface ReplyTime {
  /** `responsetime`; undefined: the reply has none. */
  readonly venueMs: EpochMs | undefined;
  readonly receivedMs: EpochMs;
  /** undefined: not measured. */
  readonly clock: MeasuredOffset | undefined;
}
/** A first look older than this confirms nothing. */
const REMEMBERED_MS = 5 * MINUTE_MS;

export class SecondLooks<T> {
  readonly #first = new Map<
    string,
    { readonly value: T; readonly venueMs: EpochMs | undefined; readonly atMs: EpochMs }
  >();

  constructor(private readonly same: (first: T, second: T) => boolean) {}

  /** Whether an earlier look at `key` agrees with this one. Else this one is remembered as the first. */
  agrees(key: string, value: T, { venueMs, receivedMs }: ReplyTime): boolean {
    const first = this.#first.get(key);
    const counts =
      first !== undefined && Math.abs(receivedMs - first.atMs) <= REMEMBERED_MS && this.same(first.value, value);
    if (!counts) {
      this.#first.set(key, { value, venueMs, atMs: receivedMs });
      return false;
    }
    // In virtual time both looks are of one instant, and a request is answered by no cache.
    const isOtherReply = receivedMs === first.atMs || isLater(venueMs, first.venueMs);
    if (isOtherReply) this.#first.delete(key);
    return isOtherReply;
  }
  /** A look in line with what is known: the one remembered before was wrong. */
  forget(key: string): void {
    this.#first.delete(key);
  }
}

/** An older reply out of a cache is no second look, and one without a time says nothing against one that has it. */
const isLater = (venueMs: EpochMs | undefined, firstMs: EpochMs | undefined): boolean =>
  venueMs === undefined || firstMs === undefined ? venueMs === firstMs : venueMs > firstMs;
