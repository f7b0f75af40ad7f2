// /why and `trader why` end with what became of the proposal, for every ending.
import { afterEach, describe, expect, test } from "vitest";
import { answerProposal } from "../../../handlers/proposals/answerProposal.ts";
import { answers } from "../../../handlers/telegram/answers/index.ts";
import { LOCALES } from "../../../lib/core/text/locale.ts";
import { type EpochMs, MINUTE_MS, plusMs } from "../../../lib/core/time.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World | undefined;
afterEach(() => world?.close());

const why = (w: World, id: string, locale: "en" | "ja" = "en", nowMs: EpochMs = w.nowMs): string =>
  answers.why({ db: w.db.read, config: { ...w.config, LOCALE: locale }, account: "paper", nowMs, arg: id });
const forget = (w: World): void => void w.db.sql.exec("DELETE FROM outbox");
const decide = (w: World, id: string, decision: "approved" | "rejected") =>
  answerProposal(w.system.desk, { proposalId: id, decision, by: "human", actor: "cli" });

interface Ending {
  readonly name: string;
  readonly btc?: WorldOptions["btc"];
  /** Brings the world there; returns the proposal's id and, when it matters, the time of the question. */
  readonly to: (w: World) => Promise<{ readonly id: string; readonly nowMs?: EpochMs }>;
  readonly says: RegExp;
}
const ENDINGS: readonly Ending[] = [
  { name: "open", to: async (w) => ({ id: w.propose().id }), says: /waits for your answer until 09:17 JST$/ },
  {
    name: "past its time, not yet ended",
    to: async (w) => {
      const { id, validUntilMs } = w.propose();
      return { id, nowMs: validUntilMs };
    },
    says: /its time ended 09:17 JST: no answer, being rejected$/,
  },
  {
    name: "rejected",
    to: async (w) => {
      const { id } = w.propose();
      await w.drain();
      decide(w, id, "rejected");
      return { id };
    },
    says: /REJECTED 09:02 JST \(command line\)$/,
  },
  {
    name: "expired",
    to: async (w) => {
      const { id } = w.propose();
      await w.advance(20);
      return { id };
    },
    says: /EXPIRED 09:17 JST: no answer in time, rejected$/,
  },
  {
    name: "replaced by changed numbers",
    to: async (w) => {
      const { id } = w.propose();
      await w.drain();
      w.modify(id);
      return { id };
    },
    says: /CHANGED .*replaced by another proposal, btc2507010001m1[\s\S]*\nProposal btc2507010001m1\n.*waits for your answer/,
  },
  {
    name: "approved, being checked",
    to: async (w) => ({ id: w.approve().id }),
    says: /APPROVED .*\n {2}checking price, spread and risk before the order$/,
  },
  {
    name: "approved under a halt",
    to: async (w) => {
      w.halt();
      return { id: w.approve().id };
    },
    says: /APPROVED .*\n {2}waiting: entries are halted$/,
  },
  {
    name: "approved under a halt that outlived it",
    to: async (w) => {
      w.halt();
      const { id, validUntilMs } = w.approve();
      return { id, nowMs: plusMs(validUntilMs, MINUTE_MS) };
    },
    says: /APPROVED .*\n.*NOT TRADED: its time ended 09:17 JST before the checks were done$/,
  },
  {
    name: "refused at the re-check",
    to: async (w) => {
      const { id } = w.approve({ entry: 9_000_000 });
      await w.drain();
      return { id };
    },
    says: /APPROVED .*\n.*NOT TRADED: .*band/,
  },
  {
    name: "refused at the re-check, and the message is no longer kept",
    to: async (w) => {
      const { id } = w.approve({ entry: 9_000_000 });
      await w.drain();
      forget(w);
      return { id };
    },
    says: /APPROVED .*\n.*NOT TRADED: .*band/,
  },
  {
    name: "approved, and the check failed for good",
    to: async (w) => {
      const { id } = w.approve();
      const error = JSON.stringify({ code: "BOOM", verdict: "alert", message: "it broke" });
      w.db.sql.prepare("UPDATE jobs SET state = 'dead', finished_ms = 1, error = ? WHERE name = 'execute'").run(error);
      return { id };
    },
    says: /APPROVED .*\n.*NOT TRADED: the check failed: it broke$/,
  },
  {
    name: "entering",
    to: async (w) => {
      const { id } = w.approve();
      await w.advance(0.5);
      return { id };
    },
    says: /entry order for 0\.004 BTC at ¥[\d,]+ is working$/,
  },
  {
    name: "given up without a fill",
    btc: (s) => s.to(10_200_000, 3).flat(200),
    to: async (w) => {
      const { id } = w.approve();
      await w.runToEnd();
      return { id };
    },
    says: /NO TRADE: .{10,}$/,
  },
  {
    name: "given up, and the message is no longer kept",
    btc: (s) => s.to(10_200_000, 3).flat(200),
    to: async (w) => {
      const { id } = w.approve();
      await w.runToEnd();
      forget(w);
      return { id };
    },
    says: /NO TRADE: .{10,}$/,
  },
  {
    name: "open trade",
    btc: (s) => s.to(9_998_000, 2).flat(200),
    to: async (w) => {
      const { id } = w.approve();
      await w.advance(5);
      return { id };
    },
    says: /OPEN 0\.004 BTC at ¥[\d,]+, stop ¥[\d,]+$/,
  },
  {
    name: "open trade, one half closed: the half that is left",
    btc: (s) => s.to(9_998_000, 2).to(10_035_000, 6).flat(200),
    to: async (w) => {
      const { id } = w.approve();
      await w.advance(20);
      return { id };
    },
    says: /OPEN 0\.002 \/ 0\.004 BTC at ¥[\d,]+, stop ¥[\d,]+$/,
  },
  {
    name: "closed with its result",
    btc: (s) => s.to(9_998_000, 2).to(9_930_000, 8).flat(20),
    to: async (w) => {
      const { id } = w.approve();
      await w.runToEnd();
      return { id };
    },
    says: /CLOSED .* -¥\d+ \(-0\.\d+%\), stop/,
  },
];

