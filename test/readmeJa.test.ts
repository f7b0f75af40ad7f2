// The owner's Japanese README: every command, option, setting and file it names exists, and it promises no more than
// README.md.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../handlers/telegram/commands.ts";
import { SETTINGS } from "../lib/core/config.ts";
import { PROJECT_ROOT } from "../lib/io/paths.ts";
import { traderHere } from "./e2e/trader.ts";

const text = readFileSync(join(PROJECT_ROOT, "README.ja.md"), "utf8");
const all = (pattern: RegExp): readonly string[] => [...new Set([...text.matchAll(pattern)].map((m) => m[1] ?? ""))];

describe("README.ja.md", () => {
  test("names only commands and options that the program has", async () => {
    const lines = all(/npx trader ([^\n`#|]+)/g).map((line) => line.trim().split(/\s+/));
    expect(lines.length).toBeGreaterThan(10);
    for (const [name = "", ...rest] of lines) {
      if (name === "--help") continue;
      const sub = ["jobs", "events"].includes(name) ? [name, rest[0] ?? ""] : [name];
      const help = await traderHere([...sub, "--help"]);
      expect(help.code, sub.join(" ")).toBe(0);
      expect(help.stdout, sub.join(" ")).toContain(`Usage: trader ${sub.join(" ")}`);
      for (const option of rest.filter((word) => word.startsWith("--"))) expect(help.stdout).toContain(option);
    }
  });

  test("names only commands that the bot has, and all of them", () => {
    const named = all(/`\/([a-z_]+)`/g);
    expect(named.filter((name) => !(COMMANDS as readonly string[]).includes(name))).toEqual([]);
    expect(COMMANDS.filter((name) => !named.includes(name))).toEqual([]);
  });

  test("names only settings and files that exist", () => {
    const settings = all(/\b([A-Z]{2,}(?:_[A-Z]+)+|MODE|LOCALE)\b/g);
    expect(settings.filter((name) => !Object.hasOwn(SETTINGS, name))).toEqual([]);
    for (const file of all(/\]\(([^)]+)\)/g)) expect(existsSync(join(PROJECT_ROOT, file)), file).toBe(true);
  });

  test("says the risk: no proven edge, no real orders in this version", () => {
    expect(text).toContain("優位性: 未検証");
    expect(text).toContain("`MODE=live` は拒否されます");
    expect(readFileSync(join(PROJECT_ROOT, "README.md"), "utf8")).toMatch(/`MODE=live` is refused/);
  });
});
