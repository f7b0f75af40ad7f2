// The HTTP half of the simulated venue: which request it is, what the gateway in front refuses (paths, sizes, rates), the
// access tokens, and how an answer travels, or fails to. What an order means is the simulator's.
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
import type { Wall } from "./wall.ts";

export interface HttpConfig {
  readonly simulator: Simulator;
  readonly wall: Wall;
  readonly options: ServerOptions;
  /** Of requests; the simulator asks them itself, except for tokens. */
  readonly requestFaults: Faults | undefined;
  readonly faults: SocketFaults;
  readonly tokens: Tokens;
  readonly privateFeed: PrivateFeed;
  readonly archive: ArchiveSource;
  /** Brings venue time to the present, does the work, and looks anew at what comes next. */
  readonly atPresent: (work: () => void) => void;
}
interface Answer {
  readonly delivery: Delivery;
  /** Says what the request caused to the private sockets; undefined: nothing, or nobody listens. */
  readonly tell?: { readonly first: boolean; readonly now: () => void; readonly later: () => void };
}

const CACHED_REPLIES = 1_000;
const PIECES = 8;

export class HttpFront {
  readonly #accountGets: RateLimit;
  readonly #accountPosts: RateLimit;
  readonly #publicByAddress: RateLimits;
  /** Replies of the public half by address; what a cache in front of the venue holds. Venue time. */
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
    // Neither half of the API: as an unknown private path.
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
    this.config.atPresent(() => {
      answer = this.#answer(request, incoming.socket.remoteAddress ?? "");
    });
    const facts = { area, method: request.method, path } as const;
    const fault = this.config.faults.strike("reply", facts, this.config.simulator.nowMs())[0];
    this.#deliver(response, answer!, fault);
  }

  #answer(request: ApiRequest, address: string): Answer {
    const { views } = this.config.simulator;
    const at = (reply: TransportReply): Answer => ({ delivery: { kind: "reply", reply, delayMs: 0 } });
    if (!this.#mayPass(request, address)) return at(views.refusal("ERR-5003", "Requests are too many."));
    if (request.area === "public") return this.#public(request);
    if (request.path === "/v1/ws-auth") return { delivery: this.#token(request) };
    if (this.config.options.denied.includes(request.path))
      return at(views.refused(request) ?? views.refusal("ERR-5012", "Invalid API-KEY, IP, or permissions for action."));
    return this.#served(request);
  }

  /** The account is limited by requests that carry its key; others cannot use up its budget. PUT and DELETE count as POST. */
  #mayPass({ area, method, headers }: ApiRequest, address: string): boolean {
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
    // Only what is good is kept: a refusal is not.
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
    const now = (): void => privateFeed.say(events);
    const later = (): void => (options.eventGapMs === 0 ? now() : privateFeed.sayLater(events, options.eventGapMs));
    return { delivery, tell: { first: eventsFirst, now, later } };
  }

  /** POST issues, PUT extends, DELETE ends a token; all signed without their body except POST (GMO API 2). */
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

  /** The reply and what it caused, in the order that was drawn; faults of the way decide how it arrives. */
  #deliver(response: ServerResponse, { delivery, tell }: Answer, fault: SocketFault | undefined): void {
    const { options, wall } = this.config;
    const delayMs = delivery.kind === "reply" ? delivery.delayMs : 0;
    if (tell?.first) tell.now();
    after(wall, response, delayMs + (tell?.first ? options.eventGapMs : 0), () =>
      deliver(response, delivery, fault, wall),
    );
    if (tell && !tell.first) tell.later();
  }

  #archive({ method }: IncomingMessage, response: ServerResponse, target: string): void {
    this.config.atPresent(() => undefined);
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

/** Header names as the venue's checks look for them. */
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

/** `gone`: the client left before it had sent everything. */
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

/** After `ms`, unless the client has left; at once for 0. */
const after = (wall: Wall, response: ServerResponse, ms: number, run: () => void): void => {
  if (ms === 0) run();
  else response.once("close", wall.after(ms, run));
};

const typeOf = (body: string): string => (body.startsWith("<") ? "text/html" : "application/json;charset=UTF-8");

const deliver = (response: ServerResponse, delivery: Delivery, fault: SocketFault | undefined, wall: Wall): void => {
  if (delivery.kind === "reply") {
    if (fault?.kind === "cut") cutOff(response, delivery.reply);
    else if (fault?.kind === "slowBody") dribble(response, delivery.reply, fault.ms, wall);
    else send(response, delivery.reply);
  } else if (delivery.failure === "reset") response.socket?.resetAndDestroy();
  // A timeout is the client's: the connection stays and nothing comes.
};

const head = (response: ServerResponse, { httpStatus, body }: TransportReply): Buffer => {
  const bytes = Buffer.from(body);
  response.writeHead(httpStatus, { "content-type": typeOf(body), "content-length": bytes.length });
  return bytes;
};
const send = (response: ServerResponse, reply: TransportReply): void => {
  response.end(head(response, reply));
};
/** Promises the whole body and breaks off in the middle. */
const cutOff = (response: ServerResponse, reply: TransportReply): void => {
  const bytes = head(response, reply);
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.destroy());
};
/** The body in small pieces over `ms`. */
const dribble = (response: ServerResponse, reply: TransportReply, ms: number, wall: Wall): void => {
  const bytes = head(response, reply);
  const cut = (i: number): number => Math.floor((bytes.length * i) / PIECES);
  const from = (i: number): void => {
    response.write(bytes.subarray(cut(i), cut(i + 1)));
    if (i + 1 < PIECES) after(wall, response, Math.ceil(ms / (PIECES - 1)), () => from(i + 1));
    else response.end();
  };
  from(0);
};
