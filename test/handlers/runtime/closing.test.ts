// Every step of the worker that fails closes exactly what was opened before it, newest first, once, and its error is the one
// that is thrown.
import { describe, expect, test } from "vitest";
import { type Closing, opening, runSteps } from "../../../handlers/runtime/closing.ts";

const PARTS = {
  openFolder: ["lock", "database"],
  connect: ["simulator", "http", "bot"],
  start: ["progress", "feed", "queue", "reporter"],
} as const;
type Part = (typeof PARTS)[keyof typeof PARTS][number] | "stopped";

/** The worker's steps in small. `failing` throws when it is opened, `failingCloses` when they are closed. */
const play = async ({ failing, failingCloses = [] }: { failing?: Part; failingCloses?: readonly Part[] }) => {
  const opened: Part[] = [];
  const closed: Part[] = [];
  const told: string[] = [];
  const tell = (error: unknown): void => void told.push(String(error));
  const open = (closing: Closing, part: Part): void => {
    if (part === failing) throw new Error(`cannot open ${part}`);
    opened.push(part);
    closing.add(() => {
      closed.push(part);
      if (failingCloses.includes(part)) throw new Error(`cannot close ${part}`);
    });
  };
  const step = (name: keyof typeof PARTS) => () =>
    opening(tell, async (closing) => {
      for (const part of PARTS[name]) open(closing, part);
      return name;
    });
  const ended = await runSteps(
    {
      openFolder: step("openFolder"),
      connect: step("connect"),
      start: step("start"),
      untilStopped: async () => {
        if (failing === "stopped") throw new Error("cannot open stopped");
      },
    },
    tell,
  ).then(
    () => "well",
    (e: Error) => e.message,
  );
  return { opened, closed, told, ended };
};
const ALL: readonly Part[] = Object.values(PARTS).flat();

describe("a step that fails", () => {
  test.each([...ALL, "stopped"] as const)(
    "at %s closes what was opened before, newest first, once",
    async (failing) => {
      const { opened, closed, told, ended } = await play({ failing });
      const before = failing === "stopped" ? ALL : ALL.slice(0, ALL.indexOf(failing));
      expect(opened).toEqual(before);
      expect(closed).toEqual(before.toReversed());
      expect(ended).toBe(`cannot open ${failing}`);
      expect(told).toEqual([]);
    },
  );
  test.each([...ALL.slice(1), "stopped"] as const)(
    "at %s keeps its error when closing fails too, and the rest is closed",
    async (failing) => {
      const { opened, closed, told, ended } = await play({ failing, failingCloses: ["lock"] });
      expect(closed).toEqual(opened.toReversed());
      expect(ended).toBe(`cannot open ${failing}`);
      expect(told).toEqual(["Error: cannot close lock"]);
    },
  );
});

describe("an end in order", () => {
  test("closes everything, newest first, once", async () => {
    const { closed, ended, told } = await play({});
    expect(closed).toEqual(ALL.toReversed());
    expect([ended, told]).toEqual(["well", []]);
  });
  test.each(ALL)("a close of %s that fails keeps nothing else open and is thrown at the end", async (part) => {
    const { closed, ended } = await play({ failingCloses: [part] });
    expect(closed).toEqual(ALL.toReversed());
    expect(ended).toBe(`cannot close ${part}`);
  });
  test("closing again closes nothing twice", async () => {
    const closed: string[] = [];
    const step = await opening(
      () => {},
      (closing) => closing.add(() => void closed.push("lock")),
    );
    await step.close();
    await step.close();
    expect(closed).toEqual(["lock"]);
  });
  test("of two failing closes the first one is thrown", async () => {
    expect((await play({ failingCloses: ["lock", "feed"] })).ended).toBe("cannot close feed");
  });
});
