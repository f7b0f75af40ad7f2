// How every TCP and TLS connection to the outside is made: for undici (gmo/httpTransport.ts), the WebSockets (gmo/stream/connection.ts),
// telegraf (telegram/client.ts) and `trader doctor`. Node's own way gives up each address after 250 ms, so that a host whose IPv6 leads
// nowhere cannot be reached over a path slower than that, and the reason it gives is an empty text. Here the addresses of a host are tried
// beside each other, a new one every 250 ms (RFC 8305), each for as long as the whole connect timeout lasts; the first that connects is
// used. Whatever fails here failed before a byte of the request was written: NotConnected.
import { lookup } from "node:dns/promises";
import { type AgentOptions, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { isIP, connect as netConnect, type Socket, type TcpNetConnectOpts } from "node:net";
import { type ConnectionOptions, connect as tlsConnect } from "node:tls";
import { errorText } from "../core/errors.ts";

/** From the look-up of the name to the end of the TLS handshake. */
export const CONNECT_TIMEOUT_MS = 3_000;
/** RFC 8305, section 5: the recommended delay between two addresses. */
const NEXT_ADDRESS_MS = 250;

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}
/** The addresses of a name, in the order in which to try them. Rejects with the system's error (ENOTFOUND, EAI_AGAIN). */
export type Resolve = (host: string) => Promise<readonly Address[]>;
/** One address: how long it took to connect, or why it did not. */
export interface Attempt extends Address {
  readonly port: number;
  readonly tookMs?: number;
  readonly error?: string;
}
interface Target {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs?: number;
  readonly resolve?: Resolve;
  /** Default: the system's TCP. */
  readonly dial?: (to: TcpNetConnectOpts) => Socket;
}

/** No connection, hence nothing was sent. Its message names host, addresses, families and reasons. */
export class NotConnected extends Error {
  override readonly name = "NotConnected";
  /** Also what node-fetch passes on of an error. */
  readonly code = "ERR_NOT_CONNECTED";
  constructor(
    /** `dns`: no address. `timeout`: no address answered in time. `refused`: every one failed. `tls`: no secure connection. */
    readonly kind: "dns" | "timeout" | "refused" | "tls",
    message: string,
    readonly attempts: readonly Attempt[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

// Not ERR_SSL_…: an alert of TLS 1.3 may come after the request. Handshakes made here fail as NotConnected.
const CODES_OF_CONNECTING =
  /^(ERR_NOT_CONNECTED|ENOTFOUND|EAI_\w+|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|CERT_\w+|ERR_TLS_CERT\w*|SELF_SIGNED\w*|DEPTH_ZERO\w*|UNABLE_TO\w*|HOSTNAME_MISMATCH)$/;
/** Whether the error says that no connection was made: the other side cannot have received anything. */
export const neverConnected = (e: unknown): boolean => {
  if (e instanceof AggregateError) return e.errors.length > 0 && e.errors.every(neverConnected);
  if (!(e instanceof Error)) return false;
  const { code, syscall } = e as NodeJS.ErrnoException;
  if (syscall === "connect" || syscall === "getaddrinfo") return true;
  return CODES_OF_CONNECTING.test(String(code ?? "")) || (code === undefined && neverConnected(e.cause));
};

const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address, family }) => ({
    address,
    family: family === 6 ? 6 : 4,
  }));

/** Alternates between the families, beginning with that of the first address: one dead family costs one step. */
const interleaved = (found: readonly Address[]): readonly Address[] => {
  const first = found.filter(({ family }) => family === found[0]?.family);
  const second = found.filter(({ family }) => family !== found[0]?.family);
  return first.flatMap((address, i) => [address, ...second.slice(i, i + 1)]).concat(second.slice(first.length));
};

export const addressText = ({ address, port, family }: Attempt): string =>
  `${family === 6 ? `[${address}]` : address}:${port} (IPv${family})`;
const failedText = (attempt: Attempt): string => `${addressText(attempt)} ${attempt.error ?? "given up"}`;

/** Within the time, or rejects with what `late` makes. */
const within = async <T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  work.catch(() => undefined); // Its rejection after the timeout is of no interest.
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
};

const addressesOf = async (
  { host, resolve = systemResolve }: Target,
  timeoutMs: number,
): Promise<readonly Address[]> => {
  const literal = isIP(host);
  if (literal !== 0) return [{ address: host, family: literal === 6 ? 6 : 4 }];
  const own = "check this server's own network and its name servers";
  try {
    const late = () => new NotConnected("dns", `no answer within ${timeoutMs / 1_000} s`);
    const found = await within(resolve(host), timeoutMs, late);
    if (found.length > 0) return interleaved(found);
    throw new NotConnected("dns", "no address");
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    const why = e instanceof NotConnected ? e.message : (code ?? errorText(e));
    throw new NotConnected("dns", `the name ${host} cannot be looked up (DNS): ${why}; ${own}`, [], { cause: e });
  }
};

/** A connected TCP socket, with Nagle's algorithm off. Throws NotConnected. */
export const openTcp = async (target: Target): Promise<Socket> => (await tryAddresses(target, "first")).socket!;

/** Every address of the host by itself, for a person who looks for the fault. Throws NotConnected `dns`. */
export const probeAddresses = async (target: Target): Promise<readonly Attempt[]> =>
  (await tryAddresses(target, "all")).attempts;

