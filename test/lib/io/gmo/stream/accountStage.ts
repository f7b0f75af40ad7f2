// A private stream on a fake network, with REST answers a test can hold back, and frames as the venue writes them.
import { coinE8, yen, yenE8 } from "../../../../../lib/core/money.ts";
import { epochMs } from "../../../../../lib/core/time.ts";
import type { Execution, Position, VenueOrder, VenueOrderStatus } from "../../../../../lib/core/venue.ts";
import {
  AccountStream,
  type AccountStreamEvent,
  type AccountStreamOptions,
} from "../../../../../lib/io/gmo/stream/accountStream.ts";
import type { AccountSnapshot } from "../../../../../lib/io/gmo/stream/accountTypes.ts";
import { CommandPace } from "../../../../../lib/io/gmo/stream/commandPace.ts";
import { silentLogger } from "../../../../../lib/io/logger.ts";
import { seededRandom } from "../../../../../lib/io/random.ts";
import { FakeNetwork, FakeTimers, FakeTokens } from "./fakes.ts";

const CREATED = "2026-09-19T23:00:00.000Z";
export const orderFrame = (orderId: number, orderStatus: string, more: object = {}): object => ({
  ...{ channel: "orderEvents", orderId, symbol: "BTC_JPY", settleType: "OPEN", executionType: "LIMIT", side: "BUY" },
  ...{ orderStatus, orderTimestamp: CREATED, orderPrice: "100", orderSize: "0.01", orderExecutedSize: "0" },
  ...{ losscutPrice: "0", timeInForce: "FAS", msgType: "NOR" },
  ...more,
});
export const fillFrame = (executionId: number, orderId: number, executed = "0.01", more: object = {}): object => ({
  ...{ channel: "executionEvents", orderId, executionId, positionId: 7, symbol: "BTC_JPY", settleType: "OPEN" },
  ...{ executionType: "LIMIT", side: "BUY", executionPrice: "100", executionSize: "0.004", lossGain: "0", fee: "0" },
  ...{ executionTimestamp: CREATED, orderTimestamp: CREATED, orderPrice: "100", orderSize: "0.01" },
  ...{ orderExecutedSize: executed, timeInForce: "FAS", msgType: "ER" },
  ...more,
});
export const positionFrame = (positionId: number, msgType: string, more: object = {}): object => ({
  ...{ channel: "positionEvents", positionId, symbol: "BTC_JPY", side: "BUY", size: "0.01", orderdSize: "0" },
  ...{ price: "100", lossGain: "0", leverage: "2", losscutPrice: "75", timestamp: CREATED, msgType },
  ...more,
});
export const order = (orderId: number, status: VenueOrderStatus, more: Partial<VenueOrder> = {}): VenueOrder => ({
  ...{ orderId: String(orderId), rootOrderId: String(orderId), symbol: "BTC_JPY", side: "BUY", orderType: "NORMAL" },
  ...{ executionType: "LIMIT", settleType: "OPEN", size: coinE8(1_000_000n), executedSize: coinE8(0n) },
  ...{ price: yen(100), losscutPrice: undefined, status, cancelType: undefined, timeInForce: "FAS" },
  timestampMs: epochMs(Date.parse(CREATED)),
  ...more,
});
export const execution = (executionId: number, orderId: number): Execution => ({
  ...{ executionId: String(executionId), orderId: String(orderId), positionId: "7", symbol: "BTC_JPY", side: "BUY" },
  ...{ settleType: "OPEN", size: coinE8(400_000n), price: yen(100), lossGain: yenE8(0n), fee: yenE8(0n) },
  timestampMs: epochMs(Date.parse(CREATED)),
});
export const position = (positionId: number, more: Partial<Position> = {}): Position => ({
  ...{ positionId: String(positionId), symbol: "BTC_JPY", side: "BUY", size: coinE8(1_000_000n), price: yen(100) },
  ...{ orderedSize: coinE8(0n), lossGain: yenE8(0n), losscutPrice: yen(75), timestampMs: epochMs(Date.parse(CREATED)) },
  ...more,
});

export class Stage {
  readonly timers = new FakeTimers();
  readonly network = new FakeNetwork(this.timers);
  readonly tokens = new FakeTokens(this.timers);
  readonly pace = new CommandPace(this.timers);
  readonly streams: AccountStream[] = [];
  readonly seen: AccountStreamEvent[] = [];
  /** What REST says now. */
  rest: Omit<AccountSnapshot, "askedMs"> = { orders: [], executions: [], positions: [] };
  /** How long REST takes. */
  restMs = 500;
  repairs = 0;
  restFails: Error | undefined;

  stream(options: Partial<AccountStreamOptions> = {}): AccountStream {
    const stream = new AccountStream({
      ...{ url: "wss://venue.test/ws/private/v1", symbols: ["BTC_JPY"], tokens: this.tokens, pace: this.pace },
      ...{ timers: this.timers, clock: this.timers.clock, random: seededRandom(7), log: silentLogger() },
      connect: this.network.connect,
      repair: async (_open, signal) => {
        this.repairs += 1;
        const askedMs = this.timers.clock.nowMs();
        await this.timers.sleep(this.restMs, signal);
        if (this.restFails) throw this.restFails;
        return { askedMs, ...this.rest };
      },
      ...options,
    });
    stream.listen((event) => void this.seen.push(event));
    this.streams.push(stream);
    return stream;
  }
  /** A stream that is live, with what it has said so far forgotten. */
  async liveStream(options: Partial<AccountStreamOptions> = {}): Promise<AccountStream> {
    const stream = this.stream(options);
    stream.start();
    await this.live(6_000);
    this.seen.length = 0;
    return stream;
  }
  /** Time passes while the venue pings. */
  async live(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 60_000) {
      for (const connection of this.network.live.filter(({ opened }) => opened)) connection.ping();
      await this.timers.pass(Math.min(60_000, left));
    }
  }
  get problems(): string[] {
    return this.seen.flatMap((event) =>
      event.kind === "problem" ? [`${event.error.verdict} ${event.error.code}`] : [],
    );
  }
  get states(): string[] {
    return this.seen.flatMap((event) => (event.kind === "state" ? [event.state.kind] : []));
  }
  /** Everything handed out but states, in short. */
  get story(): string[] {
    return this.seen.flatMap((event) => {
      if (event.kind === "repaired") return [`repaired (${event.reason})`];
      if (event.kind === "lost") return [`lost ${event.count}`];
      if (event.kind !== "account") return [];
      const { event: e, effect } = event;
      if (e.kind === "execution") return [`fill ${e.executionId} ${effect}`];
      if (e.kind === "order") return [`order ${e.orderId} ${e.status} ${effect}`];
      return e.kind === "position" ? [`position ${e.positionId} ${e.msgType} ${effect}`] : [`summary ${effect}`];
    });
  }
}
