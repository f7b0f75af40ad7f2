// How a request reaches a venue: the network (httpTransport.ts) or the simulator in the same process (lib/sim).
// The connector is the same above both. A transport sends exactly once; it never retries and never follows redirects.

export interface TransportRequest {
  readonly area: "public" | "private";
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Begins with "/v1/"; the area is not part of it (it is not signed, GMO API 2). */
  readonly path: `/v1/${string}`;
  /** Without "?", already encoded. */
  readonly query?: string;
  /** The exact bytes that were signed. */
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}
export interface TransportReply {
  readonly httpStatus: number;
  readonly body: string;
}
export interface Transport {
  /** Any HTTP status is a reply. Throws TransportError when there is none: the request may or may not have arrived. */
  send(request: TransportRequest): Promise<TransportReply>;
}

/** A full day of 1-minute klines is about 150 kB; anything larger is no reply of this API. */
export const MAX_REPLY_BYTES = 8_000_000;

/** `oversize`: more bytes than any reply of this API can have. */
export type TransportFailure = "timeout" | "reset" | "dns" | "aborted" | "oversize" | "other";

/**
 * No reply. For a write this means "unknown", even a reset can come after the venue accepted the order; except with `notSent`: no
 * connection was made, or nothing of the request was written to it.
 */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly notSent: boolean;
  constructor(
    readonly failure: TransportFailure,
    message: string,
    options?: ErrorOptions & { readonly notSent?: boolean },
  ) {
    super(message, options);
    this.notSent = options?.notSent === true;
  }
}
