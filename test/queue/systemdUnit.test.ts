// The worker's systemd unit: systemd itself finds nothing wrong with it, and its numbers fit the program's.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { GRACE_MS } from "../../handlers/runtime/worker.ts";
import { projectPath } from "../../lib/io/paths.ts";
import { NOTIFY_TIMEOUT_MS } from "../../lib/io/systemd.ts";
import { ABORT_GRACE_MS } from "../../queue/worker.ts";

const text = readFileSync(projectPath("queue", "systemd", "cryptotrader.service"), "utf8");
const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const settings = new Map(
  lines.filter((line) => !line.startsWith("[")).map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
);
const value = (name: string): string => {
  const found = settings.get(name);
  if (found === undefined) throw new Error(`expected ${name}= in the unit, found none`);
  return found;
};
const seconds = (name: string): number => {
  expect(value(name)).toMatch(/^\d+$/); // plain seconds
  return Number(value(name));
};
const megabytes = (size: string): number => {
  const [, number = "", unit = ""] = /^(\d+)([MG])$/.exec(size) ?? [];
  return Number(number) * (unit === "G" ? 1_024 : 1);
};

describe("queue/systemd/cryptotrader.service", () => {
  const here = spawnSync("systemd-analyze", ["--version"]).status === 0;
  test.skipIf(!here)(`is sound to systemd-analyze verify${here ? "" : " (skipped: not on this machine)"}`, () => {
    const verify = (unit: string): string => {
      const path = join(mkdtempSync(join(tmpdir(), "trader-unit-")), "cryptotrader.service");
      writeFileSync(path, unit);
      const run = spawnSync("systemd-analyze", ["verify", "--man=no", path], { encoding: "utf8" });
      return `${run.status} ${run.stderr}`;
    };
    // This machine's node may be where systemd would not look for it.
    const unit = text.replace("ExecStart=node ", `ExecStart=${process.execPath} `);
    expect(verify(unit)).toBe("0 ");
    expect(verify(unit.replace("WatchdogSec=", "WatchdogSecs="))).toContain("Unknown key");
  });

  test("each setting is given once, on a line of its own", () => {
    expect(settings.size).toBe(lines.filter((line) => !line.startsWith("[")).length);
    expect(lines.filter((line) => !/^(\[\w+\]|[A-Z]\w+=.*\S|CapabilityBoundingSet=)$/.test(line))).toEqual([]);
  });

  test("it starts the program that is built, and its folders fit each other", () => {
    const [program, ...args] = value("ExecStart").split(" ");
    expect(program).toBe("node");
    expect(args.slice(1).map((arg) => arg.replace("/opt/cryptotrader/dist/", ""))).toEqual([
      "handlers/main.js",
      "worker",
    ]);
    expect(existsSync(join(inject("testBuild"), "handlers", "main.js"))).toBe(true);
    expect(existsSync(value("Documentation").replace("file:///opt/cryptotrader", projectPath()))).toBe(true);
    expect(value("WorkingDirectory")).toBe(`/var/lib/${value("StateDirectory")}`);
  });

  test("the trader command for a person runs the same program as the same user in the same folder", () => {
    const wrapper = projectPath("queue", "systemd", "trader");
    expect(statSync(wrapper).mode & 0o111).toBe(0o111);
    expect(spawnSync("sh", ["-n", wrapper]).status).toBe(0);
    const program = value("ExecStart").split(" ").at(-2);
    expect(readFileSync(wrapper, "utf8")).toContain(
      `exec sudo -u ${value("User")} env -C ${value("WorkingDirectory")} node ${program} "$@"`,
    );
  });

  test("a stop has time for the grace, the abort and the last messages", () => {
    expect(value("KillSignal")).toBe("SIGTERM");
    expect(seconds("TimeoutStopSec") * 1_000).toBeGreaterThan(GRACE_MS + ABORT_GRACE_MS + 2 * NOTIFY_TIMEOUT_MS);
  });

  test("a worker that is slow to notify, or is stopping, is not taken for hung", () => {
    expect([value("Type"), value("NotifyAccess")]).toEqual(["notify", "all"]);
    const afterPingMs = (seconds("WatchdogSec") * 1_000) / 2;
    expect(afterPingMs).toBeGreaterThan(2 * NOTIFY_TIMEOUT_MS);
    expect(afterPingMs).toBeGreaterThan(GRACE_MS + ABORT_GRACE_MS);
  });

  test("it restarts after every exit except the one a person must fix", () => {
    expect([value("Restart"), value("RestartPreventExitStatus"), value("StartLimitIntervalSec")]).toEqual([
      "always",
      "2",
      "0",
    ]);
  });

  test("heap < MemoryHigh < MemoryMax, on a server of 4 GB; V8 may compile", () => {
    const heap = Number(/--max-old-space-size=(\d+) /.exec(value("ExecStart"))?.[1]);
    const [high, max] = [megabytes(value("MemoryHigh")), megabytes(value("MemoryMax"))];
    expect([heap < high, high < max, max <= 2_048]).toEqual([true, true, true]);
    expect(settings.has("MemoryDenyWriteExecute")).toBe(false);
  });
});
