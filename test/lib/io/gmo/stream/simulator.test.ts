// The view against the simulated venue: its own frames as they go over the wire, many lost, doubled or swapped, random
// requests of every kind; after each repair over REST the view is what REST says.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type EpochMs, epochMs } from "../../../../../lib/core/time.ts";
import { isTerminalStatus } from "../../../../../lib/core/venue.ts";
import type { AccountEvent } from "../../../../../lib/core/venueEvents.ts";
import { createGmoVenue } from "../../../../../lib/io/gmo/gmoVenue.ts";
import { repairOver } from "../../../../../lib/io/gmo/stream/accountRepair.ts";
import { VenueView } from "../../../../../lib/io/gmo/stream/venueView.ts";
import { orderOfRest, positionOf } from "../../../../../lib/io/gmo/stream/viewRows.ts";
import { noTimers } from "../../../../../lib/io/gmo/timers.ts";
import { readFrame } from "../../../../../lib/io/gmo/wireEvents.ts";
import { silentLogger } from "../../../../../lib/io/logger.ts";
import { seededRandom } from "../../../../../lib/io/random.ts";
import { privateFrames } from "../../../../../lib/sim/api/wireFrames.ts";
import { LONG } from "../../../../long.ts";
import { Desk } from "../../../sim/desk.ts";
import { playVenue, venueCommands } from "../../../sim/venueStreams.ts";

const SYMBOLS = ["BTC_JPY", "BTC"];
const { signal } = new AbortController();

/** The frames of one command, one after the other as the venue would send them. */
const framesOf = (desk: Desk, play: () => void): AccountEvent[] => {
  const events: AccountEvent[] = [];
  const stop = desk.simulator.onEvent((event) => {
    for (const { frame } of privateFrames(event)) {
      const read = readFrame(JSON.stringify(frame));
      if (read.kind === "unreadable") throw new Error(`${read.reason}: ${JSON.stringify(frame)}`);
      events.push(read.frame as AccountEvent);
    }
  });
  play();
  stop();
  return events;
};

test("after each repair the view is what REST says, whatever the sockets lost", async () => {
  await fc.assert(
    fc.asyncProperty(venueCommands(60), fc.nat(), async (commands, seed) => {
      const random = seededRandom(seed);
      const desk = new Desk({ spot: { BTC: 100_000_000n as never }, seed: 7 });
      const clock = { nowMs: (): EpochMs => desk.nowMs };
      const venue = createGmoVenue({
        ...{ transport: desk.simulator.transport(), credentials: desk.simulator.credentials() },
        ...{ clock, log: silentLogger(), timers: noTimers },
      });
      const repair = repairOver(venue, SYMBOLS, clock);
      const view = new VenueView({ symbols: SYMBOLS, graceMs: 1_000, clockMarginMs: 0 });
      const late: AccountEvent[] = [];
      const settle = async (): Promise<void> => {
        for (let round = 0; round < 10; round++) {
          // Past the grace and past every request under way.
          desk.simulator.advanceTo(epochMs(desk.nowMs + 2_000));
          const askedAtMs = desk.nowMs;
          const { contradictions } = view.merge(
            await repair(() => view.openQuestions(), signal),
            askedAtMs,
            desk.nowMs,
          );
          expect(contradictions).toEqual([]);
          if (view.doubts === 0) return;
        }
        throw new Error(`${view.doubts} doubts after 10 repairs`);
      };
      const isRight = async (): Promise<void> => {
        for (const symbol of SYMBOLS) {
          const active = (await venue.activeOrders(symbol)).map(orderOfRest);
          expect(byId(view.liveOrders(symbol), "orderId")).toEqual(byId(active, "orderId"));
        }
        const open = (await venue.openPositions("BTC_JPY")).map(positionOf);
        expect(byId(view.positions("BTC_JPY"), "positionId")).toEqual(byId(open, "positionId"));
        const ended = view.orders().filter(({ status }) => isTerminalStatus(status));
        const truth = new Map(
          (await venue.orders(ended.map(({ orderId }) => orderId))).map((row) => [row.orderId, row]),
        );
        for (const row of ended) {
          const rest = truth.get(row.orderId)!;
          expect([row.orderId, row.status, row.executedSize]).toEqual([rest.orderId, rest.status, rest.executedSize]);
        }
        const fills = (await Promise.all(SYMBOLS.map((symbol) => venue.latestExecutions(symbol)))).flat();
        expect(byId(view.executions(), "executionId")).toEqual(byId(fills, "executionId"));
      };
      try {
        await settle();
        for (const command of commands) {
          for (const event of framesOf(desk, () => void playVenue(desk, command))) {
            const fate = random.int(6);
            if (fate === 0) continue;
            if (fate === 1) late.push(event);
            else view.apply(event, desk.nowMs);
            if (fate === 2) view.apply(event, desk.nowMs);
          }
          while (late.length > 0 && random.int(3) === 0)
            view.apply(late.splice(random.int(late.length), 1)[0]!, desk.nowMs);
          if (random.int(12) === 0) {
            await settle();
            await isRight();
          }
        }
        await settle();
        for (const event of late) view.apply(event, desk.nowMs);
        await isRight();
        await settle();
        await isRight();
      } finally {
        desk.close();
      }
    }),
    { numRuns: LONG ? 1_000 : 25 },
  );
});

const byId = <T>(rows: readonly T[], key: keyof T): T[] =>
  rows.toSorted((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1));
