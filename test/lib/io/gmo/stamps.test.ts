// A refused timestamp gives way to the other kind: a connector is never locked out by its own measurement.
import { expect, test } from "vitest";
import type { TransportRequest } from "../../../../lib/io/gmo/transport.ts";
import { AT_MS, errorOf, json, stub } from "./stub.ts";

const stampOf = (request: TransportRequest): number => Number(request.headers["API-TIMESTAMP"]);
const LATE = {
  status: 1,
  messages: [{ message_code: "ERR-5009", message_string: "Timestamp for this request is too early." }],
};
const MARGIN = {
  actualProfitLoss: "1000000",
  availableAmount: "1000000",
  margin: "0",
  marginCallStatus: "NORMAL",
  profitLoss: "0",
  transferableAmount: "1000000",
};

/** A venue that tells the time `toldMs` from ours and takes timestamps within 5 s of the time `judgedMs` from ours. */
const venue = (toldMs: number, judgedMs: number) => {
  const taken: boolean[] = [];
  const s = stub(
    Array.from({ length: 40 }, () => (request: TransportRequest) => {
      const nowMs = AT_MS + s.timers.nowMs;
      const fine = Math.abs(stampOf(request) - (nowMs + judgedMs)) <= 5_000;
      taken.push(fine);
      const responsetime = new Date(nowMs + toldMs).toISOString();
      return json(fine ? { status: 0, data: MARGIN, responsetime } : { ...LATE, responsetime });
    }),
  );
  return { s, taken };
};

test.each<[string, number, number, number]>([
  ["tells another time than it judges by", -3_600_000, 0, 1],
  ["tells the time it judges by, an hour from ours", -3_600_000, -3_600_000, 1],
  ["agrees with us", 0, 0, 0],
])("a venue that %s refuses at most one request in a row", async (_, toldMs, judgedMs, refusals) => {
  const { s, taken } = venue(toldMs, judgedMs);
  for (let i = 0; i < 8; i += 1) {
    s.timers.nowMs += 1_000;
    await s.api.margin();
  }
  expect(taken.filter((fine) => !fine).length).toBe(refusals);
  expect(s.client.clock().refused).toBe(false);
});

test("a venue that takes neither our time nor the one it tells: said so until it takes one again", async () => {
  let judgedMs = 7_000_000;
  const s = stub(
    Array.from({ length: 20 }, () => (request: TransportRequest) => {
      const nowMs = AT_MS + s.timers.nowMs;
      const fine = Math.abs(stampOf(request) - (nowMs + judgedMs)) <= 5_000;
      const responsetime = new Date(nowMs - 60_000).toISOString();
      return json(fine ? { status: 0, data: MARGIN, responsetime } : { ...LATE, responsetime });
    }),
  );
  expect(await errorOf(s.api.margin())).toMatchObject({ code: "ERR-5009" });
  expect(s.client.clock().refused).toBe(true);
  judgedMs = 0;
  await s.api.margin();
  expect(s.client.clock().refused).toBe(false);
});

test("a write refused for its timestamp was not executed; the next one carries the other time", async () => {
  const { s, taken } = venue(-60_000, 0);
  await s.api.margin();
  taken.length = 0;
  s.timers.nowMs += 1_000;
  const first = await s.api.cancelOrder("1");
  expect(first).toMatchObject({ kind: "refused", code: "ERR-5009", resend: "later" });
  expect(taken).toEqual([false]);
  await s.api.cancelOrder("1");
  expect(taken).toEqual([false, true]);
});
