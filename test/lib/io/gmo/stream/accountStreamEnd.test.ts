// How a private stream ends, on a fake network in fake time: refused channels, stopping, no access token.
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../../../../lib/core/errors.ts";
import { Stage } from "./accountStage.ts";
import { type FakeConnection, refused, stopAll } from "./fakes.ts";

let stage = new Stage();
afterEach(async () => {
  await stopAll(stage);
  stage = new Stage();
});

describe("a refused channel", () => {
  test.each([
    ["ERR-5012 Invalid permissions for action", "alert ERR-5012"],
    ["ERR-5106 Invalid request parameter. channel", "permanent ERR-5106"],
  ])("%s: told once, the stream gives up and does not loop", async (error, problem) => {
    const stream = stage.stream();
    stream.start();
    await stage.timers.pass(1_500);
    stage.network.last.send({ error });
    await stage.live(3_600_000);
    expect(stage.problems).toEqual([problem]);
    expect(stream.state).toMatchObject({
      kind: "down",
      final: true,
      reason: `${problem.split(" ")[1]} on orderEvents`,
    });
    expect([stage.network.all.length, stage.network.last.said]).toEqual([1, ["executionEvents", "orderEvents"]]);
    expect(stage.tokens.calls).toEqual(["issue", "delete token-1"]);
  });

  test("with a token of an earlier connection: a fresh one is tried first", async () => {
    const stream = await stage.liveStream();
    stage.network.last.cut();
    await stage.timers.pass(500);
    stage.network.last.send({ error: "ERR-5012 Invalid permissions for action" });
    await stage.live(20_000);
    expect(stage.network.all.map(({ url }) => url.split("/").at(-1))).toEqual(["token-1", "token-1", "token-2"]);
    expect([stream.state.kind, ...stage.problems]).toEqual(["live"]);
  });
});

describe("stopping leaves nothing behind, whatever the stream was doing", () => {
  const opens = (connection: FakeConnection): void => connection.open();
  test.each([
    ["not started", "connecting", opens, undefined, []],
    ["waiting for the upgrade", "connecting", (): void => {}, 10, ["issue", "delete token-1"]],
    ["subscribing", "connecting", opens, 1_500, ["issue", "delete token-1"]],
    ["repairing", "repairing", opens, 4_000, ["issue", "delete token-1"]],
    ["live", "live", opens, 10_000, ["issue", "delete token-1"]],
    [
      "waiting to reconnect",
      "down",
      (connection: FakeConnection): void => connection.end({ kind: "refused", httpStatus: 503 }),
      10,
      ["issue", "delete token-1"],
    ],
  ])("%s", async (_name, kind, onConnect, forMs, calls) => {
    stage.network.onConnect = onConnect;
    const stream = stage.stream();
    if (forMs !== undefined) {
      stream.start();
      await stage.live(forMs);
    }
    expect(stream.state.kind).toBe(kind);
    const stopped = Promise.all([stream.stop(), stream.stop()]);
    await stage.timers.pass(2_100);
    await stopped;
    expect(stream.state).toMatchObject({ kind: "down", reason: "stopped", final: true });
    expect([stage.timers.waiting, stage.network.live.length, stage.tokens.living]).toEqual([0, 0, []]);
    expect(stage.tokens.calls).toEqual(calls);
    const made = stage.network.all.length;
    await stage.timers.pass(3_600_000);
    expect([stage.network.all.length, stage.tokens.calls.length]).toEqual([made, calls.length]);
  });

  test("while a failed repair waits for its next try", async () => {
    stage.restFails = new AppError("retry", "VENUE_TIMEOUT", "expected a reply, found none");
    const stream = stage.stream();
    stream.start();
    await stage.live(4_300);
    const stopped = stream.stop();
    await stage.timers.pass(100);
    await stopped;
    expect(stage.timers.waiting).toBe(0);
  });

  test("while the token is being issued: it is deleted when it comes", async () => {
    const gates: (() => void)[] = [];
    stage.tokens.onIssue = () => new Promise((resolve) => void gates.push(() => resolve(undefined)));
    const stream = stage.stream();
    stream.start();
    await stage.timers.pass(10);
    const stopped = stream.stop();
    await stage.timers.pass(1_000);
    gates[0]!();
    await stage.timers.pass(10);
    await stopped;
    expect([stage.tokens.calls, stage.tokens.living]).toEqual([["issue", "delete token-1"], []]);
    expect([stage.network.all.length, stage.timers.waiting]).toEqual([0, 0]);
  });

  test("a venue that never answers the token's calls does not hold it up for more than 3 s", async () => {
    stage.tokens.onDelete = () => new Promise(() => {});
    const stream = await stage.liveStream();
    const stopped = stream.stop();
    await stage.timers.pass(3_000);
    await stopped;
    expect(stage.timers.waiting).toBe(0);
  });
});

test("no token: logged once, retried with growing waits", async () => {
  stage.tokens.onIssue = async () => ({ kind: "unknown", code: "VENUE_TIMEOUT", message: "no reply" });
  const stream = stage.stream();
  stream.start();
  await stage.timers.pass(120_000);
  expect(stage.problems).toEqual(["retry VENUE_TIMEOUT"]);
  expect(stream.state).toMatchObject({ kind: "down", final: false });
  expect(stage.tokens.calls.length).toBeGreaterThan(8);
  expect(stage.tokens.calls.length).toBeLessThan(30);
});
test("a key without token permission is logged once and retried rarely; maintenance is waited out", async () => {
  stage.tokens.onIssue = async () => refused("ERR-5012", "alert");
  stage.stream().start();
  await stage.timers.pass(600_000);
  expect(stage.problems).toEqual(["alert ERR-5012"]);
  expect(stage.tokens.calls.length).toBeLessThan(11);
  const before = stage.tokens.calls.length;
  stage.tokens.onIssue = async () => refused("ERR-5201", "retry");
  await stage.timers.pass(600_000);
  expect(stage.tokens.calls.length - before).toBeGreaterThan(8);
  expect(stage.tokens.calls.length - before).toBeLessThan(21);
});
