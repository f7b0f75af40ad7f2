// Our orders changed on the exchange's page, and the worker dies at each durable step that follows: after it noticed,
// before it told, before it cancelled the entry, before and after the stop was put back. After the restart the owner has
// been told once, the book shows the venue, and the entry is cancelled or the question stands.
import { afterEach, expect, test } from "vitest";
import { requestCommand } from "../../handlers/owner/requestCommand.ts";
import { epochMs } from "../../lib/core/time.ts";
import { entropyHex } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import { Death } from "../sim/mortal.ts";
import { World, type WorldOptions } from "../sim/world.ts";

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});

interface Scenario {
  readonly options: WorldOptions;
  /** Whether the moment of the change has come. */
  readonly ready: (w: World) => boolean;
  readonly change: (w: World) => void;
  readonly check: (w: World, label: string) => void | Promise<void>;
}
const waiting = (w: World, type: "LIMIT" | "STOP") =>
  w.simulator.orders().filter((o) => o.executionType === type && ["WAITING", "ORDERED"].includes(o.status));
const halts = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
const told = (w: World, word: RegExp) => w.messages().filter((text) => word.test(text)).length;
const HELD: WorldOptions = { btc: (s) => s.flat(1).to(9_998_000, 2).flat(300), pollMs: 2_000 };
const moveStop = (w: World): void => {
  const [first] = waiting(w, "STOP");
  if (!w.simulator.changeOnPage(first!.orderId, { price: "9900000" })) throw new Error("the change was not taken");
};

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "an entry leaves its band": {
    options: { btc: (s) => s.flat(300), pollMs: 2_000 },
    ready: (w) => waiting(w, "LIMIT").length > 0 && w.orders("entry").some((o) => o.state === "open"),
    change: (w) => {
      w.simulator.changeOnPage(waiting(w, "LIMIT")[0]!.orderId, { price: "9900000" });
    },
    check: (w, label) => {
      expect(told(w, /the entry order of BTC\/JPY was changed/), label).toBe(1);
      expect(waiting(w, "LIMIT"), label).toEqual([]);
      expect(w.orders("entry"), label).toHaveLength(1);
      expect(w.trade().status, label).toBe("cancelled");
    },
  },
  "a stop risks more": {
    options: HELD,
    ready: (w) => w.orders("stop").filter((o) => o.state === "open").length === 2,
    change: moveStop,
    check: (w, label) => {
      expect(told(w, /CRITICAL the stop of 0\.002 BTC/), label).toBe(1);
      expect(halts(w), label).toEqual(["stopMoved"]);
      expect(
        waiting(w, "STOP").map((o) => String(o.price)),
        label,
      ).toContain("990000000000000");
    },
  },
  "ours is put back": {
    options: HELD,
    ready: (w) => w.db.read.stopQuestions.open().length > 0,
    change: (w) =>
      void requestCommand(
        { db: w.db, store: w.store, clock: w.clock },
        { command: "restoreStop", actor: "cli", tradeId: 1 },
      ),
    check: (w, label) => {
      expect(halts(w), label).toEqual([]);
      expect(waiting(w, "STOP"), label).toHaveLength(2);
      expect(
        waiting(w, "STOP").map((o) => String(o.price)),
        label,
      ).not.toContain("990000000000000");
      expect(w.simulator.bareSize("BTC_JPY"), label).toBe(0n);
      expect(told(w, /^RESTORE STOP #\d+ done/), label).toBe(1);
    },
  },
};

/** Steps at which the worker dies, counted from the change. */
/** The worker dies after each of so many steps; in the short run after every second one, odd or even. */
const STEPS = 14;
const STRIDE = LONG ? 1 : 2;
const FIRST = LONG ? 1 : 1 + (Number.parseInt(entropyHex(1), 16) % 2);
const live = async (s: Scenario, after?: number): Promise<{ w: World; from: number }> => {
  let from = 0;
  const begin = async (killAt?: number): Promise<World> => {
    const w = new World({ ...s.options, ...(killAt === undefined ? {} : { killAt }) });
    worlds.push(w);
    w.approve();
    let moved = false;
    await w.runUntil(epochMs(w.nowMs + 600_000), () => {
      // "ours is put back" begins with a stop that was moved.
      if (!moved && s === SCENARIOS["ours is put back"] && SCENARIOS["a stop risks more"]!.ready(w)) {
        moved = true;
        moveStop(w);
      }
      return s.ready(w);
    });
    from = w.mortality.step;
    return w;
  };
  if (after === undefined) {
    const w = await begin();
    s.change(w);
    await w.advance(1);
    return { w, from };
  }
  const measured = await begin();
  const killAt = from + after;
  measured.close();
  worlds.pop();
  const w = await begin(killAt);
  try {
    s.change(w);
    await w.advance(1);
  } catch (e) {
    if (!(e instanceof Death)) throw e;
    w.crash();
    w.restart({ downMs: 3_000 });
    // A request that died with the process is made again.
    if (s === SCENARIOS["ours is put back"] && w.db.read.ownerCommands.newest(1).length === 0) s.change(w);
    await w.advance(1);
  }
  return { w, from };
};

test.each(Object.keys(SCENARIOS))(
  `truth 2: %s, and the worker dies after step ${FIRST} and each ${STRIDE} later`,
  async (name) => {
    const s = SCENARIOS[name]!;
    const whole = await live(s);
    await s.check(whole.w, "undisturbed");
    const story = whole.w.mortality.story.slice(whole.from);
    const steps = Math.min(STEPS, story.length);
    expect(steps).toBeGreaterThan(2);
    for (let after = FIRST; after <= steps; after += STRIDE) {
      const { w } = await live(s, after);
      await s.check(w, `died ${after} steps after the change (${story[after - 1]})`);
      w.close();
      worlds.splice(worlds.indexOf(w), 1);
    }
  },
);
