// Dies at every durable step of an evening with the phone (before and after each commit, before and after each request
// to Telegram and to the venue), starts again on the same files, and must end with: each update acted on once, one
// answer to a proposal, at most one trade, every message delivered, the final state shown, nothing dead.
import { afterEach, describe, expect, test } from "vitest";
import { seededRandom } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import { Death } from "../sim/mortal.ts";
import { Phone } from "../sim/telegram/phone.ts";

let phone: Phone | undefined;
afterEach(async () => {
  await phone?.close();
  phone = undefined;
});

/** What the owner does is done once, by the owner: it does not die with the worker. */
interface Evening {
  said: number;
  tapped: boolean;
}

const evening = async (it: Phone, e: Evening): Promise<void> => {
  const { world, telegram, owner } = it;
  if (world.db.read.proposals.newest(1).length === 0) world.propose();
  await it.pass(0.5, 10);
  if (e.said === 0) {
    e.said = 1;
    owner.says("/risk");
    owner.says("/quiet report");
  }
  const id = world.db.read.proposals.newest(1)[0]?.id ?? "";
  const message = telegram.messages.find((m) => m.text.includes(id) && m.keyboard !== undefined);
  if (!e.tapped && message) {
    e.tapped = true;
    owner.taps(message, "Approve");
    owner.taps(message, "Reject");
  }
  // The price stays where it is until the first lives are over, and comes to the entry before the proposal ends.
  await it.pass(15, 30);
  if (e.said === 1) {
    e.said = 2;
    owner.says("/quiet off");
    owner.says("/pause");
  }
  await it.pass(40, 120);
};

const live = async (
  killAt?: number,
  again?: number,
): Promise<{ phone: Phone; story: readonly string[]; lives: number }> => {
  const it = await Phone.start({ btc: (s) => s.flat(11).to(9_998_000, 1).to(10_080_000, 16).flat(160) });
  phone = it;
  const e: Evening = { said: 0, tapped: false };
  // A start is part of the life it begins.
  let next: { downMs?: number; killAt?: number } | undefined = killAt === undefined ? undefined : { killAt };
  for (let lives = 1; ; lives += 1) {
    try {
      if (next) it.restart(next);
      await evening(it, e);
      return { phone: it, story: it.world.mortality.story, lives };
    } catch (error) {
      if (!(error instanceof Death) || lives > 4) throw error;
      next = { downMs: 2_000, ...(lives === 1 && again !== undefined ? { killAt: again } : {}) };
    }
  }
};

const broken = (it: Phone): readonly string[] => {
  const { world, telegram } = it;
  const { db } = world;
  const problems: string[] = [];
  const must = (what: string, ok: boolean): void => void (ok || problems.push(what));
  const proposals = db.read.proposals.newest(10);
  must("one proposal", proposals.length === 1);
  must("approved by the first tap", proposals[0]?.state === "approved");
  must("one execute", world.store.list({ name: "execute" }).length === 1);
  must(
    "one trade, closed",
    db.read.trades
      .newest(5)
      .map((t) => t.status)
      .join() === "closed",
  );
  must("nothing dead", world.deadJobs().length === 0);
  const updates = db.sql.prepare("SELECT outcome FROM telegram_updates ORDER BY update_id").pluck().all() as string[];
  must(
    `each update once: ${updates.join("; ")}`,
    updates.length === 6 && updates.every((o) => !o.startsWith("failed")),
  );
  const audited = world.auditKinds().filter((kind) => kind === "telegram.command").length;
  must("each command audited once", audited === 4);
  must("paused once", world.auditKinds().filter((kind) => kind === "owner.pause").length === 1);
  must("nothing unconfirmed", telegram.unconfirmed.length === 0);
  const texts = telegram.texts.map((text) => text.replace("(again) ", ""));
  for (const message of db.read.outbox.after(0)) {
    const told =
      texts.includes(message.text) || texts.some((t) => t.includes(message.text.split("\n")[1] ?? message.text));
    const noted = message.state === "dropped";
    must(`${message.key} (${message.kind}, ${message.state}) told`, told || noted);
    must(`${message.key} settled`, message.state === "sent" || noted);
    must(`${message.key} is no note, and still dropped: ${message.error}`, !noted || message.kind !== "alert");
  }
  const unmarked = telegram.texts.filter((text) => !text.startsWith("(again) ") && !/^[✅❌⌛✏]/u.test(text));
  const twice = unmarked.filter((text, i) => unmarked.indexOf(text) !== i);
  must(`told twice without a mark: ${twice.join(" | ")}`, twice.length === 0);
  const card = telegram.messages.findLast((m) => /^✅ APPROVED/.test(m.text));
  must("the final state is shown, without buttons", /🏁 CLOSED/.test(card?.text ?? "") && card?.keyboard === undefined);
  must("audit chain whole", db.read.audit.firstBroken() === undefined);
  return problems;
};

describe("an evening with the phone", () => {
  test("ends in order, wherever it is cut off", { timeout: LONG ? 3_600_000 : 180_000 }, async () => {
    const whole = await live(Number.POSITIVE_INFINITY);
    expect(broken(whole.phone)).toEqual([]);
    const story = [...whole.story];
    await whole.phone.close();
    phone = undefined;
    expect(story.filter((s) => s.includes("sendMessage")).length).toBeGreaterThan(10);
    const random = seededRandom(LONG ? "telegram:long" : "telegram");
    // Every kind of step is met, the rare ones too: those with the phone more often than those with the venue.
    const ours = story.flatMap((s, i) => (/send|edit|getUpdates|answerTap|commit/.test(s) ? [i + 1] : []));
    const kills = LONG
      ? story.map((_, i) => i + 1)
      : Array.from({ length: 4 }, () => ours[random.int(ours.length)] ?? 1);
    for (const killAt of kills) {
      const again = random.int(3) === 0 ? 5 + random.int(60) : undefined;
      const label = `killAt ${killAt} (${story[killAt - 1]}), again ${again ?? "never"}`;
      const { phone: it } = await live(killAt, again);
      expect(broken(it), label).toEqual([]);
      await it.close();
      phone = undefined;
    }
  });
});
