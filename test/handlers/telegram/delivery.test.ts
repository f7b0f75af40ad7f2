// Delivery over HTTP under everything Telegram can do: order and urgency kept, nothing lost, a doubtful message marked
// when it comes again.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MessageKind } from "../../../db/tables/outbox.ts";
import { DAY_MS, epochMs, MINUTE_MS } from "../../../lib/core/time.ts";
import { seededRandom } from "../../../lib/io/random.ts";
import { LONG } from "../../long.ts";
import { Phone } from "../../sim/telegram/phone.ts";
import type { Fault } from "../../sim/telegram/server.ts";

let phone: Phone;
beforeEach(async () => {
  phone = await Phone.start({}, 1_000);
});
afterEach(() => phone.close());

const put = (key: string, kind: MessageKind = "info", text = key): void =>
  phone.world.db.transaction((tx) => void tx.outbox.insert({ key, kind, text, atMs: phone.world.nowMs }));
/** The next sends meet these, in order; then all is well. */
const failSends = (...faults: (Fault | undefined)[]): void => {
  phone.telegram.fault = ({ method }) => (method.startsWith("send") ? faults.shift() : undefined);
};
const stateOf = (key: string) => phone.world.db.read.outbox.byKey(key)?.state;
const health = () => phone.bot.health();

describe("a message", () => {
  test.each<[string, Fault, string[]]>([
    [
      "that was refused for now (429) comes once",
      { kind: "error", code: 429, description: "Too Many Requests", retryAfterSeconds: 3 },
      ["a"],
    ],
    ["whose answer got lost comes again, marked", { kind: "lost" }, ["a", "(again) a"]],
    [
      "that met a server error comes again, marked",
      { kind: "error", code: 502, description: "Bad Gateway" },
      ["(again) a"],
    ],
    ["that met a reset comes again, marked", { kind: "reset" }, ["(again) a"]],
    ["that got no answer in time comes again, marked", { kind: "hang" }, ["(again) a"]],
    [
      "whose token was refused for a while comes once",
      { kind: "error", code: 401, description: "Unauthorized" },
      ["a"],
    ],
    [
      "while the bot was blocked comes once",
      { kind: "error", code: 403, description: "Forbidden: bot was blocked by the user" },
      ["a"],
    ],
  ])("%s", async (_name, fault, texts) => {
    failSends(fault);
    put("a", "alert");
    await phone.settle();
    await phone.pass(6, 30);
    expect(phone.telegram.texts).toEqual(texts);
    expect(stateOf("a")).toBe("sent");
    expect(phone.world.db.read.telegram.state()).toMatchObject({ sendTrouble: undefined, sendAfterMs: 0 });
    expect(phone.world.deadJobs()).toEqual([]);
  });

  test("that only repeats known facts is not sent twice: a note in doubt is dropped, with a record", async () => {
    failSends({ kind: "lost" });
    put("a", "info");
    await phone.pass(2, 20);
    expect(phone.telegram.texts).toEqual(["a"]);
    expect(stateOf("a")).toBe("dropped");
    expect(phone.world.auditKinds()).toContain("message.dropped");
  });

  test("whose bold line is refused arrives without it; one that is refused for good is reported, and those behind it go on", async () => {
    const no: Fault = { kind: "error", code: 400, description: "Bad Request: can't parse entities" };
    failSends(no);
    put("a", "report", "title\nbody");
    put("b");
    await phone.settle();
    expect(phone.telegram.messages.map((m) => [m.text, m.bold])).toEqual([
      ["title\nbody", ""],
      ["b", ""],
    ]);
    failSends(no, no);
    put("c", "trade");
    put("d");
    await phone.settle();
    expect(phone.telegram.texts.slice(2)).toEqual([expect.stringContaining("given up: c"), "d"]);
    expect(stateOf("c")).toBe("dropped");
  });

  test("of 9,000 characters comes in parts and in order, each once", async () => {
    const text = Array.from({ length: 900 }, (_, i) => `line ${String(i).padStart(4, "0")}`).join("\n");
    failSends(undefined, { kind: "error", code: 429, description: "Too Many Requests", retryAfterSeconds: 2 });
    put("long", "report", text);
    await phone.pass(1);
    expect(phone.telegram.messages).toHaveLength(3);
    expect(phone.telegram.texts.join("\n")).toBe(text);
  });

  test.each<[string, number, Uint8Array | undefined]>([
    ["text", 4_090, undefined],
    ["caption", 1_020, new Uint8Array([1])],
  ])("as long as a %s may be loses nothing when it comes again", async (_name, length, photo) => {
    failSends({ kind: "lost" }, { kind: "lost" });
    const text = `title\n${"x".repeat(length - 10)} end`;
    const atMs = phone.world.nowMs;
    phone.world.db.transaction((tx) => void tx.outbox.insert({ key: "a", kind: "trade", text, photo, atMs }));
    await phone.pass(3, 20);
    const { texts } = phone.telegram;
    expect(texts.some((t) => t.startsWith("(again) title"))).toBe(true);
    expect(texts.filter((t) => t.endsWith("…"))).toEqual([]);
    expect(texts.at(-1)?.endsWith("end")).toBe(true);
  });

  test("whose picture never gets an answer comes without it, with its buttons, and those behind it go on", async () => {
    phone.telegram.fault = ({ method }) =>
      method === "sendPhoto" ? { kind: "error", code: 502, description: "Bad Gateway" } : undefined;
    const { db } = phone.world;
    const proposal = phone.world.propose();
    await phone.pass(0.5, 5);
    db.transaction((tx) =>
      tx.outbox.insert({ key: "r", kind: "report", text: "r", photo: new Uint8Array([1]), atMs: phone.world.nowMs }),
    );
    put("t", "trade");
    await phone.pass(1, 5);
    expect(phone.telegram.texts.slice(-2)).toEqual(["(again) r", "t"]);
    const asked = phone.telegram.message(new RegExp(proposal.id));
    expect([asked.photo, asked.keyboard?.inline_keyboard.length]).toEqual([undefined, 2]);
    expect(db.read.proposals.byId(proposal.id)?.state).toBe("pending");
  });

  test("is held up by no pause that a clock set back has left in the future", async () => {
    const { db, nowMs } = phone.world;
    const dayAhead = epochMs(nowMs + DAY_MS);
    db.transaction((tx) => tx.telegram.sendTrouble("TELEGRAM unreachable", dayAhead, epochMs(dayAhead + MINUTE_MS)));
    put("a", "alert");
    await phone.settle();
    expect(phone.telegram.texts).toEqual(["a"]);
  });

  test("may hold anything that looks like markup", async () => {
    const text = "<b>x</b> _a_ *b* [c](d) `e` & \\ 😀\nsecond";
    put("a", "trade", text);
    await phone.settle();
    expect(phone.telegram.messages[0]).toMatchObject({ text, bold: text.split("\n")[0] });
  });
});

