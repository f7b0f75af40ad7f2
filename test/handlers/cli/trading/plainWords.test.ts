// Words of the command line that used to mislead: who cancelled an order, several problems at once, an unknown trade, a
// check that passes although something is missing.
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { runTrader } from "../../../../handlers/cli/program.ts";
import { defaultConfig } from "../../../../lib/core/config.ts";
import { yen } from "../../../../lib/core/money.ts";
import { textsOf } from "../../../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../../../lib/core/text/composeAlert.ts";
import { endedWhy } from "../../../../lib/core/text/endedWhy.ts";
import { KNOWN_CANCEL_TYPES } from "../../../../lib/io/gmo/wireTrading.ts";
import { World } from "../../../sim/world.ts";

let world: World | undefined;
afterEach(() => world?.close());

const trader = async (...args: string[]) => {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runTrader(args, {
    config: () => defaultConfig(),
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
};

describe("orders", () => {
  test("truth 12: our own cancel is called ours, one by another hand is not", async () => {
    const w = new World({ btc: (s) => s.to(10_200_000, 3).flat(200) });
    world = w;
    w.approve();
    await w.runToEnd();
    const ours = await trader("orders", "--all", "--var", w.dir);
    expect(ours.out).toContain("(cancelled by us)");
    expect(ours.out).not.toContain("USER");
    w.db.sql.exec("UPDATE orders SET cancel_asked_ms = NULL");
    expect((await trader("orders", "--all", "--var", w.dir)).out).toContain("(not by us: on the exchange's page");
  });
  test.each([...KNOWN_CANCEL_TYPES])("truth 12: %s is put into words", (code) => {
    for (const asked of [true, false]) expect(endedWhy(code, asked)).not.toMatch(/[A-Z]{3}_|USER/);
  });
  test("truth 12: an unknown word of the exchange stays", () => expect(endedWhy("NEW_RULE", false)).toBe("NEW_RULE"));
  test("truth 12: an unknown trade is exit 2 with what to do, a known one without orders is not", async () => {
    const w = new World({ btc: (s) => s.flat(20) });
    world = w;
    w.approve();
    await w.advance(0.5);
    const found = await trader("orders", "--trade", "99", "--var", w.dir);
    expect(found).toMatchObject({ code: 2, out: "" });
    expect(found.err).toMatch(
      /TRADE_MISSING: expected the number of a trade, found 99; trader trades --var .* lists them/,
    );
    expect(await trader("orders", "--trade", "99", "--json", "--var", w.dir)).toMatchObject({ code: 2, out: "" });
    expect((await trader("orders", "--trade", "1", "--var", w.dir)).code).toBe(0);
  });
});

test("truth 12: status --check prints one problem a line, the worst first", async () => {
  const w = new World({ btc: (s) => s.flat(20) });
  world = w;
  w.approve();
  w.db.sql.exec("UPDATE jobs SET state = 'dead', finished_ms = 1");
  w.db.transaction((tx) => {
    const text = textsOf("en").alerts.apiFailing({ count: 3, code: "ERR-500" });
    tx.alerts.raise(composeAlert("en", { key: "api", severity: "critical", atMs: w.nowMs }, text));
  });
  const { code, err } = await trader("status", "--check", "--var", w.dir);
  expect(code).toBe(1);
  const [first, ...problems] = err.split("\n");
  expect(first).toBe("trader: NOT_WELL: 3 problems");
  expect(problems.map((p) => p.trim().split(" ")[0])).toEqual(["no", "ALERT", "1"]);
  w.db.sql.exec("UPDATE jobs SET state = 'done'");
  w.db.transaction((tx) => tx.alerts.resolve("api", w.nowMs));
  expect((await trader("status", "--check", "--var", w.dir)).err).toBe("trader: NOT_WELL: no worker is running");
});

test("truth 12: doctor warns of an empty calendar and an old model, and still passes", async () => {
  const dir = join(mkdtempSync(join(tmpdir(), "doctor-")), "var");
  const { code, out } = await trader("doctor", "--var", dir);
  expect(code).toBe(0);
  expect(out).toMatch(/^WARN {2}calendar +EMPTY/m);
  expect(out).toMatch(/^WARN {2}model .* \d+ DAYS OLD/m);
  expect(out).toMatch(/^ok {4}node /m);
  const { checks } = JSON.parse((await trader("doctor", "--var", dir, "--json")).out);
  const warned = (checks as { name: string; warning: boolean }[]).filter((c) => c.warning).map((c) => c.name);
  expect(warned).toEqual(["calendar", "model"]);
  expect(existsSync(join(dir, "trader.db"))).toBe(false);
});

test("truth 8: a dry run of an import into a folder that does not exist makes none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dry-"));
  const file = join(folder, "events.csv");
  writeFileSync(file, "time_utc,currency,importance,title\n2025-07-30T18:00:00Z,USD,high,FOMC Decision\n");
  const dir = join(folder, "var");
  const { code, out, err } = await trader("events", "import", file, "--dry-run", "--var", dir);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/1 added, 0 changed, 0 unchanged; .*dry run, nothing was changed/);
  expect(existsSync(dir)).toBe(false);
});

test.each(["VENUE_DNS", "NOT_CONNECTED"])("truth 6: %s is looked for in the own network first", (code) => {
  for (const locale of ["en", "ja"] as const) {
    const { todo } = textsOf(locale).alerts.apiFailing({ count: 3, code });
    expect(todo).not.toMatch(/notices|お知らせ/);
    expect(textsOf(locale).alerts.apiFailing({ count: 3, code: "ERR-554" }).todo).toMatch(/notices|お知らせ/);
  }
});

test.each([
  ["50000", "WARN", "no trade is possible: ¥50,000, 10 % of it in one position: no BTC_JPY"],
  ["100000", "ok  ", "no BTC_JPY: its smallest order needs ¥176,000 of capital; ETH_JPY at most 0.01 ETH"],
  ["1000000", "ok  ", "BTC_JPY at most 0.005 BTC"],
])("doctor says what %s yen can trade at the newest prices: %s", async (capital, mark, expected) => {
  const w = new World({ btc: (s) => s.flat(5) });
  world = w;
  w.db.transaction((tx) => {
    for (const [symbol, price] of [
      ["BTC_JPY", 17_600_000],
      ["ETH_JPY", 600_000],
    ] as const) {
      const at = { venueMs: w.nowMs, seenMs: w.nowMs, currentMs: 10_000 };
      tx.quotes.record({ symbol, bid: yen(price), ask: yen(price), last: yen(price), ...at });
    }
  });
  const out: string[] = [];
  await runTrader(["doctor", "--var", w.dir], {
    config: () => defaultConfig({ PAPER_EQUITY_JPY: capital, MAX_POSITION_RATIO: "0.1" }),
    out: (text) => void out.push(text),
    err: () => {},
  });
  const row = out.find((line) => line.includes("capital"));
  expect(row).toMatch(new RegExp(`^${mark}`));
  expect(row).toContain(expected);
});
