// `trader gmo` as a user runs it: what it prints where, and how it ends.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { KINDS } from "../../../../lib/io/gmo/decodeKinds.ts";
import { traderHere } from "../../../e2e/trader.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "cryptotrader-gmo-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
};
const gmo = (args: readonly string[], input: string | Uint8Array = "") => {
  const main = join(inject("testBuild"), "handlers", "main.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "gmo", ...args], {
    cwd: dir,
    input,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
};
const ORDER_ID = '{"status":0,"data":"8819977864"}';
const REFUSED =
  '{"status":1,"messages":[{"message_code":"ERR-201","message_string":"Trading margin is insufficient."}]}';

describe("trader gmo decode", () => {
  test("a file, as one JSON object: exit 0", () => {
    const run = gmo(["decode", "private/order", file("order.json", ORDER_ID), "--json"]);
    expect(run).toEqual({
      status: 0,
      stdout: '{"ok":true,"kind":"private/order","value":"8819977864"}\n',
      stderr: "",
    });
  });
  test("standard input, for a person: the kind and the value; warnings go to stderr", () => {
    const text =
      '{"status":0,"data":[{"symbol":"BTC","amount":"0.12345678901234567","available":"0","conversionRate":"1"}]}';
    const { status, stdout, stderr } = gmo(["decode", "private/assets", "-"], text);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^private\/assets\n/);
    expect(stdout).toContain('"amount": "0.12345678901234567"');
    expect(stderr).toMatch(/^warning: more than 8 decimals/);
  });
  test("a refusal: exit 1, the JSON object on stdout, the same for a person on stderr", () => {
    const { status, stdout, stderr } = gmo(["decode", "private/order", "-", "--json"], REFUSED);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      kind: "private/order",
      code: "ERR-201",
      verdict: "permanent",
      retryGet: "no",
      resendPost: "never",
      message: expect.stringContaining("Trading margin is insufficient."),
    });
    // Ours are in the middle: the first and the last are what every failure has.
    expect(Object.keys(JSON.parse(stdout)).toString()).toBe("ok,code,verdict,kind,retryGet,resendPost,message");
    expect(stderr).toMatch(/^trader: ERR-201: .*\(verdict permanent\)\n$/);
    const readable = gmo(["decode", "private/order", "-"], REFUSED);
    expect(readable).toMatchObject({ status: 1, stdout: "", stderr });
  });
  test.each<[string, string, string | Uint8Array, object]>([
    ["an empty file", "public/ticker", "", { code: "VENUE_GARBLED", verdict: "retry" }],
    [
      "bytes that are no text",
      "public/ticker",
      new Uint8Array([0xff, 0xfe, 0x7b, 0]),
      { code: "VENUE_GARBLED", verdict: "retry" },
    ],
    [
      "such bytes as the answer to an order",
      "private/order",
      new Uint8Array([0x1f, 0x8b]),
      { code: "VENUE_GARBLED", verdict: "alert" },
    ],
    ["truncated JSON", "private/order", ORDER_ID.slice(0, -3), { code: "VENUE_GARBLED", verdict: "alert" }],
    ["deep nesting", "public/ticker", "[".repeat(200_000), { code: "VENUE_GARBLED", verdict: "retry" }],
    [
      "deep nesting that ends",
      "public/ticker",
      `{"status":0,"data":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
      { code: "VENUE_REPLY", verdict: "alert" },
    ],
  ])("%s: exit 1 and a verdict", async (name, kind, content, failure) => {
    const { code, stdout } = await traderHere(["gmo", "decode", kind, file(name, content), "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, kind, ...failure });
  });
  test("a byte order mark is no part of the reply", () => {
    expect(gmo(["decode", "private/order", "-", "--json"], `\uFEFF${ORDER_ID}`).status).toBe(0);
  });
  test("a file beyond any reply is given up at its limit, not read", () => {
    const huge = file("huge", "");
    truncateSync(huge, 3_000_000_000);
    const { status, stdout } = gmo(["decode", "private/order", huge, "--json"]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, code: "VENUE_OVERSIZE", verdict: "alert" });
    const piped = gmo(["decode", "public/ticker", "-", "--json"], Buffer.alloc(9_000_000, 32));
    expect(piped.status).toBe(1);
    expect(JSON.parse(piped.stdout)).toMatchObject({ code: "VENUE_OVERSIZE", verdict: "retry" });
  });
  test("a large reply below the limit is read whole", () => {
    const level = '{"price":"13660704","size":"0.001"}';
    const levels = Array(100_000).fill(level).join(",");
    const { status, stdout } = gmo(
      ["decode", "public/orderbooks", "-", "--json"],
      `{"status":0,"data":{"symbol":"BTC","asks":[${levels}],"bids":[]}}`,
    );
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as { value: { asks: unknown[] } }).value.asks).toHaveLength(100_000);
  });
  test.each([
    ["an unknown kind", ["decode", "private/nothing", "-"], /trader gmo kinds/],
    ["a kind without its area", ["decode", "ticker", "-"], /did you mean public\/ticker or ws\/ticker/],
    ["a missing file", ["decode", "public/ticker", "absent.json"], /expected a readable file, found absent\.json/],
    ["a folder", ["decode", "public/ticker", "."], /expected a readable file/],
    ["no file", ["decode", "public/ticker"], /missing required argument 'file'/],
    ["no kind", ["decode"], /missing required argument 'kind'/],
    ["a word too many", ["decode", "public/ticker", "-", "more"], /too many arguments/],
    ["an unknown option", ["decode", "public/ticker", "-", "--yaml"], /unknown option/],
    ["an unknown command", ["encode"], /unknown command/],
  ])("%s is wrong use: exit 2", async (_name, args, message) => {
    const { code, stdout, stderr } = await traderHere(["gmo", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });
});

describe("trader gmo kinds", () => {
  test("one a line, and as JSON", () => {
    const { status, stdout } = gmo(["kinds"]);
    expect(status).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/\s/)[0]),
    ).toEqual(KINDS.map(({ name }) => name));
    const json = JSON.parse(gmo(["kinds", "--json"]).stdout) as { kind: string; about: string }[];
    expect(json.map(({ kind }) => kind)).toEqual(KINDS.map(({ name }) => name));
    expect(json.every(({ about }) => about.length > 0)).toBe(true);
  });
  test("all that the issue names", () => {
    const named =
      "public/status public/ticker public/orderbooks public/trades public/klines public/symbols private/margin private/assets private/tradingVolume private/orders private/activeOrders private/executions private/latestExecutions private/openPositions private/positionSummary private/order private/closeOrder private/closeBulkOrder private/changeOrder private/cancelOrder private/cancelOrders private/cancelBulkOrder private/changeLosscutPrice private/transfer private/ws-auth private/exchangeFee ws/ticker ws/orderbooks ws/trades ws/executionEvents ws/orderEvents ws/positionEvents ws/positionSummaryEvents ws/error error";
    const have = new Set(KINDS.map(({ name }) => name));
    expect(named.split(" ").filter((name) => !have.has(name))).toEqual([]);
  });
});
