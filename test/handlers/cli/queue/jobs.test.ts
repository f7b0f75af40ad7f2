// The ledger's commands as a person and as a script use them.
import { afterEach, describe, expect, test } from "vitest";
import { AppError, UsageError } from "../../../../lib/core/errors.ts";
import { epochMs, HOUR_MS } from "../../../../lib/core/time.ts";
import { closeWorlds, done, handler, job, T0, world } from "../../../queue/world.ts";
import { commandsOn, terminalOf } from "../commands.ts";

afterEach(closeWorlds);

const setUp = () => {
  const w = world([
    handler("fetch", () => done),
    handler("broken", () => {
      throw new AppError("permanent", "REFUSED", "the venue said no");
    }),
  ]);
  return { w, ...commandsOn(w) };
};

describe("trader enqueue", () => {
  test("--json prints the id and whether the job is new; the same key is enqueued once", async () => {
    const { w, trader } = setUp();
    expect(JSON.parse(await trader("enqueue", "fetch", '{"symbol":"BTC"}', "--key", "k", "--json"))).toEqual({
      id: 1,
      created: true,
    });
    expect(JSON.parse(await trader("enqueue", "fetch", "{}", "--key", "k", "--json"))).toEqual({
      id: 1,
      created: false,
    });
    expect(await trader("enqueue", "fetch", "{}", "--key", "k")).toContain("was there already");
    expect(w.store.show(1).job).toMatchObject({ input: { symbol: "BTC" }, key: "k" });
  });

  test("without a key every call is a new job; --at sets its time", async () => {
    const { w, trader } = setUp();
    await trader("enqueue", "fetch", "{}");
    await trader("enqueue", "fetch", "{}", "--at", "2026-11-03T00:00:00Z");
    expect(w.store.list().map((each) => new Date(each.runAtMs).toISOString())).toEqual([
      "2026-11-03T00:00:00.000Z",
      "2026-11-02T00:00:00.000Z",
    ]);
  });

  test.each([
    [["enqueue", "nobody", "{}"], /expected the name of a handler, found "nobody"; known: broken, fetch/],
    [["enqueue", "fetch", "{bad"], /expected the job's input as JSON/],
    [["enqueue", "fetch", "[]"], /bad input for fetch: \(input\): /],
    [["enqueue", "fetch", "{}", "--at", "tomorrow"], /--at: expected an ISO-8601 time/],
    [["enqueue", "fetch", "{}", "--key", ""], /expected a key/],
    [["enqueue", "fetch", "{}", "--wait", "soon"], /--wait: expected seconds above 0 or nothing, found "soon"/],
    [["enqueue", "fetch", "{}", "--wait", "0"], /--wait: expected seconds above 0/],
    [["jobs", "show", "x"], /ID: expected a whole number/],
    [["jobs", "retry", "1", "x"], /ID: expected a whole number of at least 1, found "x"/],
    [["jobs", "list", "--limit", "-1"], /--limit: expected a whole number/],
    [["jobs", "watch", "--interval", "0"], /--interval: expected seconds from 0.1 to 3600, found "0"/],
    [["jobs", "watch", "--interval", "fast"], /--interval: expected seconds/],
  ])("%j is wrong use, and nothing is enqueued", async (args, message) => {
    const { w, trader } = setUp();
    const error = await trader(...args).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
    expect(w.store.list()).toEqual([]);
  });
});

describe("trader jobs", () => {
  const withDead = async () => {
    const all = setUp();
    await all.trader("enqueue", "broken", '{"n":1}', "--key", "b");
    await all.trader("enqueue", "fetch", "{}", "--key", "f");
    await all.w.worker().drain();
    return all;
  };

  test("list filters by state, name, trace; --json is one array", async () => {
    const { w, trader } = await withDead();
    const list = async (...args: string[]) =>
      JSON.parse(await trader("jobs", "list", "--json", ...args)) as { name: string }[];
    expect((await list()).map((each) => each.name)).toEqual(["fetch", "broken"]);
    expect(await list("--state", "dead")).toMatchObject([{ name: "broken", error: { code: "REFUSED" }, attempts: 1 }]);
    expect(await list("--name", "fetch")).toMatchObject([{ state: "done", error: null }]);
    expect(await list("--trace", "broken:b")).toHaveLength(1);
    expect(await list("--limit", "1")).toHaveLength(1);
    expect(await list("--state", "parked")).toEqual([]);
    expect(await trader("jobs", "list", "--state", "parked")).toBe(`no jobs in ${w.dir} (no mode yet)`);
    expect(await trader("jobs", "list", "--name", "fetsh")).toMatch(/^no jobs in .*; jobs there are of broken, fetch$/);
    expect(await trader("jobs", "list")).toMatch(/1 +dead +broken +b +1\/3 .*REFUSED: the venue said no/);
    await expect(trader("jobs", "list", "--state", "nonsense")).rejects.toMatchObject({
      code: "commander.invalidArgument",
    });
    await expect(trader("jobs", "list", "--state", "dead,alive")).rejects.toThrow(/found "alive"/);
  });

  test("list takes several states, prints how many more there are, and names its time zone", async () => {
    const { w, trader, err } = await withDead();
    w.store.enqueue(job("fetch", "later", { runAtMs: epochMs(T0 + 6 * HOUR_MS) }));
    const ids = async (...args: string[]) =>
      (JSON.parse(await trader("jobs", "list", "--json", ...args)) as { id: number }[]).map((each) => each.id);
    expect(await ids("--state", "dead", "--state", "done")).toEqual([2, 1]);
    expect(await ids("--state", "dead,ready")).toEqual([3, 1]);
    expect(err.filter((line) => !line.includes("no worker runs"))).toEqual([]);
    expect(await ids("--limit", "2")).toEqual([3, 2]);
    expect(err.slice(-1)).toEqual(["note: 2 of 3 jobs; --limit 3 gives all"]);
    expect((await trader("jobs", "list", "--limit", "2")).split("\n")).toEqual([
      "ID  STATE  HANDLER  KEY    TRIES  WHEN (JST)           NOTE",
      "3   ready  fetch    later  0/3    2026-11-02 15:00:00",
      "2   done   fetch    f      1/3    2026-11-02 09:00:00",
      `2 of 3 jobs; 1 more: --limit 3; ${w.dir} (no mode yet)`,
      "WHEN (JST): a ready job's start, a parked one's deadline, an ended one's end",
    ]);
  });

  test("on a terminal a long key is cut in the middle and an error stands below its job; in a file all are whole", async () => {
    const { w } = setUp();
    const key = `k${"0123456789".repeat(20)}`;
    w.store.enqueue(job("broken", key));
    await w.worker().drain();
    const lines = (await commandsOn(w, { terminal: terminalOf(80) }).trader("jobs", "list")).split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "ID  STATE  HANDLER  KEY                                        TRIES  WHEN (JST)",
      "1   dead   broken   k01234567890123456789…1234567890123456789  1/3    09:00:00",
      "      REFUSED: the venue said no",
    ]);
    const inFile = await commandsOn(w).trader("jobs", "list");
    expect(inFile).toMatch(/1\/3 +2026-11-02 09:00:00 +REFUSED: the venue said no\n/);
    expect(inFile).toContain(key);
  });

  test("control characters of an error never reach the terminal", async () => {
    const w = world([
      handler("broken", () => {
        throw new AppError("permanent", "REFUSED", "red \u001b[31m text\r\nand \u202e more");
      }),
    ]);
    w.store.enqueue(job("broken", "k"));
    await w.worker().drain();
    const { trader } = commandsOn(w);
    for (const args of [["list"], ["show", "1"], ["watch", "--once"]]) {
      const text = await trader("jobs", ...args);
      expect(text).toContain("red  [31m text and   more");
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  test("show gives attempts and relatives; retry, discard and cancel change one job", async () => {
    const { w, trader } = await withDead();
    const shown = JSON.parse(await trader("jobs", "show", "1", "--json"));
    expect(shown).toMatchObject({ id: 1, state: "dead", attempts: 1, parent: null, children: [], ancestors: [] });
    expect(shown.attemptList).toMatchObject([
      { attempt: 1, outcome: "dead", durationMs: 0, error: { message: "the venue said no" } },
    ]);
    const text = await trader("jobs", "show", "1");
    expect(text).toContain("permanent REFUSED: the venue said no");
    expect(text).toContain("trader jobs retry 1");
    expect(JSON.parse(await trader("jobs", "retry", "1", "--json"))).toMatchObject({ id: 1, state: "ready" });
    expect(await trader("jobs", "cancel", "1")).toBe(`job 1 broken b: cancelled, in ${w.dir} (no mode yet)`);
    await trader("jobs", "retry", "1");
    await w.worker().drain();
    expect(await trader("jobs", "discard", "#1")).toBe(`job 1 broken b: cancelled, in ${w.dir} (no mode yet)`);
    await expect(trader("jobs", "discard", "1")).rejects.toMatchObject({ code: "JOB_STATE" });
    await expect(trader("jobs", "show", "99")).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    expect(w.db.read.audit.after(0).map((event) => [event.kind, event.actor])).toEqual([
      ["job.retried", "cli"],
      ["job.cancelled", "cli"],
      ["job.retried", "cli"],
      ["job.discarded", "cli"],
    ]);
  });

  test("several ids are changed one by one: each audited, a refusal is reported per id", async () => {
    const { w, trader, out, err } = await withDead();
    for (const key of ["x", "y"]) w.store.enqueue(job("broken", key));
    await w.worker().drain();
    await expect(trader("jobs", "retry", "1", "2", "3", "99", "3")).rejects.toMatchObject({
      code: "JOB_NOT_FOUND",
      message: "retry: expected to change 4 jobs, changed 2; unchanged: 2, 99",
    });
    expect(out.slice(-3)).toEqual(["job 1 broken b: ready", "job 3 broken x: ready", `in ${w.dir} (no mode yet)`]);
    expect(err.slice(-2)).toEqual([
      "JOB_STATE: job 2 (fetch): expected state dead or cancelled, found done; nothing was changed",
      "JOB_NOT_FOUND: expected the id of a job, found 99; see trader jobs list",
    ]);
    expect(w.db.read.audit.after(0).map((event) => event.data["jobId"])).toEqual([1, 3]);
    expect(JSON.parse(await trader("jobs", "cancel", "1", "3", "--json"))).toMatchObject([
      { ok: true, id: 1, job: { id: 1, state: "cancelled" }, code: null, message: null },
      { ok: true, id: 3, job: { state: "cancelled" } },
    ]);
    await expect(trader("jobs", "discard", "1", "4", "--json")).rejects.toMatchObject({ code: "JOBS_UNCHANGED" });
    expect(JSON.parse(out.at(-1)!)).toMatchObject([
      { ok: false, id: 1, job: null, code: "JOB_STATE" },
      { ok: true, id: 4, job: { state: "cancelled" } },
    ]);
  });

  test("stats counts states and names the halts", async () => {
    const { w, trader } = await withDead();
    w.db.transaction((tx) => tx.halts.raise({ kind: "stop", reason: "owner", atMs: w.clock.nowMs() }));
    expect(JSON.parse(await trader("jobs", "stats", "--json"))).toMatchObject({
      states: { ready: 0, running: 0, parked: 0, done: 1, dead: 1, cancelled: 0, expired: 0 },
      due: 0,
      halts: [{ kind: "stop", reason: "owner" }],
    });
    expect(await trader("jobs", "stats")).toMatch(/dead 1 .*\ndue now 0\nhalts: stop \(owner\)/);
  });
});
