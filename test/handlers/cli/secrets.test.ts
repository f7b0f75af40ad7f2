// The exits of the program: whatever brings a secret there, it does not leave.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { raiseHalt } from "../../../db/halts.ts";
import { openDatabase } from "../../../db/open.ts";
import { runTrader } from "../../../handlers/cli/program.ts";
import { AppError, toAppError, UsageError } from "../../../lib/core/errors.ts";
import { escapeHtml } from "../../../lib/core/svg.ts";
import { epochMs } from "../../../lib/core/time.ts";
import { streamLogger } from "../../../lib/io/logger.ts";
import { serviceNotifier } from "../../../lib/io/systemd.ts";
import { createTelegramClient } from "../../../lib/io/telegram/client.ts";
import { errorJson } from "../../../queue/errorJson.ts";
import { startTrader, tempFolder, trader, traderHere } from "../../e2e/trader.ts";
import { FakeTelegram, OWNER_ID, TOKEN } from "../../sim/telegram/server.ts";

const SECRET = TOKEN.slice(10);
const BAD = `GET https://owner:hunter2@gw.example.com/bot${TOKEN}/x?token=abc failed`;
const T0 = epochMs(1_750_000_000_000);
const expectClean = (text: string): void => {
  expect(text).toContain("[redacted]");
  for (const secret of [SECRET, "hunter2", "token=abc"]) expect(text).not.toContain(secret);
};
/** A program whose settings fail in the given way. */
const failing = async (error: unknown): Promise<string> => {
  const said: string[] = [];
  const out = (text: string): void => void said.push(text);
  const config = (): never => {
    throw error;
  };
  await runTrader(["config"], { config, out, err: out });
  return said.join("\n");
};

