// The HTTP side of the simulated venue: routing, the checks of the gateway (paths, sizes, rates), access tokens, and
// the delivery of replies including faults. The simulator executes the requests.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TransportReply } from "../../io/gmo/transport.ts";
import type { ApiRequest } from "../api/api.ts";
import { applyFault, type Delivery } from "../faults/faults.ts";
import type { Faults } from "../faults/faultTypes.ts";
import type { Simulator } from "../simulator.ts";
import { ARCHIVE_PREFIX, type Archived, type ArchiveSource, archived } from "./archiveFiles.ts";
import { PER_SECOND_OF_TIER, RateLimit, RateLimits } from "./limits.ts";
import type { PrivateFeed } from "./privateFeed.ts";
import type { ServerOptions } from "./serverOptions.ts";
import type { SocketFault, SocketFaults } from "./socketFaults.ts";
import type { Tokens } from "./tokens.ts";
import type { Wall } from "./wallClock.ts";

interface HttpConfig {
  readonly simulator: Simulator;
  readonly wall: Wall;
  readonly options: ServerOptions;
  /** Faults of requests; the simulator applies them itself, except for token requests. */
  readonly requestFaults: Faults | undefined;
  readonly faults: SocketFaults;
  readonly tokens: Tokens;
  readonly privateFeed: PrivateFeed;
  readonly archive: ArchiveSource;
  /** Advances venue time to the present, does the work, then reschedules the next step. */
  readonly atCurrentTime: (work: () => void) => void;
}
interface Answer {
  readonly delivery: Delivery;
  /** Publishes the events of the request to the private sockets; undefined: no events or no subscriber. */
  readonly publish?: { readonly first: boolean; readonly now: () => void; readonly later: () => void };
}

const CACHED_REPLIES = 1_000;
const PIECES = 8;

export class HttpFront {
  readonly #accountGets: RateLimit;
  readonly #accountPosts: RateLimit;
  readonly #publicByAddress: RateLimits;
  /** Cached public replies by path and query, like the cache in front of the venue. Venue time. */
  readonly #cache = new Map<string, { readonly reply: TransportReply; readonly atMs: number }>();

