// A venue server and OUR connector against it over real HTTP and WebSocket: what a contract row is handed. A row is a
// section of the reference, what it states, and a check; adding one is a few lines in one of the rows*.ts files.
import type { AppError } from "../../../../lib/core/errors.ts";
import { type CoinE8, parseCoin, type YenE8, yen } from "../../../../lib/core/money.ts";
import type { OrderRequest, WriteResult } from "../../../../lib/core/venue.ts";
import type { AccountEvent, MarketEvent } from "../../../../lib/core/venueEvents.ts";
import { realClock } from "../../../../lib/io/clock.ts";
import { createGmoApi, type GmoApi } from "../../../../lib/io/gmo/api.ts";
import { GmoClient } from "../../../../lib/io/gmo/client.ts";
import { type HttpTransport, httpTransport } from "../../../../lib/io/gmo/httpTransport.ts";
import { repairOver } from "../../../../lib/io/gmo/stream/accountRepair.ts";
import { AccountStream } from "../../../../lib/io/gmo/stream/accountStream.ts";
import { CommandPace } from "../../../../lib/io/gmo/stream/commandPace.ts";
import type { StreamLimits } from "../../../../lib/io/gmo/stream/limits.ts";
import { MarketStream } from "../../../../lib/io/gmo/stream/marketStream.ts";
import { noTimers, realTimers } from "../../../../lib/io/gmo/timers.ts";
import type { TransportReply, TransportRequest } from "../../../../lib/io/gmo/transport.ts";
import type { PrivateChannel } from "../../../../lib/io/gmo/wireEvents.ts";
import { silentLogger } from "../../../../lib/io/logger.ts";
import { seededRandom } from "../../../../lib/io/random.ts";
import { START_PRICE, type Stand, type StandOptions, stand } from "../server/stand.ts";

/** [D] documented, [M] measured, [DM] both (the reference's own tags). */
export type Tag = "D" | "M" | "DM";
export interface Row {
  readonly section: string;
  readonly tag: Tag;
  readonly says: string;
  /** The venue it needs, where it is not the plain one. */
  readonly venue?: StandOptions;
  readonly check: (world: World) => Promise<void>;
}
/** One row, with the check last so that it reads as a statement. */
export const row = (section: string, tag: Tag, says: string, check: Row["check"], venue?: StandOptions): Row => ({
  section,
  tag,
  says,
  check,
  ...(venue ? { venue } : {}),
});

export interface Wire {
  readonly request: TransportRequest;
  readonly reply: TransportReply;
  // biome-ignore lint/suspicious/noExplicitAny: the wire is judged field by field
  readonly json: any;
}

/** The events a stream has published, and a way to wait for more. */
export interface Told<E> {
  readonly events: E[];
  /** Resolves when the condition holds; the test's own time limit ends the waiting. */
  until(condition: () => boolean): Promise<void>;
  /** Errors the stream reported as problems. */
  readonly problems: AppError[];
  readonly states: string[];
}

/**
 * An error frame does not say which command it means: the answer to one must be here before the next (GMO API 10.1).
 */
const COMMAND_MS = 40;
const QUICK: Partial<StreamLimits> = {
  settleMs: 30,
  reconnect: { baseMs: 1, capMs: 5 },
  maintenanceMs: 5,
  refusedMs: 5,
  commandPauseMs: 5,
};

export class World {
  readonly wire: Wire[] = [];
  readonly api: GmoApi;
  readonly http: HttpTransport;
  readonly #stops: (() => Promise<void>)[] = [];
  /** The venue's: requests are signed by the wall clock, events are judged by the time they tell of. */
  readonly #clock = { nowMs: () => this.venue.server.simulator.nowMs() };
  readonly #pace = new CommandPace(realTimers, COMMAND_MS);

  constructor(readonly venue: Stand) {
    const { restPublic, restPrivate } = venue.server.addresses;
    const archiveUrl = `${restPublic.replace(/\/public$/, "")}/data/trades`;
    this.http = httpTransport({ publicUrl: restPublic, privateUrl: restPrivate, archiveUrl });
    this.api = this.apiWith({});
  }
  /** Another connector, for example with a clock that is wrong. */
  apiWith(more: Partial<ConstructorParameters<typeof GmoClient>[0]>): GmoApi {
    const send = async (request: TransportRequest): Promise<TransportReply> => {
      const reply = await this.http.send(request);
      let json: unknown;
      try {
        json = JSON.parse(reply.body);
      } catch {
        json = undefined;
      }
      this.wire.push({ request, reply, json });
      return reply;
    };
    return createGmoApi(
      new GmoClient({
        transport: { send },
        credentials: this.venue.server.simulator.credentials(),
        clock: realClock,
        log: silentLogger(),
        timers: noTimers,
        ...more,
      }),
    );
  }
  /** The last exchange on the wire. */
  get last(): Wire {
    return this.wire.at(-1)!;
  }

