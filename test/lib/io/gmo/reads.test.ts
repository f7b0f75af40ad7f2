// A read is repeated a few times with growing waits, and gives up with a verdict; pages are followed to their end.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TransportError, type TransportFailure } from "../../../../lib/io/gmo/transport.ts";
import { type Answer, body, errorOf, json, okay, refusal, stub } from "./stub.ts";

const lost = (failure: TransportFailure): Answer => new TransportError(failure, `no reply: ${failure}`);
const HTML = "<html><body>503 Service Temporarily Unavailable</body></html>";

/** What may pass: name, the answer, code of the error when it does not pass, pause before each further try. */
const PASSING: readonly (readonly [string, Answer, string, readonly number[]])[] = [
  ["a timeout", lost("timeout"), "VENUE_TIMEOUT", [250, 750]],
  ["a reset", lost("reset"), "VENUE_RESET", [250, 750]],
  ["no name resolution", lost("dns"), "VENUE_DNS", [250, 750]],
  ["too much of a reply", lost("oversize"), "VENUE_OVERSIZE", [250, 750]],
  ["any other lack of a reply", lost("other"), "VENUE_OTHER", [250, 750]],
  ["HTTP 500, empty", body("", 500), "VENUE_GARBLED", [250, 750]],
  ["HTTP 503 with HTML", body(HTML, 503), "VENUE_GARBLED", [250, 750]],
  ["HTTP 503 with another refusal", refusal("ERR-201", "", 503), "VENUE_GARBLED", [250, 750]],
  ["HTTP 301 with a refusal", refusal("ERR-201", "", 301), "VENUE_GARBLED", [250, 750]],
  ["HTTP 204", body("", 204), "VENUE_GARBLED", [250, 750]],
  ["HTTP 502 with a good envelope", json({ status: 0, data: [] }, 502), "VENUE_GARBLED", [250, 750]],
  ["HTTP 403 with a good envelope", json({ status: 0, data: [] }, 403), "VENUE_GARBLED", [250, 750]],
  ["HTTP 200 with HTML", body(HTML), "VENUE_GARBLED", [250, 750]],
  ["HTTP 403 with HTML", body(HTML, 403), "VENUE_GARBLED", [250, 750]],
  ["truncated JSON", body('{"status":0,"data":[{"amount":"15'), "VENUE_GARBLED", [250, 750]],
  ["an empty body", body(""), "VENUE_GARBLED", [250, 750]],
  ["JSON that is no envelope", body("[]"), "VENUE_GARBLED", [250, 750]],
  ["a failure without a code", json({ status: 1, messages: [] }), "VENUE_GARBLED", [250, 750]],
  ["the rate limit", refusal("ERR-5003"), "ERR-5003", [2_000, 2_000]],
];

