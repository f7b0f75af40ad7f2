// The next steps that commands print for a person: for the same folder, with complete commands.
import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { META } from "../../../db/tables/meta.ts";
import { hintWith, shellQuoted } from "../../../handlers/cli/folder.ts";
import { EXAMPLE_INPUTS } from "../../../handlers/cli/queue/exampleInputs.ts";
import { registry } from "../../../handlers/registry.ts";
import { AppError } from "../../../lib/core/errors.ts";
import { HOUR_MS, SECOND_MS } from "../../../lib/core/time.ts";
import { parseInput } from "../../../queue/store.ts";
import type { Outcome } from "../../../queue/types.ts";
import { tempFolder, traderHere } from "../../e2e/trader.ts";
import { closeWorlds, done, handler, job, T0, type World, world } from "../../queue/world.ts";
import { commandsOn } from "./commands.ts";

afterEach(closeWorlds);

const VAR = ["--var", "my dir"];
const setUp = () => {
  const w = world([
    handler("fetch", () => done),
    handler("ask", (): Outcome => ({ kind: "park", deadlineMs: (T0 + HOUR_MS) as never })),
    handler("broken", () => {
      throw new AppError("permanent", "REFUSED", "the venue said no");
    }),
  ]);
  w.scheduler.declareSchedule({
    name: "hourly",
    handler: "fetch",
    input: {},
    everyMs: HOUR_MS,
    offsetMs: 0,
    policy: "skip",
  });
  return { w, ...commandsOn(w) };
};
const setMode = (w: World, mode: string, ended = false): void =>
  w.db.transaction((tx) => {
    tx.meta.set(META.mode, mode);
    if (ended) tx.meta.set(META.summary, "{}");
  });

describe("hints name the folder that the command was given", () => {
  test("every hint of every command", async () => {
    const { w } = setUp();
    const { trader, err } = commandsOn(w, { sleep: async (ms) => w.clock.pass(ms) });
    for (const name of ["broken", "ask"]) w.store.enqueue(job(name, "k", { traceId: "it's" }));
    const said = [
      await trader("enqueue", "fetch", "{}", ...VAR),
      await trader("schedules", "run", "hourly", ...VAR),
      await trader("schedules", "pause", "hourly", ...VAR),
    ];
    await w.worker().drain();
    for (const id of ["1", "2"]) said.push(await trader("jobs", "show", id, ...VAR));
    for (let i = 0; i < 70; i += 1) w.store.enqueue(job("fetch", `more${i}`, { traceId: "it's" }));
    said.push(await trader("jobs", "show", "1", ...VAR));
    const failures = [
      trader("jobs", "show", "999", ...VAR),
      trader("jobs", "retry", "999", ...VAR),
      trader("enqueue", "broken", "{}", "--key", "k", "--wait", ...VAR),
      trader("enqueue", "ask", "{}", "--key", "k", "--wait", "0.001", ...VAR),
    ];
    for (const each of failures)
      said.push(
        await each.then(
          () => "",
          (e: Error) => e.message,
        ),
      );
    said.push(await commandsOn(world([])).trader("schedules", "list", ...VAR), ...err);
    const hints = said
      .join("\n")
      .split("\n")
      .flatMap((line) => [...line.matchAll(/trader (?!enqueue)[a-z]+[^;)]*/g)].map(([hint]) => hint));
    expect(hints.length).toBeGreaterThan(15);
    for (const hint of hints) expect(hint).toMatch(/--var 'my dir'/);
    expect(hints.join("\n")).toContain("trader audit list --trace 'it'\\''s' --var 'my dir'");
  });

  test("without --var there is none", () => {
    expect(hintWith({})("jobs show 8")).toBe("trader jobs show 8");
  });

  test.each(["var-paper", "/a/b.c", "my dir", "it's", "~/x", "$HOME", "a;b", "*", '"', "\\", "ü"])(
    "a shell reads %s as it is",
    (text) => {
      expect(execFileSync("sh", ["-c", `printf %s ${shellQuoted(text)}`]).toString()).toBe(text);
    },
  );
});