  constructor(private readonly config: HttpConfig) {
    this.#accountGets = new RateLimit(config.wall);
    this.#accountPosts = new RateLimit(config.wall);
    this.#publicByAddress = new RateLimits(config.wall);
  }

  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming, this.config.options.maxBodyBytes);
    if (body === "gone") return;
    if (body === "tooLarge") {
      response.setHeader("connection", "close");
      return send(response, { httpStatus: 413, body: "<html><body>413 Request Entity Too Large</body></html>" });
    }
    const [target = "", query = ""] = (incoming.url ?? "").split(/\?(.*)/s);
    if (target.startsWith(ARCHIVE_PREFIX)) return this.#archive(incoming, response, target);
    const area = target.startsWith("/public/") ? "public" : "private";
    const path = target.slice(area.length + 1);
    const { views } = this.config.simulator;
    // A path outside the API is refused like an unknown private path.
    if (!target.startsWith(`/${area}/v1/`)) {
      const code = area === "public" ? "ERR-5207" : "ERR-5204";
      return send(response, views.refusal(code, area === "public" ? "Not found" : "Forbidden"));
    }
    const request: ApiRequest = {
      area,
      method: incoming.method ?? "GET",
      path,
      ...(query === "" ? {} : { query }),
      ...(body === "" ? {} : { body }),
      headers: headersOf(incoming),
    };
    let answer: Answer | undefined;
    this.config.atCurrentTime(() => {
      answer = this.#answer(request, incoming.socket.remoteAddress ?? "");
    });
    const facts = { area, method: request.method, path } as const;
    const fault = this.config.faults.faultsAt("reply", facts, this.config.simulator.nowMs())[0];
    this.#deliver(response, answer!, fault);
  }

  #answer(request: ApiRequest, address: string): Answer {
    const { views } = this.config.simulator;
    const at = (reply: TransportReply): Answer => ({ delivery: { kind: "reply", reply, delayMs: 0 } });
    if (!this.#isWithinRate(request, address)) return at(views.refusal("ERR-5003", "Requests are too many."));
    if (request.area === "public") return this.#public(request);
    if (request.path === "/v1/ws-auth") return { delivery: this.#token(request) };
    if (this.config.options.denied.includes(request.path))
      return at(views.refused(request) ?? views.refusal("ERR-5012", "Invalid API-KEY, IP, or permissions for action."));
    return this.#served(request);
  }

  /** Only requests with the account's key count against its limit. PUT and DELETE count as POST. */
  #isWithinRate({ area, method, headers }: ApiRequest, address: string): boolean {
    const { options, simulator } = this.config;
    if (area === "public") return this.#publicByAddress.take(address, options.publicPerSecond);
    if (options.privateLimit === "off" || headers["API-KEY"] !== simulator.credentials().apiKey) return true;
    const perSecond = PER_SECOND_OF_TIER[simulator.views.tierLevel()];
    return (method === "GET" ? this.#accountGets : this.#accountPosts).take(perSecond);
  }

  #public(request: ApiRequest): Answer {
    const { options, simulator } = this.config;
    if (options.publicCacheMs === 0 || request.method !== "GET") return this.#served(request);
    const key = `${request.path}?${request.query ?? ""}`;
    const cached = this.#cache.get(key);
    const nowMs = simulator.nowMs();
    if (cached && nowMs < cached.atMs + options.publicCacheMs)
      return { delivery: { kind: "reply", reply: cached.reply, delayMs: 0 } };
    const answer = this.#served(request);
    const { delivery } = answer;
    this.#cache.delete(key);
    // Only successes are cached, not refusals.
    if (
      delivery.kind === "reply" &&
      delivery.reply.httpStatus === 200 &&
      delivery.reply.body.startsWith(`{"status":0,`)
    )
      this.#cache.set(key, { reply: delivery.reply, atMs: nowMs });
    if (this.#cache.size > CACHED_REPLIES) this.#cache.delete(this.#cache.keys().next().value!);
    return answer;
  }

  #served(request: ApiRequest): Answer {
    const { simulator, privateFeed, options } = this.config;
    const { delivery, events, eventsFirst } = simulator.serve(request);
    if (events.length === 0 || !privateFeed.hasListeners()) return { delivery };
    const now = (): void => privateFeed.publish(events);
    const later = (): void => (options.eventGapMs === 0 ? now() : privateFeed.publishLater(events, options.eventGapMs));
    return { delivery, publish: { first: eventsFirst, now, later } };
  }

  /** POST issues, PUT extends, DELETE ends a token; only POST is signed with its body (GMO API 2). */
  #token(request: ApiRequest): Delivery {
    const { simulator, requestFaults } = this.config;
    const before = requestFaults?.(request, "before", simulator.nowMs());
    if (before) return applyFault(before, undefined, simulator.nowMs());
    const reply = this.#tokenReply(request);
    const after = requestFaults?.(request, "after", simulator.nowMs());
    return after ? applyFault(after, reply, simulator.nowMs()) : { kind: "reply", reply, delayMs: 0 };
  }
  #tokenReply(request: ApiRequest): TransportReply {
    const { simulator, tokens, options } = this.config;
    const { views } = simulator;
    const refused = views.refused(request);
    if (refused) return refused;
    const { method } = request;
    if (method !== "POST" && method !== "PUT" && method !== "DELETE") return views.refusal("ERR-5204", "Forbidden");
    if (options.denied.includes(request.path))
      return views.refusal("ERR-5012", "Invalid API-KEY, IP, or permissions for action.");
    if (method === "POST") return views.success(tokens.issue());
    const token = tokenOf(request.body ?? "");
    const done = token !== undefined && (method === "PUT" ? tokens.extend(token) : tokens.end(token));
    return done ? views.success() : views.refusal("ERR-5106", "Invalid request parameter. token");
  }

  /** Sends the reply and publishes its events in the drawn order, with any fault of the reply applied. */
  #deliver(response: ServerResponse, { delivery, publish }: Answer, fault: SocketFault | undefined): void {
    const { options, wall } = this.config;
    const delayMs = delivery.kind === "reply" ? delivery.delayMs : 0;
    if (publish?.first) publish.now();
    after(wall, response, delayMs + (publish?.first ? options.eventGapMs : 0), () =>
      deliver(response, delivery, fault, wall),
    );
    if (publish && !publish.first) publish.later();
  }

  #archive({ method }: IncomingMessage, response: ServerResponse, target: string): void {
    this.config.atCurrentTime(() => undefined);
    const found: Archived =
      method === "GET" || method === "HEAD"
        ? archived(this.config.archive, target)
        : { kind: "page", httpStatus: 403, html: "<html></html>" };
    if (found.kind === "page") send(response, { httpStatus: found.httpStatus, body: found.html });
    else {
      response.writeHead(200, { "content-type": "application/x-gzip", "content-length": found.bytes.length });
      response.end(found.bytes);
    }
  }
}