describe("Telegram gone for an hour", () => {
  test("no message is dropped, alerts come first, then the order of writing; old proposals have no live buttons", async () => {
    phone.telegram.fault = () => ({ kind: "reset" });
    put("a", "trade");
    const proposal = phone.world.propose();
    await phone.pass(20, 60);
    put("b", "trade");
    put("c", "alert");
    await phone.pass(40, 120);
    expect(health()).toMatchObject({ ok: false, why: expect.stringContaining("unreachable") });
    expect(phone.telegram.messages).toEqual([]);
    phone.telegram.fault = undefined;
    await phone.pass(4, 20);
    // "a" and "c" were under way when the line broke: they may have arrived.
    const expired = expect.stringContaining("no answer in time");
    expect(phone.telegram.texts).toEqual(["(again) c", "(again) a", expired, "b"]);
    expect(stateOf(`proposal:${proposal.id}`)).toBe("dropped");
    expect(phone.telegram.messages.some((m) => m.keyboard !== undefined)).toBe(false);
    expect(health()).toEqual({ ok: true });
    expect(phone.world.deadJobs()).toEqual([]);
  });

  test("a proposal that is still open afterwards comes with live buttons", async () => {
    phone.telegram.fault = () => ({ kind: "error", code: 503, description: "Service Unavailable" });
    const proposal = phone.world.propose();
    await phone.pass(5, 30);
    phone.telegram.fault = undefined;
    await phone.pass(2, 20);
    phone.owner.taps(phone.telegram.message(new RegExp(proposal.id)), "Approve");
    await phone.settle();
    expect(phone.world.db.read.proposals.byId(proposal.id)?.state).toBe("approved");
  });
});

describe("the message of a proposal", () => {
  test("that came twice because an answer got lost: one outcome, and both are brought up to date once they are tapped", async () => {
    failSends({ kind: "lost" });
    const proposal = phone.world.propose();
    await phone.pass(1, 10);
    const [first, second] = phone.telegram.messages;
    expect(second?.text).toMatch(/^\(again\) /);
    phone.owner.taps(first!, "Approve");
    phone.owner.taps(second!, "Reject");
    await phone.settle();
    expect(phone.world.db.read.proposals.byId(proposal.id)?.state).toBe("approved");
    for (const message of [first, second]) expect(message?.text).toMatch(/^✅ APPROVED/);
    expect(phone.telegram.messages.every((m) => m.keyboard === undefined)).toBe(true);
  });

  test("that the owner has deleted does not stop the others", async () => {
    const { message } = await phone.propose();
    const eth = await phone.propose({ symbol: "ETH_JPY", size: "0.04" });
    phone.telegram.messages.splice(phone.telegram.messages.indexOf(message), 1);
    await phone.pass(16, 60);
    expect(eth.message.text).toMatch(/^⌛ EXPIRED/);
    expect(phone.world.db.read.telegram.openMessages()).toEqual([]);
  });
});

