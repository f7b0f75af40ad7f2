// The way between our process and the simulated venue: every request takes time there and back, may be struck by a
// fault of the plan, and is a place to die. Records what was struck, which orders are ours, and the time the venue is
// to blame for.

import { isSpot } from "../../lib/core/product.ts";
import { epochMs, MINUTE_MS } from "../../lib/core/time.ts";
import { TransportError, type TransportReply, type TransportRequest } from "../../lib/io/gmo/transport.ts";
import { type Random, seededRandom } from "../../lib/io/random.ts";
import { delivered } from "../../lib/sim/faults/faults.ts";
import { OldReplies } from "../../lib/sim/faults/oldReplies.ts";
import type { Simulator } from "../../lib/sim/simulator.ts";
import type { Mortality } from "../sim/mortal.ts";
import { shifted } from "../sim/venueClock.ts";
import { START_MS } from "../sim/world.ts";
import { nameOf, type Strike, strikeOf, struckOf } from "./orderFaults.ts";
import type { OrderWorld } from "./orderWorld.ts";
import { RefusedCloses } from "./refusedCloses.ts";
import type { LifeTime } from "./virtualTime.ts";

export const CLIENT_TIMEOUT_MS = 5_000;
/** Codes that say nothing of what the venue did (GMO API 11). */
const UNKNOWN = /^ERR-(151|554|626|9999)$/;
/** After a request without an answer: 3 s in which it is looked for, and the goal of one second. */
const LOST_TAIL_MS = 4_000;
/** Spot, beside coins of the owner: a second sale would take those, so it is looked for as long as an entry, 10 s. */
const LOST_SALE_TAIL_MS = 11_000;
/** After a refusal: the next try within a second. */
export const REFUSED_TAIL_MS = 1_000;
/** ERR-5003 wants two seconds of silence (GMO API 3). */
const RATE_TAIL_MS = 3_000;
const NATURE_TAIL_MS = 500;

export class OrderRequests {
  readonly #latency: Random;
  readonly refusedCloses: RefusedCloses;
  readonly #old = new OldReplies(2 * MINUTE_MS);
  #spoil: Strike["spoil"];
  #effects: Strike["effects"];
  /** For the simulator: the fault that strikes the request it serves now. */
  readonly faults = Object.assign(
    (_request: unknown, phase: "before" | "after") => (this.#spoil?.phase === phase ? this.#spoil.fault : undefined),
    { effects: () => this.#effects },
  );

  constructor(private readonly w: OrderWorld) {
    this.#latency = seededRandom(`${w.plan.seed}:latency`);
    this.refusedCloses = new RefusedCloses(() => w.simulator);
  }

  /** One way, 20 to 79 ms. */
  delay(): number {
    return 20 + this.#latency.int(60);
  }

  /** There and back: each end, and the way itself, is a place to die. */
  async send(request: TransportRequest, mortality: Mortality, time: LifeTime): Promise<TransportReply> {
    const { w } = this;
    const { life } = w;
    const struck = struckOf(request);
    const what = nameOf(struck);
    mortality.pass(`before ${what}`);
    life.requests += 1;
    const name = w.plan.fault(struck, {
      life: life.number,
      request: life.requests,
      nowMs: w.nowMs - START_MS,
    });
    const strike: Strike = name ? strikeOf(name) : {};
    if (name) {
      w.struck.push(name);
      w.say(`${what} is struck by ${name}`);
    }
    const sentMs = w.nowMs;
    this.refusedCloses.sent(request, sentMs);
    if (name) this.refusedCloses.disturbed();
    const thereMs = this.delay() + (strike.thereMs ?? 0);
    const backMs = this.delay() + (strike.backMs ?? 0);
    let reply: TransportReply | undefined;
    let lost: unknown;
    // The request is out: it arrives whether we live or not.
    w.time.at(sentMs + thereMs, () => {
      try {
        reply = this.#serve(request, strike);
        if (strike.short) reply = withoutNewest(reply);
        if (request.area === "public") reply = this.#recalled(request, strike, reply);
        reply = shifted(reply, w.venueClockMs);
      } catch (error) {
        lost = error;
      }
    });
    mortality.pass(`on the way ${what}`);
    try {
      await time.sleep(Math.min(CLIENT_TIMEOUT_MS, thereMs + backMs), request.signal);
      if (lost instanceof TransportError && lost.failure === "timeout")
        await time.sleep(sentMs + CLIENT_TIMEOUT_MS - w.nowMs, request.signal);
      mortality.pass(`after ${what}`);
      if (lost !== undefined) throw lost;
      if (reply === undefined || thereMs + backMs > CLIENT_TIMEOUT_MS)
        throw new TransportError("timeout", "no reply in time");
      return reply;
    } finally {
      // A struck request takes its time whether we live or not; what follows the death is ours.
      if (mortality.dead && name !== undefined) w.excuses.push({ fromMs: sentMs, untilMs: w.nowMs });
      if (!mortality.dead) {
        const code = codeOf(reply);
        const unclear = lost !== undefined || reply === undefined || UNKNOWN.test(code ?? "");
        this.refusedCloses.answered(request, w.nowMs, code, unclear);
        this.#excuse(request, name !== undefined, code, sentMs);
      }
    }
  }

  /** What was answered to the same question so long ago, or the answer of now. */
  #recalled(request: TransportRequest, { oldMs }: Strike, reply: TransportReply): TransportReply {
    const nowMs = epochMs(this.w.simulator.nowMs());
    this.#old.keep(request, reply, nowMs);
    return (oldMs === undefined ? undefined : this.#old.at(request, nowMs - oldMs)) ?? reply;
  }

  #serve(request: TransportRequest, strike: Strike): TransportReply {
    const { w } = this;
    const post = request.method === "POST";
    const before = post ? w.simulator.orders().length : 0;
    this.#spoil = strike.spoil;
    this.#effects = strike.effects;
    try {
      return delivered(w.simulator.serve({ ...request }).delivery);
    } finally {
      this.#spoil = undefined;
      this.#effects = undefined;
      if (post) {
        const orders = w.simulator.orders();
        for (const order of orders.slice(before)) {
          w.ours.add(order.orderId);
          w.say(
            `venue takes order ${order.orderId}: ${order.settleType} ${order.side} ${order.executionType} of ${order.size}`,
          );
        }
        if (orders.length > before) this.#countEntries(orders);
        w.bare.look(w.nowMs, w.foreignPositions);
      }
    }
  }
  #countEntries(orders: ReturnType<Simulator["orders"]>): void {
    const { w } = this;
    for (const symbol of w.symbols) {
      const live = orders.filter(
        (o) =>
          o.symbol === symbol &&
          o.settleType === "OPEN" &&
          !(isSpot(symbol) && o.side === "SELL") &&
          w.ours.has(o.orderId) &&
          ["ORDERED", "WAITING", "MODIFYING", "CANCELLING"].includes(o.status),
      );
      if (live.length > 1) w.twoEntries += 1;
    }
  }