  /** A new order's id; BTC_JPY BUY 0.01 MARKET unless said otherwise. */
  async order(more: Partial<OrderRequest> = {}): Promise<string> {
    return accepted(await this.api.order(orderOf(more)));
  }
  /** The one order with this id. */
  async shown(orderId: string) {
    const [order] = await this.api.orders([orderId]);
    if (!order) throw new Error(`expected order ${orderId}, found none`);
    return order;
  }
  /** The one position a MARKET order of 0.001 opens. */
  async position(side: "BUY" | "SELL" = "BUY", size = coins("0.001")) {
    const id = await this.order({ side, size });
    const positions = await this.api.openPositions("BTC_JPY");
    const [execution] = await this.api.executions(id);
    const position = positions.find(({ positionId }) => positionId === execution?.positionId);
    if (!position) throw new Error(`expected a position of order ${id}, found none`);
    return position;
  }

  async market(
    subscribe: (stream: MarketStream) => void,
  ): Promise<Told<MarketEvent> & { readonly stream: MarketStream }> {
    const stream = new MarketStream({ url: this.venue.server.addresses.wsPublic, ...this.#common() });
    const events: MarketEvent[] = [];
    const { told, take } = listening(events);
    stream.listen((event) => {
      if (event.kind === "market") events.push(event.event);
      take(event);
    });
    subscribe(stream);
    stream.start();
    this.#stops.push(() => stream.stop());
    await told.until(() => stream.state.kind === "live");
    return { ...told, stream };
  }
  async account(
    channels?: readonly PrivateChannel[],
  ): Promise<Told<AccountEvent> & { readonly stream: AccountStream }> {
    const symbols = ["BTC_JPY", "BTC"];
    const stream = new AccountStream({
      url: this.venue.server.addresses.wsPrivate,
      tokens: this.api,
      repair: repairOver(this.api, symbols, this.#clock),
      symbols,
      ...(channels ? { channels } : {}),
      ...this.#common(),
    });
    const events: AccountEvent[] = [];
    const { told, take } = listening(events);
    stream.listen((event) => {
      if (event.kind === "account") events.push(event.event);
      take(event);
    });
    stream.start();
    this.#stops.push(() => stream.stop());
    await told.until(() => stream.state.kind === "live" || told.problems.length > 0);
    return { ...told, stream };
  }
  #common() {
    return {
      pace: this.#pace,
      timers: realTimers,
      clock: this.#clock,
      random: seededRandom(1),
      log: silentLogger(),
      limits: QUICK,
    };
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) await stop();
    await this.venue.close();
    await this.http.close();
  }
}

const listening = <E>(events: E[]) => {
  const waiters = new Set<() => void>();
  const look = (): void => {
    for (const waiter of [...waiters]) waiter();
  };
  const problems: AppError[] = [];
  const states: string[] = [];
  const told: Told<E> = {
    events,
    problems,
    states,
    until: (condition) =>
      new Promise((resolve) => {
        const waiter = (): void => {
          if (!condition()) return;
          waiters.delete(waiter);
          resolve();
        };
        waiters.add(waiter);
        waiter();
      }),
  };
  const take = (event: {
    readonly kind: string;
    readonly error?: AppError;
    readonly state?: { readonly kind: string };
  }) => {
    if (event.error) problems.push(event.error);
    if (event.state) states.push(event.state.kind);
    look();
  };
  return { told, take };
};

export const openWorld = async (options: StandOptions = {}): Promise<World> => new World(await stand(options));

export const PRICE = START_PRICE;
export const coins = (text: string): CoinE8 => parseCoin(text);
/** Yen from the price at the start; positive is above. */
export const at = (away: number): YenE8 => yen(PRICE + away);
export const orderOf = (more: Partial<OrderRequest> = {}): OrderRequest => ({
  symbol: "BTC_JPY",
  side: "BUY",
  executionType: more.price === undefined ? "MARKET" : "LIMIT",
  size: coins("0.01"),
  ...more,
});
/** What an accepted write gave. */
export const accepted = <T>(result: WriteResult<T>): T => {
  if (result.kind !== "accepted") throw new Error(`expected an accepted write, found ${JSON.stringify(result)}`);
  return result.value;
};
/** The code of a refused write. */
export const codeOf = (result: WriteResult<unknown>): string => (result.kind === "accepted" ? "accepted" : result.code);
/** The code of a read that fails. */
export const failureOf = async (read: Promise<unknown>): Promise<string> =>
  read.then(
    () => "no failure",
    (e: unknown) => (e as AppError).code,
  );