test("health distinguishes 401, a blocked bot and 409, and recovers without a restart", async () => {
  const meet = async (method: string, fault: Fault, minutes: number): Promise<string> => {
    phone.telegram.fault = (call) => (call.method === method ? fault : undefined);
    put(`x${phone.world.nowMs}`, "alert");
    await phone.pass(minutes, 20).catch(() => undefined);
    const now = health();
    phone.telegram.fault = undefined;
    await phone.pass(6, 30);
    expect(health()).toEqual({ ok: true });
    return now.ok ? "ok" : now.why;
  };
  expect(await meet("sendMessage", { kind: "error", code: 401, description: "Unauthorized" }, 0.5)).toContain("401");
  expect(
    await meet("sendMessage", { kind: "error", code: 403, description: "Forbidden: bot was blocked by the user" }, 0.5),
  ).toContain("403");
  expect(
    await meet("sendMessage", { kind: "error", code: 400, description: "Bad Request: chat not found" }, 0.5),
  ).toContain("chat not found");
});

describe.each(LONG ? [1, 2, 3, 4, 5, 6, 7, 8] : [1])("a day of trouble, seed %i", (seed) => {
  test("every message is delivered, in order within its kind, and only a doubtful one twice", {
    timeout: 120_000,
  }, async () => {
    const random = seededRandom(`telegram:${seed}`);
    const faults: readonly (Fault | undefined)[] = [
      { kind: "error", code: 429, description: "Too Many Requests", retryAfterSeconds: 5 },
      { kind: "error", code: 502, description: "Bad Gateway" },
      { kind: "html", status: 503 },
      { kind: "reset" },
      { kind: "lost" },
      { kind: "hang" },
    ];
    let hangs = LONG ? 50 : 2;
    phone.telegram.fault = () => {
      const fault = random.int(3) === 0 ? faults[random.int(faults.length)] : undefined;
      if (fault?.kind === "hang") hangs -= 1;
      return fault?.kind === "hang" && hangs < 0 ? undefined : fault;
    };
    phone.telegram.duplicates = true;
    const kinds = ["alert", "trade", "report", "answer"] as const;
    const said: string[] = [];
    for (let i = 0; i < (LONG ? 200 : 30); i += 1) {
      const kind = kinds[random.int(kinds.length)] ?? "alert";
      put(`${kind} ${i}`, kind);
      said.push(`${kind} ${i}`);
      phone.owner.says("/risk");
      await phone.pass(random.int(3) === 0 ? 1 : 0.2, 20).catch(() => undefined);
    }
    phone.telegram.fault = undefined;
    await phone.pass(5, 20);
    const texts = phone.telegram.texts.map((text) => text.replace("(again) ", ""));
    for (const text of said) expect(texts, `seed ${seed}`).toContain(text);
    for (const kind of kinds) {
      const order = [...new Set(texts.filter((text) => text.startsWith(`${kind} `)))];
      expect(order, `seed ${seed}`).toEqual(said.filter((text) => text.startsWith(`${kind} `)));
    }
    const twice = phone.telegram.texts.filter((text) => /^(alert|trade|report|answer) /.test(text));
    expect(new Set(twice).size, `seed ${seed}: unmarked repetitions`).toBe(twice.length);
    const answers = phone.world.db.read.outbox.after(0).filter((m) => m.text.startsWith("RISK"));
    expect(answers.length, `seed ${seed}: one answer a command`).toBe(LONG ? 200 : 30);
    expect(answers.every((m) => m.state === "sent")).toBe(true);
    expect(phone.world.deadJobs()).toEqual([]);
  });
});

