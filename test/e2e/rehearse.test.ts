// trader rehearse, short: one whole trade in MODE=live over HTTP and WebSocket, the worker killed on the way. The long run plays
// twenty, with an exchange that loses answers and cuts connections.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LONG } from "../long.ts";
import { lastJson, tempFolder, trader, traderHere } from "./trader.ts";

interface Result {
  readonly rounds: number;
  readonly kills: number;
  readonly trades: number;
}
const FINE = {
  duplicateEntries: 0,
  lostOrders: 0,
  unresolvedUnknown: 0,
  pnlMismatchJpy: 0,
  bookMatchesVenue: true,
};
const SEED = process.env["TEST_SEED"] ?? "7";

test(`a whole trade with a kill, seed ${SEED}`, async () => {
  const ended = await trader(["rehearse", "--rounds", "1", "--kills", "1", "--speed", "20", "--seed", SEED, "--json"]);
  expect([ended.code, ended.stderr]).toEqual([0, expect.stringMatching(/^round 1: BTC_JPY closed/m)]);
  expect(lastJson<Result>(ended)).toMatchObject({ ...FINE, rounds: 1, kills: 1, trades: 1 });
}, 240_000);

const FAULTS = {
  rules: [
    { match: { method: "POST", probability: 0.03 }, fault: { kind: "dropReply", phase: "after" } },
    { match: { method: "POST", probability: 0.03 }, fault: { kind: "reset", phase: "before" } },
    { match: { method: "GET", probability: 0.01 }, fault: { kind: "httpError", phase: "before", httpStatus: 502 } },
  ],
  sockets: [{ match: { on: "frame", probability: 0.02, area: "private" }, fault: { kind: "cut" } }],
};
test.runIf(LONG)(
  "twenty trades with ten kills, lost answers and cut connections (npm run test:long)",
  async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, "faults.json"), JSON.stringify(FAULTS));
    const words = ["rehearse", "--rounds", "20", "--kills", "10", "--faults", "faults.json", "--seed", SEED, "--json"];
    const ended = await trader(words, { cwd });
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining("round 20: ")]);
    expect(lastJson<Result>(ended)).toMatchObject({ ...FINE, rounds: 20, kills: 10 });
  },
  3_600_000,
);

test.each<[string, readonly string[], RegExp]>([
  ["no rounds", ["--rounds", "0"], /--rounds: expected a whole number from 1 to 200/],
  ["more kills than rounds", ["--rounds", "2", "--kills", "3"], /--kills: expected a whole number from 0 to 2/],
  ["a speed it cannot keep", ["--speed", "100"], /--speed: expected a whole number from 1 to 20/],
  ["a fault file that is not there", ["--faults", "/nowhere.json"], /--faults: expected a readable file/],
])("wrong use: %s", async (_, words, message) => {
  const { code, stderr } = await traderHere(["rehearse", ...words]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

test("another clock is for a rehearsal alone", async () => {
  const { code, stderr } = await traderHere(["worker", "--clock", "1,1,1"]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/--clock: expected a rehearsal/)]);
});
