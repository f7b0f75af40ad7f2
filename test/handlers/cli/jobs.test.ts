// The ledger's commands as a person and as a script use them.
import { Command } from "commander";
import { afterEach, describe, expect, test } from "vitest";
import { registerEnqueue } from "../../../handlers/cli/enqueue.ts";
import { registerJobs } from "../../../handlers/cli/jobs.ts";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { closeWorlds, done, handler, type World, world } from "../../queue/world.ts";

afterEach(closeWorlds);

const setUp = () => {
  const w = world([
    handler("fetch", () => done),
    handler("broken", () => {
      throw new AppError("permanent", "REFUSED", "the venue said no");
    }),
  ]);
  const trader = async (...args: string[]): Promise<string> => {
    const lines: string[] = [];
    const program = new Command("trader").exitOverride().configureOutput({ writeErr: () => {} });
    const open = (): Pick<World, "db" | "store" | "clock" | "close"> => ({ ...w, close: () => {} });
    const deps = { open, out: (text: string) => lines.push(text) };
    registerJobs(program, deps);
    registerEnqueue(program, deps);
    await program.parseAsync(args, { from: "user" });
    return lines.join("\n");
  };
  return { w, trader };
};

describe("trader enqueue", () => {
  test("--json tells the id and whether the job is new; the same key is enqueued once", async () => {
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
    expect(w.store.list().map((job) => new Date(job.runAtMs).toISOString())).toEqual([
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
    [["jobs", "show", "x"], /ID: expected a whole number/],
    [["jobs", "list", "--limit", "-1"], /--limit: expected a whole number/],
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
    const { w, trader } = setUp();
    await trader("enqueue", "broken", '{"n":1}', "--key", "b");
    await trader("enqueue", "fetch", "{}", "--key", "f");
    await w.worker().drain();
    return { w, trader };
  };

  test("list filters by state, name, trace; --json is one array", async () => {
    const { trader } = await withDead();
    const list = async (...args: string[]) =>
      JSON.parse(await trader("jobs", "list", "--json", ...args)) as { name: string }[];
    expect((await list()).map((job) => job.name)).toEqual(["fetch", "broken"]);
    expect(await list("--state", "dead")).toMatchObject([{ name: "broken", error: { code: "REFUSED" }, attempts: 1 }]);
    expect(await list("--name", "fetch")).toMatchObject([{ state: "done", error: null }]);
    expect(await list("--trace", "broken:b")).toHaveLength(1);
    expect(await list("--limit", "1")).toHaveLength(1);
    expect(await list("--state", "parked")).toEqual([]);
    expect(await trader("jobs", "list", "--state", "parked")).toBe("no jobs");
    expect(await trader("jobs", "list")).toMatch(/1 +dead +broken +b +1\/3 .*REFUSED: the venue said no/);
    await expect(trader("jobs", "list", "--state", "nonsense")).rejects.toMatchObject({
      code: "commander.invalidArgument",
    });
  });

  test("show gives attempts and relatives; retry, discard and cancel change one job", async () => {
    const { w, trader } = await withDead();
    const shown = JSON.parse(await trader("jobs", "show", "1", "--json"));
    expect(shown).toMatchObject({ id: 1, state: "dead", attemptsMade: 1, parent: null, children: [] });
    expect(shown.attempts).toMatchObject([{ attempt: 1, outcome: "dead", error: { message: "the venue said no" } }]);
    expect(await trader("jobs", "show", "1")).toContain("permanent REFUSED: the venue said no");
    expect(JSON.parse(await trader("jobs", "retry", "1", "--json"))).toMatchObject({ id: 1, state: "ready" });
    expect(await trader("jobs", "cancel", "1")).toBe("job 1 broken b: cancelled");
    await trader("jobs", "retry", "1");
    await w.worker().drain();
    expect(await trader("jobs", "discard", "1")).toBe("job 1 broken b: cancelled");
    await expect(trader("jobs", "discard", "1")).rejects.toMatchObject({ code: "JOB_STATE" });
    await expect(trader("jobs", "show", "99")).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    expect(w.db.read.audit.after(0).map((event) => event.kind)).toEqual([
      "job.retried",
      "job.cancelled",
      "job.retried",
      "job.discarded",
    ]);
  });

  test("stats counts states and names the halts", async () => {
    const { w, trader } = await withDead();
    w.db.transaction((tx) => tx.halts.raise({ kind: "stop", reason: "owner", atMs: w.clock.nowMs() }));
    expect(JSON.parse(await trader("jobs", "stats", "--json"))).toMatchObject({
      states: { ready: 0, running: 0, parked: 0, done: 1, dead: 1, cancelled: 0, expired: 0 },
      due: 0,
      halts: ["stop"],
    });
    expect(await trader("jobs", "stats")).toMatch(/dead 1 .*\ndue now 0\nhalts: stop \(owner\)/);
  });
});