describe("retries", () => {
  test.each(PASSING)("%s: tried three times, then verdict retry", async (_name, answer, code, waits) => {
    const world = stub([answer, answer, answer]);
    expect(await errorOf(world.venue.assets())).toMatchObject({ verdict: "retry", code });
    expect(world.sent).toHaveLength(3);
    expect(world.timers.sleeps).toEqual(waits);
    for (const at of [1, 2]) {
      const recovering = stub([...Array(at).fill(answer), okay([])]);
      expect(await recovering.venue.assets()).toEqual([]);
      expect(recovering.sent).toHaveLength(at + 1);
    }
  });
  test("any mixture of failures ends after three tries or with the first good reply, never with a wrong value", async () => {
    const failures = fc.array(fc.constantFrom(...PASSING), { minLength: 0, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(failures, async (before) => {
        const world = stub([...before.map(([, answer]) => answer), okay([])]);
        const waits = before.slice(0, 2).map(([, , , pauses], i) => pauses[i]);
        if (before.length < 3) expect(await world.venue.assets()).toEqual([]);
        else expect(await errorOf(world.venue.assets())).toMatchObject({ verdict: "retry", code: before[2]![2] });
        expect(world.sent).toHaveLength(Math.min(before.length + 1, 3));
        expect(world.timers.sleeps).toEqual(waits);
      }),
    );
  });
  test.each(["ERR-5201", "ERR-5202"])(
    "HTTP 503 with %s is the venue's state: told at once, nothing retried",
    async (code) => {
      const world = stub([refusal(code, "closed", 503)]);
      expect(await errorOf(world.venue.assets())).toMatchObject({ verdict: "retry", code });
      expect(world.sent).toHaveLength(1);
    },
  );
  test("the same request goes out each time, with the configured limit of 5 s", async () => {
    const world = stub([lost("timeout"), lost("reset"), okay({})]);
    await world.venue.activeOrders("BTC_JPY");
    const asked = world.sent.map(({ method, path, query, timeoutMs }) => ({ method, path, query, timeoutMs }));
    const one = { method: "GET", path: "/v1/activeOrders", query: "symbol=BTC_JPY&page=1&count=100", timeoutMs: 5_000 };
    expect(asked).toEqual([one, one, one]);
  });
  test("a reply of another shape is not asked for again", async () => {
    const world = stub([okay({ status: "OPEN" })]);
    expect(await errorOf(world.venue.margin())).toMatchObject({ verdict: "alert", code: "VENUE_REPLY" });
    expect(world.sent).toHaveLength(1);
  });
  test("what is no transport failure is a bug and passes through untouched", async () => {
    const bug = new TypeError("a bug");
    const world = stub([bug]);
    await expect(world.venue.margin()).rejects.toBe(bug);
    expect(world.sent).toHaveLength(1);
  });
});

describe("abort", () => {
  const aborted = { verdict: "retry", code: "VENUE_ABORTED" };
  test("before: nothing is sent", async () => {
    const world = stub([]);
    expect(await errorOf(world.venue.margin(AbortSignal.abort()))).toMatchObject(aborted);
    expect(world.sent).toEqual([]);
  });
  test("while the venue answers: the transport gets the signal and the read ends", async () => {
    const abort = new AbortController();
    const world = stub([
      ({ signal }) => {
        expect(signal).toBe(abort.signal);
        abort.abort();
        throw new TransportError("aborted", "aborted");
      },
    ]);
    expect(await errorOf(world.venue.margin(abort.signal))).toMatchObject(aborted);
    expect(world.sent).toHaveLength(1);
    expect(world.timers.sleeps).toEqual([]);
  });
  test("while waiting for the next try: no further try", async () => {
    const abort = new AbortController();
    const world = stub([lost("reset")]);
    world.timers.onSleep = () => abort.abort();
    expect(await errorOf(world.venue.margin(abort.signal))).toMatchObject(aborted);
    expect(world.sent).toHaveLength(1);
  });
});

describe("pages and batches", () => {
  const row = (executionId: number) => ({
    executionId,
    orderId: 1,
    symbol: "BTC_JPY",
    side: "BUY",
    settleType: "OPEN",
    size: "0.01",
    price: "1",
    lossGain: "0",
    fee: "0",
    timestamp: "2026-09-20T01:02:03.456Z",
  });
  const page = (first: number, rows: number) =>
    okay(rows === 0 ? {} : { list: Array.from({ length: rows }, (_, i) => row(first + i)) });

  test.each([
    [30, [page(1, 30)]],
    [130, [page(1, 100), page(101, 30)]],
    [200, [page(1, 100), page(101, 100), page(201, 0)]],
  ])("%i executions are read to the last page", async (count, pages) => {
    const world = stub(pages);
    const rows = await world.venue.latestExecutions("BTC_JPY");
    expect(rows.map(({ executionId }) => executionId)).toEqual(Array.from({ length: count }, (_, i) => String(i + 1)));
    expect(world.sent.map(({ query }) => query)).toEqual(pages.map((_, i) => `symbol=BTC_JPY&page=${i + 1}&count=100`));
  });
  test("a failure on a later page is a failure, never a shorter list", async () => {
    expect(await errorOf(stub([page(1, 100), refusal("ERR-5012")]).venue.latestExecutions("BTC_JPY"))).toMatchObject({
      verdict: "alert",
      code: "ERR-5012",
    });
  });
  test("a venue without a last page is an alert", async () => {
    const world = stub(Array.from({ length: 101 }, (_, i) => page(1 + i * 100, 100)));
    const error = await errorOf(world.venue.latestExecutions("BTC_JPY"));
    expect(error).toMatchObject({ verdict: "alert", code: "VENUE_REPLY" });
    expect(error.message).toContain("found 100 full ones");
    expect(world.sent).toHaveLength(100);
  });
  test("a venue that sends the same page again and again is an alert at once", async () => {
    const world = stub(Array(101).fill(page(1, 100)));
    const error = await errorOf(world.venue.latestExecutions("BTC_JPY"));
    expect(error).toMatchObject({ verdict: "alert", code: "VENUE_REPLY" });
    expect(error.message).toContain("page 2 full of rows of earlier pages");
    expect(world.sent).toHaveLength(2);
  });
  test("rows that moved down while we read count once, with what the later page says", async () => {
    const later = { ...row(100), fee: "7" };
    const second = okay({ list: [later, ...Array.from({ length: 50 }, (_, i) => row(101 + i))] });
    const rows = await stub([page(1, 100), second]).venue.latestExecutions("BTC_JPY");
    expect(rows).toHaveLength(150);
    expect(new Set(rows.map(({ executionId }) => executionId)).size).toBe(150);
    expect(rows.find(({ executionId }) => executionId === "100")?.fee).toBe(700_000_000n);
  });
  test("orders are asked for by ten ids a call, commas as they are; none asks nothing", async () => {
    const ids = Array.from({ length: 23 }, (_, i) => String(8_819_977_864 + i));
    const world = stub([okay({}), okay({}), okay({})]);
    expect(await world.venue.orders(ids)).toEqual([]);
    expect(world.sent.map(({ query }) => query)).toEqual([
      `orderId=${ids.slice(0, 10).join(",")}`,
      `orderId=${ids.slice(10, 20).join(",")}`,
      `orderId=${ids.slice(20).join(",")}`,
    ]);
    expect(await stub([]).venue.orders([])).toEqual([]);
  });
});