describe("folder and mode", () => {
  test("are named once by each command that looks or changes; JSON stays as it was", async () => {
    const { w, trader } = setUp();
    setMode(w, "paper");
    const folder = `${w.dir} (paper)`;
    w.store.enqueue(job("fetch", "k"));
    for (const args of [
      ["jobs", "show", "1"],
      ["jobs", "list"],
      ["jobs", "list", "--state", "dead"],
      ["jobs", "stats"],
      ["jobs", "watch", "--once"],
      ["jobs", "prune"],
      ["schedules", "list"],
      ["enqueue", "fetch", "{}"],
      ["schedules", "run", "hourly"],
      ["schedules", "pause", "hourly"],
      ["schedules", "resume", "hourly"],
      ["jobs", "cancel", "1"],
      ["jobs", "retry", "1"],
      ["jobs", "cancel", "1", "2"],
    ])
      expect((await trader(...args)).split(folder), args.join(" ")).toHaveLength(2);
    expect(JSON.parse(await trader("enqueue", "fetch", "{}", "--key", "j", "--json"))).toEqual({
      id: 4,
      created: true,
    });
  });

  test("a replay is run by trader start, and one that has ended says so", async () => {
    const { w, trader, err } = setUp();
    setMode(w, "replay");
    await trader("enqueue", "fetch", "{}", ...VAR);
    expect(err.at(-1)).toBe(
      `note: nothing runs the replay in ${w.dir} now; trader start --var 'my dir' goes on with it, and with the job`,
    );
    expect(await trader("schedules", "list")).not.toContain("ended");
    setMode(w, "replay", true);
    const note = "note: this replay has ended; a job that is due runs with the next trader start --var 'my dir'";
    await trader("schedules", "run", "hourly", ...VAR);
    expect(err.at(-1)).toBe(note);
    await trader("enqueue", "fetch", "{}", ...VAR);
    expect(err.at(-1)).toBe(note);
    await trader("schedules", "pause", "hourly", ...VAR);
    expect(err.at(-1)).toContain("this replay has ended");
    expect(await trader("schedules", "list", ...VAR)).toMatch(
      /\(replay\); this replay has ended \(trader start --fresh --var 'my dir' begins a new one\)$/,
    );
    const frame = await trader("jobs", "watch", "--once");
    expect(frame).toContain("\nthis replay has ended\n");
    expect(frame).not.toMatch(/NO WORKER|LATE|PAUSED/);
  });
});

