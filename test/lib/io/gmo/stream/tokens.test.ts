// The access token of the private stream: extended, reused, replaced, deleted, and never one more than needed.
import { afterEach, describe, expect, test } from "vitest";
import { Stage } from "./accountStage.ts";
import { type FakeConnection, flush, refused } from "./fakes.ts";

const MINUTE_MS = 60_000;
let stage = new Stage();
afterEach(async () => {
  const stops = stage.streams.map((stream) => stream.stop());
  await stage.timers.pass(10_000);
  await Promise.all(stops);
  expect({ timers: stage.timers.waiting, connections: stage.network.live.length }).toEqual({
    timers: 0,
    connections: 0,
  });
  stage = new Stage();
});
const usedTokens = (): (string | undefined)[] => stage.network.all.map(({ url }) => url.split("/").at(-1));

describe("extending", () => {
  test("every 20 minutes, so that a day passes on one connection and one token", async () => {
    const stream = await stage.liveStream();
    await stage.live(24 * 60 * MINUTE_MS);
    expect(stage.network.all).toHaveLength(1);
    expect(stage.tokens.calls).toEqual(["issue", ...Array(72).fill("extend token-1")]);
    expect(stream.state.kind).toBe("live");
  });

  test("a failure that may pass is tried again: the connection stays", async () => {
    const stream = await stage.liveStream();
    let failures = 2;
    stage.tokens.onExtend = () => (failures-- > 0 ? refused("ERR-5201", "retry") : undefined);
    await stage.live(22 * MINUTE_MS);
    expect(stage.tokens.calls.filter((call) => call.startsWith("extend"))).toHaveLength(3);
    expect([stage.network.all.length, stream.state.kind]).toEqual([1, "live"]);
  });

  test.each([
    ["three failures that might pass", refused("ERR-554", "retry"), 3],
    ["no reply three times", { kind: "unknown", code: "VENUE_TIMEOUT", message: "no reply" } as const, 3],
    ["a refusal", refused("ERR-5106", "permanent"), 1],
  ])("%s: a new token, a new connection, the old token deleted, the gap repaired", async (_name, failure, tries) => {
    const stream = await stage.liveStream();
    stage.tokens.onExtend = () => failure;
    await stage.live(21 * MINUTE_MS + 10_000);
    expect(usedTokens()).toEqual(["token-1", "token-2"]);
    expect(stage.tokens.calls).toEqual([
      ...["issue", ...Array(tries).fill("extend token-1"), "delete token-1", "issue"],
    ]);
    expect(stage.network.all[0]!.closeAsked).toBe(true);
    expect(stage.story.filter((line) => line !== "repaired (routine)")).toEqual(["repaired (a gap)"]);
    expect(stream.state.kind).toBe("live");
  });
});

describe("when the connection ends", () => {
  test("the token is used again: a cut costs none of the five", async () => {
    const stream = await stage.liveStream();
    for (let i = 0; i < 4; i++) {
      stage.network.last.cut();
      await stage.live(MINUTE_MS);
    }
    expect(stage.tokens.calls).toEqual(["issue"]);
    expect(new Set(usedTokens())).toEqual(new Set(["token-1"]));
    expect(stream.state.kind).toBe("live");
  });

  test("by the token's expiry: the next one is refused, a new token is issued, the reason is reported", async () => {
    // It was not extended: our clock stood still, or another program deleted it.
    stage.network.onConnect = (connection: FakeConnection) => {
      if (stage.tokens.knows(connection.url)) connection.open();
      else connection.end({ kind: "refused", httpStatus: 404 });
    };
    const stream = await stage.liveStream();
    stage.tokens.living = [];
    stage.network.last.end({ kind: "closed", code: 1000, reason: "token expired" });
    await stage.live(15_000);
    expect(usedTokens().slice(-2)).toEqual(["token-1", "token-2"]);
    // The token was to blame: nobody is sent to check the address, and the next try does not wait a minute.
    expect(stage.problems).toEqual(["retry VENUE_WS_TOKEN_LOST"]);
    expect(stage.seen.find((event) => event.kind === "problem")).toMatchObject({
      error: { message: expect.stringContaining("it has five") },
    });
    expect(stream.state.kind).toBe("live");
  });

  test("at once, twice: the used token is dropped even without a report", async () => {
    const stream = await stage.liveStream();
    let opened = 0;
    stage.network.onConnect = (connection: FakeConnection) => {
      connection.open();
      opened += 1;
      if (connection.url.endsWith("token-1")) connection.cut(1000);
    };
    stage.network.last.cut();
    await stage.live(MINUTE_MS);
    expect([opened, ...usedTokens()]).toEqual([2, "token-1", "token-1", "token-2"]);
    expect(stage.problems).toEqual(["retry VENUE_WS_TOKEN_LOST"]);
    expect(stream.state.kind).toBe("live");
  });

  test("and could not be made again for 50 minutes: an old token is not tried", async () => {
    const stream = await stage.liveStream();
    let away = true;
    stage.network.onConnect = (connection: FakeConnection) =>
      away ? connection.end({ kind: "refused", httpStatus: 503 }) : connection.open();
    stage.network.last.cut();
    await stage.live(55 * MINUTE_MS);
    away = false;
    await stage.live(3 * MINUTE_MS);
    expect(usedTokens().at(-1)).toBe("token-2");
    expect(stage.tokens.living.map(({ token }) => token)).toEqual(["token-2"]);
    expect(stream.state.kind).toBe("live");
  });

  test("after 25 minutes away the token is extended as soon as the connection lives", async () => {
    await stage.liveStream();
    let away = true;
    stage.network.onConnect = (connection: FakeConnection) =>
      away ? connection.end({ kind: "refused", httpStatus: 503 }) : connection.open();
    stage.network.last.cut();
    await stage.live(25 * MINUTE_MS);
    away = false;
    await stage.live(2 * MINUTE_MS);
    expect(stage.tokens.calls).toEqual(["issue", "extend token-1"]);
  });
});

test("a sixth program takes the token nearest to expiry: ours is replaced, and no war begins", async () => {
  const venue = (connection: FakeConnection): void => {
    if (stage.tokens.knows(connection.url)) connection.open();
    else connection.end({ kind: "refused", httpStatus: 401 });
  };
  stage.network.onConnect = venue;
  const stream = await stage.liveStream();
  for (let i = 0; i < 5; i++) stage.tokens.give();
  // The venue cuts whose token is gone.
  for (const connection of stage.network.live) if (!stage.tokens.knows(connection.url)) connection.cut();
  await stage.live(5 * MINUTE_MS);
  expect(stream.state.kind).toBe("live");
  expect(stage.tokens.calls.filter((call) => call === "issue")).toHaveLength(2);
  expect(stage.tokens.living).toHaveLength(5);
});

test("no token appears in any report", async () => {
  const stream = stage.stream();
  stage.network.onConnect = (connection: FakeConnection) => connection.end({ kind: "refused", httpStatus: 404 });
  stream.start();
  await stage.live(5 * MINUTE_MS);
  await flush();
  const told = JSON.stringify(stage.seen, (_, value) =>
    value instanceof Error ? `${value.message} ${value.stack}` : typeof value === "bigint" ? String(value) : value,
  );
  expect(stage.problems).toContain("alert VENUE_WS_REFUSED");
  expect(told).not.toContain("token-");
});