describe("a flood of alerts", () => {
  const raise = (key: string, severity: "warning" | "critical" = "warning") =>
    phone.world.db.transaction((tx) =>
      tx.alerts.raise({ key, severity, text: `${severity.toUpperCase()} ${key}\nits story`, atMs: phone.world.nowMs }),
    );
  const alerts = () => phone.telegram.texts.filter((text) => /^(WARNING|CRITICAL|ALERTS)/.test(text));
  const warn = (count: number, name: string): void => {
    for (let i = 0; i < count; i += 1) raise(`${name} ${i}`);
  };

  test("a critical one in the middle of a flood comes at once and whole, and its end does not overtake its return", async () => {
    warn(60, "kind");
    await phone.settle();
    expect(alerts().map((text) => text.startsWith("ALERTS: 50"))).toEqual([...Array(10).fill(false), true]);
    warn(30, "more");
    raise("bare:7", "critical");
    await phone.settle();
    expect(alerts()[11]).toBe("CRITICAL bare:7\nits story");
    await phone.pass(2, 5);
    expect(
      alerts()
        .join("\n")
        .match(/bare:7/g),
    ).toHaveLength(1);
    phone.telegram.fault = () => ({ kind: "reset" });
    const { db, nowMs: atMs } = phone.world;
    const again = (what: string) =>
      db.transaction((tx) =>
        tx.alerts.raise({ key: "api", severity: "critical", text: `CRITICAL ${what}`, resolved: "RESOLVED api", atMs }),
      );
    again("first");
    db.transaction((tx) => tx.alerts.resolve("api", atMs));
    again("second");
    await phone.pass(0.2, 5);
    phone.telegram.fault = undefined;
    await phone.pass(3, 5);
    expect(phone.telegram.texts.slice(-3).map((text) => text.replace("(again) ", "").split("\n")[0])).toEqual([
      "CRITICAL first",
      "RESOLVED api",
      "CRITICAL second",
    ]);
  });

  test("of hundred critical ones ten come by themselves, the rest together", async () => {
    for (let i = 0; i < 100; i += 1) raise(`bare:${i}`, "critical");
    await phone.pass(3, 5);
    expect(alerts()).toHaveLength(11);
    expect(
      alerts()
        .join("\n")
        .match(/bare:\d+/g),
    ).toEqual(Array.from({ length: 100 }, (_, i) => `bare:${i}`));
  });

  test("held back through a week without Telegram delays no later one", async () => {
    phone.telegram.fault = () => ({ kind: "reset" });
    warn(40, "old");
    await phone.pass(1, 10);
    phone.world.clock.advanceTo(epochMs(phone.world.nowMs + 8 * DAY_MS));
    phone.telegram.fault = undefined;
    await phone.pass(2, 10);
    warn(3, "new");
    await phone.pass(2, 10);
    expect(alerts().filter((text) => text.includes("new"))).toHaveLength(3);
    expect(alerts().filter((text) => text.includes("old"))).toEqual([]);
  });

  test("200 times the same is one message", async () => {
    for (let i = 0; i < 200; i += 1) raise("doubt");
    await phone.pass(3, 5);
    expect(alerts()).toHaveLength(1);
  });

  test("200 of many kinds in a minute: ten one by one, the others merged, each once and warnings in order; replies are not delayed", async () => {
    // Of the many requests some are refused for a moment, as Telegram does.
    let asked = 0;
    phone.telegram.fault = ({ method }) => {
      if (!method.startsWith("send")) return undefined;
      asked += 1;
      return asked % 7 === 0
        ? { kind: "error", code: 429, description: "Too Many Requests: retry after 2", retryAfterSeconds: 2 }
        : undefined;
    };
    const names: string[] = [];
    for (let i = 0; i < 60; i += 1) {
      for (let k = 0; k < (i % 3 === 0 ? 4 : 3) && names.length < 200; k += 1) {
        const name = `kind ${String(names.length).padStart(3, "0")}`;
        names.push(name);
        raise(name, names.length % 50 === 0 ? "critical" : "warning");
      }
      if (i === 30) phone.owner.says("/risk");
      await phone.pass(1 / 60, 1);
      if (i === 35) expect(phone.telegram.texts.some((text) => /^RISK/i.test(text))).toBe(true);
    }
    await phone.pass(3, 5);
    expect(names).toHaveLength(200);
    const told = alerts().flatMap((text) => [...text.matchAll(/kind \d{3}/g)].map(([name]) => name));
    expect(told.toSorted()).toEqual(names);
    const isWarning = (name: string): boolean => !/(49|99)$/.test(name);
    expect(told.filter(isWarning)).toEqual(names.filter(isWarning));
    expect(alerts().length).toBeLessThanOrEqual(10 + 2 * 10);
    expect(alerts()[10]).toMatch(/^ALERTS: \d+ more in a short time/);
    // Critical ones went by themselves.
    expect(alerts().filter((text) => text.startsWith("CRITICAL"))).toHaveLength(4);
    const merged = phone.world.db.read.audit.after(0).filter(({ kind }) => kind === "alerts.merged");
    const count = merged.reduce((sum, { data }) => sum + Number(data["count"]), 0);
    const alone = alerts().filter((text) => !text.startsWith("ALERTS")).length;
    expect(count + alone).toBe(200);
    expect(phone.world.deadJobs()).toEqual([]);
    expect(phone.world.db.read.outbox.waitingIds(epochMs(0))).toEqual([]);
  });
});
