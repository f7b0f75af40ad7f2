// Requests over the network: one undici Agent with keep-alive, hard timeouts, no redirects, no retries.
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Agent, buildConnector, type Dispatcher, request } from "undici";
import { errorText } from "../../core/errors.ts";
import { CONNECT_TIMEOUT_MS, NotConnected, noTls, openTcp, type Resolve } from "../connect.ts";
import {
  MAX_REPLY_BYTES,
  type Transport,
  TransportError,
  type TransportFailure,
  type TransportReply,
  type TransportRequest,
} from "./transport.ts";

interface HttpTransportOptions {
  /** Without a trailing slash; "/v1/…" is appended. */
  readonly publicUrl?: string;
  readonly privateUrl?: string;
  /** Without a trailing slash; the daily trade files lie under it. */
  readonly archiveUrl?: string;
  /** From the look-up of the name to the end of the TLS handshake. Default 3 s. */
  readonly connectTimeoutMs?: number;
  /** Default: the system's. */
  readonly resolve?: Resolve;
}
interface DownloadRequest {
  /** Below the archive's address, begins with "/". */
  readonly path: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}
export interface Download {
  readonly httpStatus: number;
  readonly bytes: Uint8Array;
}
export interface HttpTransport extends Transport {
  /** A file of the trade archive, as it is. Throws TransportError when there is no reply. */
  download(request: DownloadRequest): Promise<Download>;
  close(): Promise<void>;
}

export const GMO_PUBLIC_URL = "https://api.coin.z.com/public";
export const GMO_PRIVATE_URL = "https://api.coin.z.com/private";
const GMO_ARCHIVE_URL = "https://api.coin.z.com/data/trades";
/** The busiest day of trades has a few megabytes, compressed. */
const MAX_DOWNLOAD_BYTES = 64_000_000;

/** One HTTP request, and how much of its reply is read. */
interface Asked {
  readonly what: string;
  readonly url: string;
  readonly method: TransportRequest["method"];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly maxBytes: number;
}

export const httpTransport = (options: HttpTransportOptions = {}): HttpTransport => {
  const baseUrl = { public: options.publicUrl ?? GMO_PUBLIC_URL, private: options.privateUrl ?? GMO_PRIVATE_URL };
  const agent = new Agent({
    connect: connector(options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, options.resolve),
    // Below the usual keep-alive of servers, so that a write rarely meets a connection the server is just closing.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 30_000,
    pipelining: 1,
    // Each request has one total timeout (below), shorter than these two.
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
    maxResponseSize: MAX_DOWNLOAD_BYTES,
  });
  const ask = (asked: Asked) => exchange(agent, asked);

  return {
    async send({ area, method, path, query, body, headers, timeoutMs, signal }): Promise<TransportReply> {
      const { httpStatus, bytes } = await ask({
        what: `${method} ${path}`,
        url: `${baseUrl[area]}${path}${query ? `?${query}` : ""}`,
        method,
        headers: { ...headers, accept: "application/json" },
        body,
        timeoutMs,
        signal,
        maxBytes: MAX_REPLY_BYTES,
      });
      return { httpStatus, body: new TextDecoder().decode(bytes) };
    },
    download: ({ path, timeoutMs, signal }) =>
      ask({
        what: `GET ${path}`,
        url: `${options.archiveUrl ?? GMO_ARCHIVE_URL}${path}`,
        method: "GET",
        headers: {},
        timeoutMs,
        signal,
        maxBytes: MAX_DOWNLOAD_BYTES,
      }),
    close: () => agent.close(),
  };
};

/** undici's TLS above our TCP: of a host's addresses the first that connects is used (lib/io/connect.ts). */
const connector = (timeoutMs: number, resolve: Resolve | undefined): buildConnector.connector => {
  const secure = buildConnector({ timeout: timeoutMs, allowH2: false });
  return (to, callback) => {
    const host = to.hostname.replace(/^\[|\]$/g, "");
    const isTls = to.protocol === "https:";
    openTcp({ host, port: Number(to.port || (isTls ? 443 : 80)), timeoutMs, ...(resolve ? { resolve } : {}) }).then(
      (socket) => {
        socket.setKeepAlive(true, 60_000);
        if (!isTls) callback(null, socket);
        else
          secure({ ...to, httpSocket: socket }, (error, tls) =>
            error === null ? callback(null, tls!) : callback(noTls(host, socket, error), null),
          );
      },
      (e: Error) => callback(e, null),
    );
  };
};

/** The handler of one request, which reports when the request begins to be written: what ends before that never left this process. */
const marked = (handler: Dispatcher.DispatchHandler, onWritten: () => void): Dispatcher.DispatchHandler =>
  new Proxy(handler, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (key === "onConnect" || key === "onRequestStart") onWritten();
        return Reflect.apply(value, target, args);
      };
    },
  });

const exchange = async (agent: Agent, asked: Asked): Promise<Download> => {
  // One controller for both abort sources: AbortSignal.any would stay registered at a signal that outlives the request.
  const giveUp = new AbortController();
  const onAbort = (): void => giveUp.abort();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    giveUp.abort();
  }, asked.timeoutMs);
  asked.signal?.addEventListener("abort", onAbort, { once: true });
  if (asked.signal?.aborted) giveUp.abort();
  let written = false;
  const onWritten = (): void => {
    written = true;
  };
  const marking = agent.compose((dispatch) => (to, handler) => dispatch(to, marked(handler, onWritten)));
  try {
    const reply = await request(asked.url, {
      method: asked.method,
      headers: asked.headers,
      ...(asked.body === undefined ? {} : { body: asked.body }),
      dispatcher: marking,
      signal: giveUp.signal,
    });
    const chunks: Uint8Array[] = [];
    let size = 0;
    // Leaving this loop early destroys the body, and with it the connection.
    for await (const chunk of reply.body as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > asked.maxBytes) throw new Oversize(`more than ${asked.maxBytes} bytes`);
      chunks.push(chunk);
    }
    const bytes = await decompressed(Buffer.concat(chunks), reply.headers["content-encoding"], asked.maxBytes);
    return { httpStatus: reply.statusCode, bytes };
  } catch (e) {
    const failure = timedOut ? "timeout" : asked.signal?.aborted ? "aborted" : failureOf(e);
    const notSent = !written;
    throw new TransportError(failure, `${asked.what}: ${failure}: ${errorText(e)}`, { cause: e, notSent });
  } finally {
    clearTimeout(timer);
    asked.signal?.removeEventListener("abort", onAbort);
  }
};

class Oversize extends Error {}

/** We request no compression; a cache in front of the venue may send gzip anyway. */
const decompressed = async (
  bytes: Uint8Array,
  encoding: string | string[] | undefined,
  maxBytes: number,
): Promise<Uint8Array> => {
  if (encoding === undefined || encoding === "identity") return bytes;
  if (encoding !== "gzip") throw new Error(`a body in an encoding nobody asked for: ${String(encoding)}`);
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: maxBytes });
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw new Oversize(`more than ${maxBytes} bytes`);
    throw e;
  }
};

const failureOf = (e: unknown): TransportFailure => {
  if (e instanceof NotConnected) return e.kind === "dns" || e.kind === "timeout" ? e.kind : "reset";
  const code = String((e as { code?: unknown }).code ?? "");
  if (e instanceof Oversize || code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") return "oversize";
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return "timeout";
  if (/ENOTFOUND|EAI_AGAIN/.test(code)) return "dns";
  if (/ECONNRESET|EPIPE|UND_ERR_SOCKET|ECONNREFUSED/.test(code)) return "reset";
  return "other";
};
