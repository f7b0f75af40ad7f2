// What the rows of section 11 share: what the venue answers, and what our connector makes of it, judged by the
// reference's own words (test/lib/io/gmo/section11.ts). A code that a situation of the simulated venue leads to is
// produced by that situation; the others by a fault script, because only GMO can be in that state.
import { expect } from "vitest";
import type { AppError } from "../../../../lib/core/errors.ts";
import { epochMs } from "../../../../lib/core/time.ts";
import type { WriteResult } from "../../../../lib/core/venue.ts";
import { realClock } from "../../../../lib/io/clock.ts";
import { meaningOf } from "../../io/gmo/section11.ts";
import type { Reply, StandOptions } from "../server/stand.ts";
import { at, orderOf, type Row, row, type World } from "./world.ts";

export const REST = { price: at(-10_000) } as const;

/** The write is refused with this code, or unknown where the reference says so, and went out once. */
export const refusedWrite = async (
  w: World,
  code: string,
  write: () => Promise<WriteResult<unknown>>,
): Promise<void> => {
  const before = w.wire.length;
  const result = await write();
  const { resendPost, verdict } = meaningOf(code);
  expect(result).toMatchObject(
    resendPost === "unknown" ? { kind: "unknown", code } : { kind: "refused", code, resend: resendPost, verdict },
  );
  expect(w.last.json.messages[0].message_code).toBe(code);
  expect(w.last.json).not.toHaveProperty("data");
  expect(w.wire.length - before).toBe(1);
};
const TRIES: Readonly<Record<string, number>> = { no: 1, soon: 3, pause: 3, resign: 2 };
/** The read fails with this code and its verdict, after as many tries as the reference allows. */
export const failedRead = async (w: World, code: string, read: () => Promise<unknown>): Promise<void> => {
  const before = w.wire.length;
  const error = (await read().then(
    () => undefined,
    (e: unknown) => e,
  )) as AppError | undefined;
  const { retryGet, verdict } = meaningOf(code);
  expect(error).toMatchObject({ code, verdict });
  expect(w.wire.length - before).toBe(TRIES[retryGet]);
};
export const nothingOfOurs = async ({ venue }: World): Promise<void> => {
  const { simulator } = venue.server;
  expect([simulator.orders().length, simulator.executions().length]).toEqual([0, 0]);
};
export const wireCode = async (reply: Promise<Reply>): Promise<readonly [number, string | undefined]> => {
  const { http, code } = await reply;
  return [http, code];
};

export const coded = (code: string, says: string, check: Row["check"], venue?: StandOptions): Row =>
  row("11", "D", `${code}: ${says}`, check, venue);

/** By the fault script: the gateway says it, nothing is executed. */
export const scripted = (code: string, says: string): Row =>
  coded(
    code,
    says,
    async (w) => {
      await failedRead(w, code, () => w.api.margin());
      await refusedWrite(w, code, () => w.api.order(orderOf(REST)));
      await nothingOfOurs(w);
    },
    {
      faults: {
        rules: ["/v1/order", "/v1/account/margin"].map((path) => ({
          match: { path },
          fault: { kind: "error", phase: "before", code },
        })),
      },
    },
  );

export const closing = async (w: World) => {
  const { positionId, size } = await w.position();
  return { ...orderOf({ side: "SELL", size }), positionId };
};
export const closed = (kind: string) => ({ faults: { closures: [{ kind, fromMs: 0, untilMs: 60_000 }] } });
/** A clock that is wrong by so much, and a connector that does not correct it. */
export const clockOff = (w: World, ms: number) =>
  w.apiWith({ clock: { nowMs: () => epochMs(realClock.nowMs() + ms) }, followVenueClock: false });