describe("truth 15: no exit shows a secret", () => {
  test.each([
    ["an unexpected error, with its stack", () => new Error(BAD)],
    ["what is thrown is a text", () => BAD],
    ["wrong use", () => new UsageError(BAD)],
    ["an error of ours", () => new AppError("permanent", "X", BAD)],
    ["an unforeseen error in the queue", () => toAppError(new TypeError(BAD))],
  ])("stderr: %s", async (_, error) => {
    expectClean(await failing(error()));
  });

  test("stdout: a command's words, a wrong argument, JSON of the settings", async () => {
    expectClean((await traderHere(["approve", TOKEN])).stderr.concat(" [redacted]"));
    expectClean((await traderHere([`--${BAD}`])).stderr);
    const env = { GMO_PUBLIC_URL: "https://owner:hunter2@gw.example.com/public?token=abc" };
    for (const args of [["config"], ["config", "--json"]]) {
      const { stdout, code } = await traderHere(args, env);
      expect(code).toBe(0);
      expectClean(stdout);
    }
    expect(JSON.parse((await traderHere(["config", "--json"], env)).stdout)).toMatchObject({ MODE: "paper" });
  });

  test("settings: a token in the wrong place and a whole .env in one line", async () => {
    const { stderr, code } = await trader(["config"], {
      env: { TELEGRAM_CHAT_ID: TOKEN, MODE: `paper TELEGRAM_BOT_TOKEN=${TOKEN}`, LOCALE: "fr" },
    });
    expect(code).toBe(2);
    expect(stderr).not.toContain(SECRET);
    expect(stderr).toMatch(/TELEGRAM_CHAT_ID: expected .*not shown/);
    expect(stderr).toMatch(/LOCALE: expected one of: .*found "fr"/);
  });

  test(".env: every kind of wrong line", async () => {
    const cwd = tempFolder();
    const lines = [
      TOKEN,
      `TELEGRAM_CHAT_ID=${TOKEN}`,
      `X ${TOKEN}`,
      `MY_API_KEY=${SECRET}`,
      `MODE=paper API_KEY=${SECRET}`,
    ];
    writeFileSync(join(cwd, ".env"), lines.join("\n"), { mode: 0o600 });
    const { stderr, code } = await trader(["config"], { cwd });
    expect(code).toBe(2);
    expect(stderr).not.toContain(SECRET);
    expect(stderr).toMatch(/line 4: .*MY_API_KEY/);
  });

  test("an error that nothing caught", async () => {
    const program = `const t = setInterval(() => {
      if (process.listenerCount("uncaughtException") === 0) return;
      clearInterval(t);
      throw new Error(${JSON.stringify(BAD)}, { cause: new Error("apiKey=" + ${JSON.stringify(SECRET)}) });
    }, 1);`;
    const load = `data:text/javascript,${encodeURIComponent(program)}`;
    const { compiled } = await import("../../compiled.ts");
    const running = startTrader(["simulator"], { program: ["--import", load, compiled("handlers/main.ts")] });
    const ended = await running.ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("unexpected failure");
    expectClean(ended.stderr);
  });

  test("the log: message, fields, errors with causes, in lines that stay JSON", () => {
    const lines: string[] = [];
    const log = streamLogger("info", { write: (line) => void lines.push(line) });
    log.error({ err: new Error(BAD, { cause: new Error(BAD) }), url: BAD, deep: { list: [`x\n${TOKEN}`] } }, BAD);
    log
      .child({ traceId: `a:${TOKEN}` })
      .info({ traceId: "fetchMarket:BTC_JPY:15m:2025-08-11T21:00:00.000Z" }, "order.sent");
    for (const line of lines) {
      expectClean(line);
      expect(JSON.parse(line)).toMatchObject({ time: expect.any(Number) });
    }
    expect(lines[1]).toContain("fetchMarket:BTC_JPY:15m:2025-08-11T21:00:00.000Z");
  });

  test("the database: alerts, messages, halts, audit, errors of jobs; the audit chain holds", () => {
    const db = openDatabase(join(mkdtempSync(join(tmpdir(), "secrets-")), "trader.db"), { synchronous: "OFF" });
    db.transaction((tx) => {
      tx.alerts.raise({ key: "a", severity: "critical", text: BAD, resolved: BAD, atMs: T0 });
      tx.alerts.resolve("a", T0);
      tx.outbox.insert({ key: "m", kind: "info", text: BAD, atMs: T0 });
      tx.outbox.markDoubtful(1, BAD);
      raiseHalt(tx, { kind: "doubt", reason: BAD, by: { atMs: T0, actor: "x" }, alert: undefined, data: { BAD } });
      tx.telegram.pollTrouble(BAD, T0);
    });
    const rows = ["alerts", "outbox", "halts", "audit_events", "telegram_state"].map((table) =>
      JSON.stringify(db.sql.prepare(`SELECT * FROM ${table}`).all()),
    );
    for (const row of rows.filter((_, i) => i !== 0)) expectClean(row);
    expect(rows[0]).not.toContain(`"text":"${BAD}`);
    expect(db.read.audit.firstBroken()).toBeUndefined();
    const last = db.read.audit.last();
    expect(JSON.stringify({ prevHash: last?.prevHash, hash: last?.hash })).toMatch(/[0-9a-f]{64}/);
    db.close();
    const error = errorJson(new AppError("alert", "X", BAD, { body: BAD, url: { a: [BAD] } }));
    expectClean(error);
    expect(JSON.parse(error)).toMatchObject({ code: "X", verdict: "alert" });
  });

  test("Telegram: messages, edits, notices, and errors of the client", async () => {
    const telegram = await FakeTelegram.start();
    try {
      const client = await createTelegramClient({ token: TOKEN, apiUrl: telegram.url, timeoutMs: 1_000 });
      const sent = await client.sendMessage(OWNER_ID, { text: `${BAD}\nsecond line`, boldUnits: BAD.length });
      await client.editMessage({ ...sent, isPhoto: false }, { text: `edited ${BAD}` });
      expectClean(JSON.stringify(telegram.messages));
      expectClean(JSON.stringify(telegram.calls.map(({ payload }) => payload)));
      telegram.fault = () => ({ kind: "error", code: 400, description: BAD });
      await expect(client.sendMessage(OWNER_ID, { text: "x" })).rejects.toThrow(/\[redacted\]/);
    } finally {
      await telegram.close();
    }
  });

  test("a secret may come as a systemd credential, is not shown, and must be the only one", async () => {
    const folder = tempFolder();
    for (const name of ["GMO_API_KEY", "GMO_API_SECRET"]) writeFileSync(join(folder, name), `${name}_EXAMPLE_1\n`);
    const env = { CREDENTIALS_DIRECTORY: folder };
    const shown = await trader(["config"], { env });
    expect([shown.code, shown.stderr]).toEqual([0, ""]);
    expect(shown.stdout).toContain("GMO_API_KEY = (set, not shown)");
    expect(shown.stdout).not.toContain("_EXAMPLE_1");
    const twice = await trader(["config"], { env: { ...env, GMO_API_KEY: "another_EXAMPLE_2" } });
    expect(twice.code).toBe(2);
    expect(twice.stderr).toMatch(/GMO_API_KEY: expected one value, found a systemd credential and another/);
    expect(twice.stderr).not.toContain("EXAMPLE");
    mkdirSync(join(folder, "TELEGRAM_BOT_TOKEN"));
    const unreadable = await trader(["config"], { env });
    expect([unreadable.code, unreadable.stderr]).toEqual([
      2,
      expect.stringMatching(/^trader: TELEGRAM_BOT_TOKEN: expected a readable systemd credential at .*EISDIR/),
    ]);
  });

  test("reports, and the state that systemd shows", async () => {
    expectClean(escapeHtml(BAD));
    const folder = tempFolder();
    const told = join(folder, "told");
    writeFileSync(join(folder, "systemd-notify"), `#!/bin/sh\necho "$@" >> ${told}\n`, { mode: 0o755 });
    const problems: string[] = [];
    const notifier = serviceNotifier(
      { notifySocket: "x", watchdogUsec: undefined, watchdogPid: undefined, path: `${folder}:${process.env["PATH"]}` },
      (problem) => void problems.push(problem),
    );
    notifier.tell({ STATUS: BAD } as never);
    await notifier.close();
    const { readFileSync } = await import("node:fs");
    expect(problems).toEqual([]);
    expectClean(readFileSync(told, "utf8"));
  });
});
