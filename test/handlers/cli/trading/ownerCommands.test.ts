// `trader pause|stop|panic|resume|close|reject-all|adopt`: what they print, how they wait, and how they end.
import { dirname } from "node:path";
import { Command } from "commander";
import { afterEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../../../db/open.ts";
import { OwnerCommandJson } from "../../../../handlers/cli/json/results.ts";
import { registerOwnerCommands } from "../../../../handlers/cli/trading/ownerCommands.ts";
import { registry } from "../../../../handlers/registry.ts";
import { defaultConfig } from "../../../../lib/core/config.ts";
import { lockFolder } from "../../../../lib/io/lock.ts";
import { JobStore } from "../../../../queue/store.ts";
import { World, type WorldOptions } from "../../../sim/world.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

const begin = (options: Partial<WorldOptions> & { worker?: boolean; confirm?: boolean } = {}) => {
  const w = new World({ btc: (s) => s.to(9_998_000, 2).flat(200), ...options });
  closers.push(() => w.close());
  if (options.worker) closers.push(lockFolder(dirname(w.db.path)));
  const out: string[] = [];
  const err: string[] = [];
  const asked: string[] = [];
  let realMs = 0;
  const clock = { nowMs: () => w.clock.nowMs(), realNowMs: () => w.clock.nowMs(), monotonicMs: () => realMs };
  const open = (readonly: boolean) => () => {
    const db = openDatabase(w.db.path, { readonly });
    return { db, store: new JobStore(db, registry, clock), clock, close: () => db.close() };
  };
  const trader = async (...args: string[]): Promise<void> => {
    const program = new Command("trader").exitOverride().configureOutput({ writeErr: () => {} });
    registerOwnerCommands(program, {
      config: () => defaultConfig(),
      open: open(false),
      look: open(true),
      out: (text) => void out.push(text),
      err: (text) => void err.push(text),
      sleep: async () => {
        realMs += 1_000;
        await w.advance(1 / 60); // The worker beside us.
      },
      ...(options.confirm === undefined
        ? {}
        : {
            confirm: async (question: string) => {
              asked.push(question);
              return options.confirm ?? false;
            },
          }),
    });
    await program.parseAsync(args, { from: "user" });
  };
  const halts = () => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
  return { w, trader, out, err, asked, halts };
};

describe("while a worker runs", () => {
  test("stop waits, prints the venue snapshot, and exits with 0", async () => {
    const { w, trader, out, err, halts } = begin({ worker: true });
    w.approve();
    await w.advance(4);
    await trader("stop", "--reason", "holiday");
    expect(err[0]).toContain("Entries are halted (stop).");
    expect(out.join("\n")).toMatch(
      /^STOP #1 done\n.*\nat the exchange, .*\nno entry order of ours\nBTC\/JPY long 0.004/,
    );
    expect(halts()).toEqual(["stop"]);
  });
  test("--json is one object with the venue snapshot", async () => {
    const { trader, out } = begin({ worker: true });
    await trader("panic", "--json");
    expect(out).toHaveLength(1);
    expect(OwnerCommandJson.parse(JSON.parse(out[0] ?? ""))).toMatchObject({
      command: "panic",
      outcome: "done",
      seen: { entries: [], positions: [] },
    });
  });
  test("the amounts it saw are numbers", async () => {
    const { w, trader, out } = begin({ worker: true });
    w.approve();
    await w.advance(4);
    await trader("stop", "--json");
    const { seen } = OwnerCommandJson.parse(JSON.parse(out[0] ?? ""));
    expect(seen?.positions).toMatchObject([{ size: 0.004, bare: 0, coveredBy: [{ ours: true }, { ours: true }] }]);
  });
  test("a refused resume fails with the reason", async () => {
    const { w, trader, out } = begin({ worker: true });
    await trader("stop");
    await w.owner.order({ symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: 100_000n as never });
    await expect(trader("resume")).rejects.toThrow(/venue and the book disagree/);
    expect(out).toHaveLength(1);
  });
  test("a result that does not come in time: exit 1, the halt stays active, the worker keeps trying", async () => {
    const { w, trader, halts } = begin({
      worker: true,
      venue: {
        faults: (r, phase) =>
          phase === "before" && r.area === "private" ? { kind: "error", code: "ERR-5201" } : undefined,
      },
    });
    await expect(trader("stop", "--wait", "3")).rejects.toThrow(/not verified at the venue after 3 s; it goes on/);
    expect(halts()).toContain("stop");
    expect(w.store.list({ name: "ownerCommand" })[0]?.state).toBe("ready");
  });
});

describe("without a worker", () => {
  test("the halt is durable, and it says that nothing was done at the venue: exit 1", async () => {
    const { trader, halts, err } = begin();
    await expect(trader("stop")).rejects.toThrow(
      /the request is saved, but nothing has been done or checked at the exchange yet: no worker runs/,
    );
    expect(halts()).toEqual(["stop"]);
    expect(err[0]).toContain("Entries are halted");
  });
  test("a pause is complete without one: exit 0 with a note", async () => {
    const { trader, halts, err } = begin();
    await trader("pause");
    expect(halts()).toEqual(["pause"]);
    expect(err.at(-1)).toMatch(/^note: it is in force already; no worker runs/);
  });
  test("a pause while an entry rests is not complete: the entry can fill, exit 1", async () => {
    const { w, trader, halts } = begin({ btc: (s) => s.flat(200) });
    w.approve();
    for (let i = 0; i < 20 && w.db.read.orders.allLive().length === 0; i += 1) await w.advance(1 / 30);
    expect(w.db.read.orders.allLive().map((o) => o.intent.purpose)).toEqual(["entry"]);
    await expect(trader("pause")).rejects.toThrow(
      /nothing has been done or checked at the exchange yet: no worker runs/,
    );
    expect(halts()).toEqual(["pause"]);
  });
  test("--no-wait asks for no more than durability", async () => {
    const { trader, halts, out } = begin();
    await trader("panic", "--no-wait", "--json");
    expect(JSON.parse(out[0] ?? "")).toMatchObject({ outcome: null, commandId: 1 });
    expect(halts()).toEqual(["panic"]);
  });
});

describe("a mistake", () => {
  test("close of all asks in a terminal, with and without the word; close of one does not", async () => {
    const no = begin({ confirm: false });
    await no.trader("close", "--no-wait");
    await no.trader("close", "all", "--no-wait");
    expect([no.asked.length, no.w.db.read.ownerCommands.byId(1)]).toEqual([2, undefined]);
    await expect(no.trader("close", "7", "--no-wait")).rejects.toThrow(/found 7/);
    expect(no.asked).toHaveLength(2);
    await no.trader("close", "all", "--yes", "--no-wait");
    expect(no.w.db.read.ownerCommands.byId(1)).toMatchObject({ command: "close" });
  });

  test("panic asks in a terminal; no changes nothing, --yes does not ask", async () => {
    const no = begin({ confirm: false });
    await no.trader("panic", "--no-wait");
    expect(no.asked).toHaveLength(1);
    expect(no.halts()).toEqual([]);
    await no.trader("panic", "--no-wait", "--yes");
    expect(no.asked).toHaveLength(1);
    expect(no.halts()).toEqual(["panic"]);
  });
  test.each([
    [["close", "seven"], /trade: expected a whole number/],
    [["close", "7"], /expected the id of a trade, found 7/],
    [["adopt", "x1"], /expected the id of a position/],
    [["stop", "--wait", "soon"], /--wait: expected whole seconds/],
  ])("%j is refused and nothing is written", async (args, message) => {
    const { w, trader } = begin();
    await expect(trader(...args)).rejects.toThrow(message);
    expect(w.db.read.ownerCommands.newest(1)).toEqual([]);
    expect(w.db.read.halts.recent()).toEqual([]);
  });
});

describe("truth 2: the answer to a moved stop", () => {
  const moved = async (options: Parameters<typeof begin>[0] = {}) => {
    const cli = begin({ pollMs: 2_000, ...options });
    const { w } = cli;
    w.approve();
    await w.advance(4);
    const first = w.simulator.orders().find((o) => o.executionType === "STOP" && o.status === "WAITING")!;
    w.simulator.changeOnPage(first.orderId, { price: "9900000" });
    await w.advance(0.1);
    expect(cli.halts()).toEqual(["stopMoved"]);
    return { ...cli, first };
  };
  const standing = (w: World) =>
    w.simulator
      .orders()
      .flatMap((o) => (o.executionType === "STOP" && o.status === "WAITING" ? [String(o.price)] : []));

  test("keep-stop: in force at once, done at the exchange, entries allowed again", async () => {
    const { w, trader, out, err, halts } = await moved({ worker: true });
    await trader("keep-stop", "1");
    expect(err[0]).toContain("The stop of trade 1 stays where it was put (¥9,900,000); it counts as approved.");
    expect(out.join("\n")).toMatch(/^KEEP STOP #1 done\nthe stop counts as approved[\s\S]*entries are allowed again$/);
    expect(halts()).toEqual([]);
    expect(standing(w)).toContain("990000000000000");
  });

  test("restore-stop: waits until ours stands at the exchange", async () => {
    const { w, trader, out, halts } = await moved({ worker: true });
    await trader("restore-stop", "1", "--json");
    expect(OwnerCommandJson.parse(JSON.parse(out[0]!))).toMatchObject({ command: "restoreStop", outcome: "done" });
    expect(halts()).toEqual([]);
    expect(standing(w)).toHaveLength(2);
    expect(standing(w)).not.toContain("990000000000000");
  });

  test("without a worker keep-stop is in force; restore-stop says that nothing was done at the exchange", async () => {
    const keep = await moved();
    await keep.trader("keep-stop", "1");
    expect(keep.err.join("\n")).toContain("it is in force already");
    const restore = await moved();
    await expect(restore.trader("restore-stop", "1")).rejects.toMatchObject({ code: "NOT_CARRIED_OUT" });
  });

  test("a trade without a moved stop, an unknown one, and a word are one clear error, and nothing is changed", async () => {
    const { w, trader, halts } = await moved();
    await expect(trader("keep-stop", "2")).rejects.toMatchObject({ code: "TRADE_MISSING", verdict: "permanent" });
    await expect(trader("restore-stop", "2")).rejects.toThrow(/expected the id of a trade, found 2/);
    await expect(trader("keep-stop", "one")).rejects.toThrow(/expected/);
    expect(halts()).toEqual(["stopMoved"]);
    expect(w.db.read.ownerCommands.newest(5)).toEqual([]);
  });
});
