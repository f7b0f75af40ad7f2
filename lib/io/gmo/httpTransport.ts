// Requests over the network: one undici Agent with keep-alive, hard timeouts, no redirects, no retries.
import { Agent, request } from "undici";
import {
  type Transport,
  TransportError,
  type TransportFailure,
  type TransportReply,
  type TransportRequest,
} from "./transport.ts";

export interface HttpTransportOptions {
  /** Without a trailing slash; "/v1/…" is appended. */
  readonly publicUrl?: string;
  readonly privateUrl?: string;
  readonly connectTimeoutMs?: number;
}
export interface HttpTransport extends Transport {
  close(): Promise<void>;
}

export const GMO_PUBLIC_URL = "https://api.coin.z.com/public";
export const GMO_PRIVATE_URL = "https://api.coin.z.com/private";
/** A full day of 1-minute klines is about 150 kB; anything beyond this is no reply of this API. */
const MAX_REPLY_BYTES = 8_000_000;

export const httpTransport = (options: HttpTransportOptions = {}): HttpTransport => {
  const baseUrl = { public: options.publicUrl ?? GMO_PUBLIC_URL, private: options.privateUrl ?? GMO_PRIVATE_URL };
  const agent = new Agent({
    connect: { timeout: options.connectTimeoutMs ?? 3_000 },
    // Shorter than a usual server's, so that a write rarely meets a connection the other side is just closing.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 30_000,
    pipelining: 1,
    maxResponseSize: MAX_REPLY_BYTES,
  });

  return {
    async send({
      area,
      method,
      path,
      query,
      body,
      headers,
      timeoutMs,
      signal,
    }: TransportRequest): Promise<TransportReply> {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const reply = await request(`${baseUrl[area]}${path}${query ? `?${query}` : ""}`, {
          method,
          headers: { ...headers, accept: "application/json" },
          ...(body === undefined ? {} : { body }),
          dispatcher: agent,
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        });
        return { httpStatus: reply.statusCode, body: await reply.body.text() };
      } catch (e) {
        const failure = timeout.aborted ? "timeout" : signal?.aborted ? "aborted" : failureOf(e);
        throw new TransportError(failure, `${method} ${path}: ${failure}: ${(e as Error).message}`, { cause: e });
      }
    },
    close: () => agent.close(),
  };
};

const failureOf = (e: unknown): TransportFailure => {
  const code = String((e as { code?: unknown }).code ?? "");
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return "timeout";
  if (/ENOTFOUND|EAI_AGAIN/.test(code)) return "dns";
  if (/ECONNRESET|EPIPE|UND_ERR_SOCKET|ECONNREFUSED/.test(code)) return "reset";
  return "other";
};