const tryAddresses = async (
  target: Target,
  wanted: "first" | "all",
): Promise<{ readonly socket?: Socket; readonly attempts: readonly Attempt[] }> => {
  const { host, port, timeoutMs = CONNECT_TIMEOUT_MS, dial = netConnect } = target;
  const startedMs = clockMs();
  const addresses = await addressesOf(target, timeoutMs);
  const leftMs = Math.max(1, timeoutMs - (clockMs() - startedMs));
  return new Promise((resolve, reject) => {
    const attempts: Attempt[] = addresses.map((address) => ({ ...address, port }));
    const sockets: Socket[] = [];
    let ended = 0;
    const finish = (socket?: Socket): void => {
      clearTimeout(deadline);
      clearTimeout(next);
      for (const other of sockets) if (other !== socket) other.destroy();
      if (wanted === "all" || socket !== undefined) {
        if (wanted === "all") socket?.destroy();
        resolve({ attempts, ...(socket === undefined ? {} : { socket }) });
        return;
      }
      const late = attempts.some(({ error }) => error === undefined);
      const seen = attempts.map((a) =>
        a.error === undefined ? { ...a, error: `no answer within ${timeoutMs / 1_000} s` } : a,
      );
      const message = `no connection to ${host}: ${seen.map(failedText).join(", ")}`;
      reject(new NotConnected(late ? "timeout" : "refused", message, seen));
    };
    const start = (): void => {
      clearTimeout(next);
      const i = sockets.length;
      const address = addresses[i];
      if (address === undefined) return;
      const beganMs = clockMs();
      const socket = dial({ host: address.address, port, family: address.family, autoSelectFamily: false });
      sockets.push(socket);
      socket.once("connect", () => {
        socket.removeAllListeners("error");
        attempts[i] = { ...attempts[i]!, tookMs: Math.round(clockMs() - beganMs) };
        ended += 1;
        socket.setNoDelay(true);
        if (wanted === "first" || ended === addresses.length) {
          // A socket that breaks before its user listens must not end the process; the user sees it closed.
          socket.once("error", () => undefined);
          finish(socket);
        }
      });
      socket.once("error", (e: NodeJS.ErrnoException) => {
        attempts[i] = { ...attempts[i]!, error: e.code ?? errorText(e) };
        socket.on("error", () => undefined);
        ended += 1;
        if (ended === addresses.length) finish();
        else if (i === sockets.length - 1) start();
      });
      if (i + 1 < addresses.length) next = setTimeout(start, NEXT_ADDRESS_MS);
    };
    let next: NodeJS.Timeout | undefined;
    const deadline = setTimeout(finish, leftMs);
    start();
  });
};
const clockMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** Ends when the handshake is done: a certificate that is refused is NotConnected too. */
const secured = (socket: Socket, options: ConnectionOptions, host: string, timeoutMs: number): Promise<Socket> => {
  const secure = tlsConnect({
    ...options,
    path: undefined as unknown as string, // Of the request; here it would be the path of a local socket.
    socket,
    servername: options.servername ?? (isIP(host) === 0 ? host : ""),
  });
  const done = new Promise<Socket>((resolve, reject) => {
    secure.once("secureConnect", () => {
      secure.removeListener("error", reject);
      resolve(secure);
    });
    secure.once("error", reject);
    secure.once("close", () => reject(new Error("the connection was closed during the TLS handshake")));
  });
  const late = () => new Error(`no TLS handshake within ${timeoutMs / 1_000} s`);
  return within(done, timeoutMs, late).catch((e: unknown) => {
    secure.on("error", () => undefined);
    secure.destroy();
    throw noTls(host, socket, e);
  });
};
/** The NotConnected of a handshake that failed. */
export const noTls = (host: string, socket: Socket, e: unknown): NotConnected =>
  new NotConnected(
    "tls",
    `no secure connection to ${host} at ${socket.remoteAddress ?? "its address"}: ${errorText(e)}`,
    [],
    { cause: e },
  );

type Created = (error: Error | null, socket?: Socket) => void;
interface CreateOptions extends ConnectionOptions {
  readonly host?: string;
  readonly port?: number;
}
/** An agent of node:http or node:https whose connections are made here. */
export const connectingAgent = (
  protocol: "http:" | "https:",
  {
    timeoutMs = CONNECT_TIMEOUT_MS,
    resolve,
    ...options
  }: AgentOptions & { timeoutMs?: number; resolve?: Resolve } = {},
): HttpAgent => {
  const agent = protocol === "https:" ? new HttpsAgent(options) : new HttpAgent(options);
  const createConnection = (to: CreateOptions, created: Created): void => {
    const host = to.host ?? "localhost";
    const port = Number(to.port ?? (protocol === "https:" ? 443 : 80));
    const startedMs = clockMs();
    openTcp({ host, port, timeoutMs, ...(resolve ? { resolve } : {}) })
      .then((socket) =>
        protocol === "https:" ? secured(socket, to, host, Math.max(1, timeoutMs - (clockMs() - startedMs))) : socket,
      )
      .then((socket) => created(null, socket), created);
  };
  // Node calls this method of an agent for every new connection, with a callback (Node docs, http.Agent createConnection).
  return Object.assign(agent, { createConnection });
};
