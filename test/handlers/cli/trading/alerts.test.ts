// `trader alerts` and `trader alerts seen`: what a person may end, and what not.
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { registerAlerts } from "../../../../handlers/cli/trading/alerts.ts";
import { registry } from "../../../../handlers/registry.ts";
import { defaultConfig } from "../../../../lib/core/config.ts";
import { parseInstant } from "../../../../lib/core/time.ts";
import { JobStore } from "../../../../queue/store.ts";
import { type Book, openBook } from "../../report/book.ts";

let book: Book;
beforeEach(() => {
  book = openBook(parseInstant("2025-07-30T00:00:00Z"));
});
afterEach(() => book.close());

const trader = async (...words: string[]): Promise<readonly string[]> => {
  const lines: string[] = [];
  const state = () => ({
    db: book.db,
    store: new JobStore(book.db, registry, book.clock),
    clock: { nowMs: () => book.clock.nowMs(), realNowMs: () => book.clock.nowMs(), monotonicMs: () => 0 },
    close: () => undefined,
  });
  const program = new Command("trader").exitOverride();
  registerAlerts(program, {
    config: () => defaultConfig(),
    open: state,
    look: state,
    out: (text) => void lines.push(text),
    err: (text) => void lines.push(text),
    sleep: () => Promise.resolve(),
  });
  await program.parseAsync(["alerts", ...words], { from: "user" });
  return lines;
};
const raise = (key: string): void => {
  const atMs = book.clock.nowMs();
  book.db.transaction((tx) => tx.alerts.raise({ key, severity: "critical", text: "what\nwhy", atMs }));
};
const open = () => book.db.read.alerts.open().map((a) => a.key);

describe("trader alerts", () => {
  test("lists what is open with how it ends", async () => {
    expect(await trader()).toEqual(["no open alert"]);
    raise("api");
    raise("excess:3");
    expect((await trader()).join("\n")).toMatch(
      /^api {2}critical, since .* JST; ends by itself with its cause\n {2}what\n {2}why\nexcess:3 .*; ends with trader alerts seen excess:3\n/,
    );
    expect(JSON.parse((await trader("--json")).join(""))).toMatchObject([
      { key: "api", endsBy: "cause" },
      { key: "excess:3", endsBy: "person" },
    ]);
  });
  test.each(["excess:3", "oversold:7", "estimated:9"])("a person ends %s, once, and it is audited", async (key) => {
    raise(key);
    expect(await trader("seen", key)).toEqual([`${key} is ended`]);
    expect(open()).toEqual([]);
    expect(book.db.sql.prepare("SELECT count(*) FROM audit_events WHERE kind = 'alert.seen'").pluck().get()).toBe(1);
    await expect(trader("seen", key)).rejects.toThrow(/expected the key of an open alert/);
  });
  test.each(["api", "bare:leg:1", "loss-day", "unanswered:4"])("%s cannot be marked as seen", async (key) => {
    raise(key);
    await expect(trader("seen", key)).rejects.toThrow(/it ends by itself with its cause/);
    expect(open()).toEqual([key]);
  });
});