describe("what became of a proposal is the end of /why", () => {
  test.each(ENDINGS)("truth 12: $name", async ({ btc, to, says }) => {
    const w = new World({ btc: btc ?? ((s) => s.flat(300)) });
    world = w;
    const { id, nowMs } = await to(w);
    const text = why(w, id, "en", nowMs);
    expect(text).toMatch(says);
    // Nothing follows it, and the bare word of the first answer is never the end.
    expect(text.split("\n").at(-1)).not.toMatch(/APPROVED|approved$/);
    for (const locale of LOCALES) {
      const said = why(w, id, locale, nowMs);
      expect(said).not.toMatch(/undefined|NaN|\[object/);
      expect(said).not.toMatch(/: –$/m);
      if (locale === "ja") expect(said.split("\n").at(-1)).toMatch(/[ぁ-んァ-ン一-龯]/);
    }
    if (w.db.read.trades.byId(1) !== undefined) expect(why(w, "1", "en", nowMs)).toBe(text);
  });

  test("truth 12: a bar that became no proposal ends with the gates that stopped it", () => {
    const w = new World({ btc: (s) => s.flat(10) });
    world = w;
    const { signalId } = w.propose();
    w.db.sql.exec("DELETE FROM proposals");
    const gate = { gate: "spread", value: 9, limit: 5, pass: false } as const;
    w.db.sql
      .prepare("UPDATE signals SET verdict = 'filtered', gates = ? WHERE id = ?")
      .run(JSON.stringify([{ ...gate, reason: null }]), signalId);
    expect(why(w, "").split("\n").at(-1)).toMatch(/→ filtered: .*spread/);
  });
});
