// A write that was held back: alert and halt at once, and only the owner's /resume ends them.
import { afterEach, expect, test } from "vitest";
import { requestCommand } from "../../../handlers/owner/requestCommand.ts";
import { fenceOf } from "../../../handlers/risk/fenceHalt.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import { World } from "../../sim/world.ts";

let world: World | undefined;
afterEach(() => world?.close());

test("entries stop, reconcile does not end it, /resume does, and its alert with it", async () => {
  const w = new World({ btc: (s) => s.flat(60) });
  world = w;
  const kinds = () => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
  const open = () => w.db.read.alerts.open().map((a) => `${a.severity} ${a.key}`);
  fenceOf({ db: w.db, clock: w.clock, config: w.config, log: silentLogger() }).onFenced("POST /v1/order was held back");
  expect(kinds()).toEqual(["fence"]);
  expect(open()).toEqual(["critical fence"]);
  w.enqueue({ name: "reconcile", key: "reconcile:test", input: {} });
  w.approve();
  await w.advance(1);
  expect(kinds()).toEqual(["fence"]);
  expect(w.requests).not.toContain("POST /v1/order");
  requestCommand({ db: w.db, store: w.store, clock: w.clock }, { command: "resume", actor: "cli" });
  await w.advance(0.1);
  expect(kinds()).toEqual([]);
  expect(open()).toEqual([]);
  expect(w.auditKinds().filter((kind) => /fenced|halt/.test(kind))).toEqual([
    "write.fenced",
    "halt.raised",
    "halt.cleared",
  ]);
});

test("a database that cannot be written: the write stays held back, and nothing is thrown into the send", async () => {
  const w = new World({ btc: (s) => s.flat(60) });
  world = w;
  const lines: string[] = [];
  const log = { ...silentLogger(), error: (_: unknown, event: string) => void lines.push(event) } as ReturnType<
    typeof silentLogger
  >;
  const broken = {
    read: w.db.read,
    transaction: () => {
      throw new Error("disk full");
    },
  } as unknown as typeof w.db;
  fenceOf({ db: broken, clock: w.clock, config: w.config, log }).onFenced("POST /v1/order was held back");
  expect(lines).toEqual(["fence.haltNotRaised"]);
  expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
});