  /**
   * The venue's own fault: the time a request it lost or refused took, and a while after. Only what was injected
   * counts, and the two refusals that belong to the venue's nature: a position not yet visible, a stop price already
   * passed.
   */
  #excuse(request: TransportRequest, injected: boolean, code: string | undefined, sentMs: number): void {
    const { w } = this;
    const { sale } = struckOf(request);
    const closes = request.path === "/v1/closeOrder" || sale;
    const closing = closes && ["ERR-254", "ERR-5106", "ERR-5129"].includes(code ?? "");
    // A clock that jumped: the first signature after it is refused, the next one follows the venue's clock.
    const jumped = w.plan.venueClock !== undefined && ["ERR-5008", "ERR-5009"].includes(code ?? "");
    const nature = closing || jumped;
    if (!injected && !nature) return;
    const refused = code !== undefined && !UNKNOWN.test(code);
    const lostTailMs = sale && w.plan.coins !== undefined ? LOST_SALE_TAIL_MS : LOST_TAIL_MS;
    const tail = closing && !injected ? NATURE_TAIL_MS : refused ? REFUSED_TAIL_MS : lostTailMs;
    w.excuses.push({ fromMs: sentMs, untilMs: w.nowMs + (code === "ERR-5003" ? RATE_TAIL_MS : tail) });
  }
}

const codeOf = (reply: TransportReply | undefined): string | undefined =>
  /"message_code":"([^"]+)"/.exec(reply?.body ?? "")?.[1];

/** Fills that lack the newest one. */
const withoutNewest = (reply: TransportReply): TransportReply => {
  const body = JSON.parse(reply.body) as { data?: { list?: { executionId: number }[] } };
  const { list } = body.data ?? {};
  if (!list || list.length === 0) return reply;
  const newest = Math.max(...list.map((row) => row.executionId));
  body.data!.list = list.filter((row) => row.executionId !== newest);
  return { ...reply, body: JSON.stringify(body) };
};
