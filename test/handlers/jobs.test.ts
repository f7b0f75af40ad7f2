// The contract of the chain: a job of an unknown name or with a wrong input does not compile, every handler uses the contract's
// schema, and the keys are the stored ones.
import { describe, expect, test } from "vitest";
import { execute } from "../../handlers/execute.ts";
import type { AppJob, AppSchedule } from "../../handlers/jobs.ts";
import * as jobs from "../../handlers/jobs.ts";
import { handlers, registry } from "../../handlers/registry.ts";
import { epochMs } from "../../lib/core/time.ts";

/** Calls nothing: what matters is that the lines marked with an expected error do not compile (`npm run types`). */
const doNotCompile = (): readonly AppJob[] => [
  // @ts-expect-error an unknown name
  { name: "recncile", key: "k", input: {} },
  // @ts-expect-error a missing field
  { name: "notify", key: "k", input: {} },
  // @ts-expect-error a field of the wrong type
  { name: "watchPosition", key: "k", input: { tradeId: "7" } },
  // @ts-expect-error a field that the job does not have
  { name: "checkApi", key: "k", input: { quick: true } },
  // @ts-expect-error the input of another job
  { name: "reconcile", key: "k", input: { proposalId: "btc1" } },
  // @ts-expect-error a symbol that is not traded
  jobs.chainJob("predict", "DOGE_JPY", epochMs(0)),
];
const schedulesThatDoNotCompile = (): readonly AppSchedule[] => [
  // @ts-expect-error an unknown handler
  { name: "s", handler: "pruneJob", input: {}, everyMs: 1, offsetMs: 0, policy: "once" },
  // @ts-expect-error a wrong input
  { name: "s", handler: "fetchMarket", input: { symbols: [] }, everyMs: 1, offsetMs: 0, policy: "skip" },
];

test("unknown names and wrong inputs do not compile", () => {
  expect([doNotCompile, schedulesThatDoNotCompile]).toHaveLength(2); // The type check is the test.
});

describe("the contract and the handlers", () => {
  test("name the same jobs", () => {
    expect(Object.keys(jobs.JOB_INPUTS).sort()).toEqual([...registry.keys()].sort());
  });
  test.each(handlers.map((h) => [h.name, h] as const))("%s takes the contract's input", (name, handler) => {
    expect(handler.input).toBe(jobs.JOB_INPUTS[name]);
  });
});

const BAR = epochMs(1_754_946_900_000);
const proposal = { id: "btc2508112115", symbol: "BTC_JPY", traceId: "t" };
test.each<[string, AppJob, string]>([
  ["a chain step", jobs.chainJob("predict", "BTC_JPY", BAR), "predict:BTC_JPY:1754946900000"],
  ["notify", jobs.notifyJob(proposal), "notify:btc2508112115"],
  ["awaitApproval", jobs.awaitApprovalJob(proposal.id), "awaitApproval:btc2508112115"],
  ["execute", jobs.executeJob(proposal), "execute:btc2508112115"],
  ["repropose", jobs.reproposeJob(proposal, "telegram:1", 42), "repropose:btc2508112115:42"],
  ["answerByScript", jobs.answerByScriptJob(proposal.id, "approved", BAR), "answer:btc2508112115"],
  ["watchEntry", jobs.watchEntryJob(proposal.id), "entry:btc2508112115"],
  ["placeProtectiveOrders", jobs.protectJob("77", "4711"), "protect:4711"],
  ["watchPosition", jobs.watchPositionJob(7), "watch:7"],
  ["reconcile", jobs.reconcileJob("start:b1", { quick: true }), "reconcile:start:b1"],
  ["checkApi", jobs.checkJob(BAR), "checkApi:1754946900000"],
  ["ownerCommand", jobs.ownerCommandJob(3, "owner:3"), "owner:3"],
  ["collectHistory", jobs.collectHistoryJob("ETH_JPY", "b1"), "collectHistory:ETH_JPY:b1"],
  ["a delivery", jobs.deliverJob(12), "send:12"],
  ["a replay's last labels", jobs.closingJobs(BAR, "2025-08-12")[0]!, "labelSignals:final"],
  ["a replay's last report", jobs.closingJobs(BAR, "2025-08-12")[1]!, "dailyReport:final:2025-08-12"],
])("the key of %s is the stored one, and its input passes its schema", (_what, job, key) => {
  expect(job.key).toBe(key);
  expect(jobs.JOB_INPUTS[job.name].parse(job.input)).toEqual(job.input);
});

describe("entries of one symbol share a serial key", () => {
  test.each([
    ["with its symbol", { proposalId: "btc2508112115", symbol: "BTC_JPY" }, "entry:btc"],
    ["made by an older version, without it", { proposalId: "btc2508112115" }, "entry:btc"],
    ["of the other symbol", { proposalId: "eth2508112115", symbol: "ETH_JPY" }, "entry:eth"],
    ["of spot", { proposalId: "btc2508112115", symbol: "BTC" }, "entry:btc"],
  ])("%s", (_what, input, key) => {
    expect(execute.serialKey?.(jobs.JOB_INPUTS.execute.parse(input))).toBe(key);
  });
});
