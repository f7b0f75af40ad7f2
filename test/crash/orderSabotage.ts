// Promises broken on purpose, to see that the proof would notice: each mode must show in its column of the report.

import { isSpot } from "../../lib/core/product.ts";
import type { Venue } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";
import type { Registry } from "../../queue/registry.ts";
import type { AnyHandler } from "../../queue/types.ts";

interface Mode {
  /** What it breaks, for the help text. */
  readonly breaks: string;
  readonly venue: (venue: Venue) => Venue;
  readonly registry: (registry: Registry) => Registry;
  /** At the start of each life. */
  readonly boot?: (sql: Sqlite, life: number) => void;
}
const same = <T>(value: T): T => value;
const without = (registry: Registry, ...names: readonly string[]): Registry =>
  new Map(
    [...registry].map(([name, handler]): [string, AnyHandler] => [
      name,
      names.includes(name) ? { ...handler, run: () => Promise.resolve({ kind: "done" } as const) } : handler,
    ]),
  );

/** Closing orders of both products, some of them refused without being sent. */
const refusing = (
  venue: Venue,
  when: {
    readonly isNext: (isStop: boolean) => boolean;
    readonly told: (kind: "accepted" | "refused" | "unknown", isStop: boolean) => void;
  },
): Pick<Venue, "order" | "closeOrder"> => {
  const through =
    <R extends { readonly executionType: string; readonly side: string; readonly symbol: string }>(
      send: (request: R) => ReturnType<Venue["order"]>,
      closes: (request: R) => boolean,
    ) =>
    async (request: R): ReturnType<Venue["order"]> => {
      if (!closes(request)) return send(request);
      const isStop = request.executionType === "STOP";
      const result = when.isNext(isStop)
        ? ({ kind: "refused", code: "ERR-5121", message: "sabotage", resend: "later", verdict: "retry" } as const)
        : await send(request);
      when.told(result.kind, isStop);
      return result;
    };
  return {
    order: through(venue.order, ({ symbol, side }) => isSpot(symbol) && side === "SELL"),
    closeOrder: through(venue.closeOrder, () => true),
  };
};

const MODES = {
  resend: {
    breaks: "an entry without an answer is sent again",
    venue: (venue) => ({
      ...venue,
      order: async (request) => {
        const first = await venue.order(request);
        return first.kind === "unknown" ? venue.order(request) : first;
      },
    }),
    registry: same,
  },
  blind: {
    breaks: "what is looked for is never found",
    venue: (venue) => ({ ...venue, activeOrders: async () => [], latestExecutions: async () => [] }),
    registry: same,
  },
  forgetIntent: {
    breaks: "a start throws away the orders without an answer",
    venue: same,
    registry: same,
    boot: (sql, life) => {
      if (life > 1)
        sql.exec(
          "UPDATE orders SET state = 'neverSent', sent_ms = NULL, closed_ms = created_ms, detail = 'forgotten' WHERE state IN ('sending', 'unknown')",
        );
    },
  },
  forgetStop: {
    breaks: "fills are not protected",
    venue: same,
    registry: (registry) => without(registry, "placeProtectiveOrders"),
  },
  forgetEntry: {
    breaks: "an approved entry is not looked after",
    venue: same,
    registry: (registry) => without(registry, "watchEntry"),
  },
  leaveBare: {
    breaks: "a refused close leaves the position without its stop for a while",
    venue: (venue) => {
      // In place of our own pause: the stop that should be back at once is refused once more, by nobody.
      let refused = false;
      return {
        ...venue,
        ...refusing(venue, {
          isNext: (isStop) => isStop && refused,
          told: (kind, isStop) => {
            refused = kind === "refused" && !isStop;
          },
        }),
      };
    },
    registry: same,
  },
  wrongResult: {
    breaks: "the book is a yen off",
    venue: (venue) => ({
      ...venue,
      executions: async (orderId, signal) =>
        (await venue.executions(orderId, signal)).map((e) => ({ ...e, fee: (e.fee + 100_000_000n) as typeof e.fee })),
    }),
    registry: same,
  },
} as const satisfies Readonly<Record<string, Mode>>;

export type Sabotage = keyof typeof MODES;
export const SABOTAGES: Readonly<Record<Sabotage, Mode>> = MODES;