describe("wrong use leads on", () => {
  const dir = tempFolder();
  test.each([
    [["enqueue", "--wait", "reconcile", "{}"], /--wait: .*found "reconcile"; put --wait after the name and the JSON\n/],
    [["enqueue", "reconcile"], /missing required argument 'json'\n\(trader enqueue --help tells what it takes\)/],
    [["enqueue", "reconcile", "{a:1}"], /use double quotes inside single ones: '\{"symbol":"BTC_JPY"\}'/],
    [["jobs", "show"], /missing required argument 'id'\n\(trader jobs show --help tells what it takes\)/],
    [["schedules", "pause"], /\(trader schedules pause --help tells what it takes\)/],
    [["jobs", "list", "--state", "failed"], /found "failed"; did you mean dead\?/],
    [["jobs", "list", "--state", "constructor"], /found "constructor"\n/],
    [["nonsense"], /\(trader --help lists the commands\)/],
  ])("%j", async (args, message) => {
    const ended = await traderHere([...args, ...(args.length > 1 ? ["--var", dir] : [])]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(message);
  });

  test("a state may be written in capitals, an id with its #", async () => {
    const { w, trader } = setUp();
    w.store.enqueue(job("broken", "k"));
    await w.worker().drain();
    expect(JSON.parse(await trader("jobs", "list", "--state", "DEAD,Parked", "--json"))).toHaveLength(1);
    expect(JSON.parse(await trader("jobs", "show", "#1", "--json"))).toMatchObject({ id: 1 });
  });
});

describe("help", () => {
  test("says what the exit codes mean and where errors go", async () => {
    const { stdout, code } = await traderHere(["--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Exit codes: 0 done, 1 failed, 2 wrong use/);
    expect(stdout).toMatch(/errors as text, also with --json/);
    expect(stdout).toContain("enqueue [options] <name> <json>");
  });

  test("of enqueue: every handler with an input that it takes", async () => {
    const { stdout } = await traderHere(["enqueue", "--help"]);
    expect(Object.keys(EXAMPLE_INPUTS).sort()).toEqual([...registry.keys()].sort());
    for (const [name, input] of Object.entries(EXAMPLE_INPUTS)) {
      expect(() => parseInput(registry.get(name)!, input)).not.toThrow();
      expect(stdout).toMatch(new RegExp(`^  ${name} +'\\{.*\\}'$`, "m"));
    }
  });
});

describe("trader audit list", () => {
  const withEvents = (count: number) => {
    const all = setUp();
    all.w.db.transaction((tx) => {
      for (let i = 1; i <= count; i += 1)
        tx.audit.append({ atMs: T0, kind: "test", actor: "test", traceId: i % 2 ? "odd" : "even", data: { i } });
    });
    return all;
  };
  test("an unknown trace, an empty log: said in words", async () => {
    const { w, trader } = withEvents(0);
    expect(await trader("audit", "list")).toBe(`no events in ${w.dir} (no mode yet)`);
    expect(await trader("audit", "list", "--trace", "nope")).toBe(
      `no events of the trace nope in ${w.dir} (no mode yet)`,
    );
    expect(await trader("audit", "list", "--trace", "nope", "--json")).toBe("[]");
  });

  test("the newest 200, in JST, and how many more there are; a script gets them all", async () => {
    const { trader, err } = withEvents(1_500);
    const lines = (await trader("audit", "list")).split("\n");
    expect(lines).toHaveLength(201);
    expect(lines[0]).toBe('1301  2026-11-02 09:00:00 JST  test  test  {"i":1301}');
    expect(lines.at(-1)).toBe("the newest 200 of 1500 events; 1300 more before: --limit 1500");
    expect((await trader("audit", "list", "--trace", "odd", "--limit", "2")).split("\n")).toEqual([
      '1497  2026-11-02 09:00:00 JST  test  test  {"i":1497}',
      '1499  2026-11-02 09:00:00 JST  test  test  {"i":1499}',
      "the newest 2 of 750 events; 748 more before: --limit 750",
    ]);
    const all = JSON.parse(await trader("audit", "list", "--json")) as { seq: number }[];
    expect(all.map((event) => event.seq)).toEqual(Array.from({ length: 1_500 }, (_, i) => i + 1));
    expect(err).toEqual([]);
    expect(JSON.parse(await trader("audit", "list", "--json", "--limit", "1"))).toMatchObject([{ seq: 1_500 }]);
    expect(err).toEqual(["note: the newest 1 of 1500 events; 1499 more before: --limit 1500"]);
    expect((await trader("audit", "list", "--limit", "1500")).split("\n")).toHaveLength(1_500);
  });
});

describe("trader enqueue --wait", () => {
  test("reports that the worker's heartbeat is missing, is back, and that the worker is gone", async () => {
    const { w } = setUp();
    const ledger = w.ledger("a");
    const rounds: (() => void)[] = [
      () => w.clock.pass(31 * SECOND_MS),
      () => w.clock.pass(40 * SECOND_MS),
      () => {
        ledger.heartbeat();
        w.clock.pass(SECOND_MS);
      },
      () => {
        ledger.stopWorker();
        w.clock.pass(SECOND_MS);
      },
    ];
    const { trader, err } = commandsOn(w, {
      sleep: async (ms) => {
        w.clock.pass(ms);
        rounds.shift()?.();
      },
      interruption: () => ({ signal: new AbortController().signal, release: () => {} }),
    });
    await expect(trader("enqueue", "fetch", "{}", "--wait", "90", ...VAR)).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
    });
    expect(err.slice(2)).toEqual([
      "note: the worker is SILENT for 31 s: it hangs, or cannot write its file (trader status --var 'my dir' tells more); still waiting",
      "note: the worker is alive again",
      "note: no worker runs any more (trader worker --var 'my dir' starts one); still waiting",
    ]);
  });
});