/** Header names in upper case, as the venue's checks expect them. */
const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === "string" ? [[name.toUpperCase(), value] as const] : [],
    ),
  );

const tokenOf = (body: string): string | undefined => {
  try {
    const json = JSON.parse(body) as { readonly token?: unknown } | null;
    return typeof json?.token === "string" ? json.token : undefined;
  } catch {
    return undefined;
  }
};

/** "gone": the client disconnected before the body was complete. */
const bodyOf = async (incoming: IncomingMessage, maxBytes: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > maxBytes) return "tooLarge";
      chunks.push(chunk);
    }
  } catch {
    return "gone";
  }
  return Buffer.concat(chunks).toString("utf8");
};

/** Runs after `ms` unless the client has disconnected; at once for 0. */
const after = (wall: Wall, response: ServerResponse, ms: number, run: () => void): void => {
  if (ms === 0) run();
  else response.once("close", wall.after(ms, run));
};

const typeOf = (body: string): string => (body.startsWith("<") ? "text/html" : "application/json;charset=UTF-8");

const deliver = (response: ServerResponse, delivery: Delivery, fault: SocketFault | undefined, wall: Wall): void => {
  if (delivery.kind === "reply") {
    if (fault?.kind === "cut") sendHalf(response, delivery.reply);
    else if (fault?.kind === "slowBody") sendSlowly(response, delivery.reply, fault.ms, wall);
    else send(response, delivery.reply);
  } else if (delivery.failure === "reset") response.socket?.resetAndDestroy();
  // For a timeout the connection stays open without a reply; the client times out.
};

const head = (response: ServerResponse, { httpStatus, body }: TransportReply): Buffer => {
  const bytes = Buffer.from(body);
  response.writeHead(httpStatus, { "content-type": typeOf(body), "content-length": bytes.length });
  return bytes;
};
const send = (response: ServerResponse, reply: TransportReply): void => {
  response.end(head(response, reply));
};
/** Announces the whole body in content-length and disconnects after half of it. */
const sendHalf = (response: ServerResponse, reply: TransportReply): void => {
  const bytes = head(response, reply);
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.destroy());
};
/** Sends the body in small pieces over `ms`. */
const sendSlowly = (response: ServerResponse, reply: TransportReply, ms: number, wall: Wall): void => {
  const bytes = head(response, reply);
  const cut = (i: number): number => Math.floor((bytes.length * i) / PIECES);
  const from = (i: number): void => {
    response.write(bytes.subarray(cut(i), cut(i + 1)));
    if (i + 1 < PIECES) after(wall, response, Math.ceil(ms / (PIECES - 1)), () => from(i + 1));
    else response.end();
  };
  from(0);
};
