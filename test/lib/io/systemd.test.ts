// The notify protocol through systemd-notify: against a stand-in that writes down its arguments, and against the real
// program with a real datagram socket where the machine has both.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type ServiceManager, serviceNotifier } from "../../../lib/io/systemd.ts";
import { fakeNotify } from "../../e2e/fakeNotify.ts";

let dir: string;
const problems: string[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-notify-"));
  problems.length = 0;
});
const notifier = (manager: ServiceManager, pid?: number) =>
  serviceNotifier(manager, (problem) => void problems.push(problem), pid);

describe("notifications to systemd", () => {
  test("nothing where no service manager asks", async () => {
    const fake = fakeNotify(dir);
    for (const manager of [
      undefined,
      { path: fake.path },
      { path: fake.path, notifySocket: "", watchdogUsec: "60000000" },
    ]) {
      const silent = serviceNotifier(manager, (problem) => void problems.push(problem));
      silent.tell({ READY: "1" });
      await silent.close();
      expect(silent.watchdogEveryMs).toBeUndefined();
    }
    expect(fake.told()).toEqual([]);
  });

  test("the assignments, to the socket of the environment, each on one line", async () => {
    const fake = fakeNotify(dir);
    const told = notifier({ path: fake.path, notifySocket: "@some/socket" });
    told.tell({ READY: "1", STATUS: "red:\nMAINPID=1" });
    await told.close();
    expect(fake.told()).toEqual(["@some/socket READY=1 STATUS=red: MAINPID=1"]);
    expect(problems).toEqual([]);
  });

  test("one process at a time: notifications meanwhile are merged, the newest wins, none is left out", async () => {
    const fake = fakeNotify(dir, { waitsFor: join(dir, "go") });
    const told = notifier({ path: fake.path, notifySocket: "s" });
    told.tell({ READY: "1", STATUS: "a" });
    for (let i = 0; i < 100; i += 1) told.tell({ WATCHDOG: "1", STATUS: `b${i}` });
    told.tell({ STOPPING: "1" });
    expect(fake.told()).toEqual([]); // the notification has not waited for it
    writeFileSync(join(dir, "go"), "");
    await told.close();
    expect(fake.told()).toEqual(["s READY=1 STATUS=a", "s WATCHDOG=1 STATUS=b99 STOPPING=1"]);
  });

  test("a missing program is logged once and ends nothing", async () => {
    const told = notifier({ path: dir, notifySocket: "s" });
    for (let i = 0; i < 3; i += 1) {
      told.tell({ WATCHDOG: "1" });
      await told.close();
    }
    expect(problems).toEqual([expect.stringMatching(/^expected systemd-notify .* found: .*ENOENT.*install/)]);
  });

  test("a failing one is logged once, and again after it had worked in between", async () => {
    const fake = fakeNotify(dir, { failsWhile: join(dir, "broken") });
    const told = notifier({ path: fake.path, notifySocket: "s" });
    const tell = async (): Promise<void> => {
      told.tell({ WATCHDOG: "1" });
      await told.close();
    };
    writeFileSync(join(dir, "broken"), "the socket is gone");
    await tell();
    await tell();
    expect(problems).toEqual([expect.stringContaining("the socket is gone")]);
    rmSync(join(dir, "broken"));
    await tell();
    expect(fake.told()).toEqual(["s WATCHDOG=1"]);
    writeFileSync(join(dir, "broken"), "gone again");
    await tell();
    expect(problems).toHaveLength(2);
  });
});

describe("the watchdog's pace", () => {
  test.each<[string, ServiceManager, number | undefined]>([
    ["half of what systemd allows", { watchdogUsec: "60000000" }, 30_000],
    ["of this process", { watchdogUsec: "3000000", watchdogPid: "77" }, 1_500],
    ["of another process: none", { watchdogUsec: "3000000", watchdogPid: "78" }, undefined],
    ["not asked for: none", {}, undefined],
    ["zero: none", { watchdogUsec: "0" }, undefined],
    ["no number: none", { watchdogUsec: "1min" }, undefined],
  ])("%s", (_name, manager, everyMs) => {
    expect(notifier({ ...manager, notifySocket: "s" }, 77).watchdogEveryMs).toBe(everyMs);
  });
});

const runs = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const missing = [
  ...(runs("systemd-notify", "--version") ? [] : ["systemd-notify"]),
  ...(runs("python3", "--version") ? [] : ["python3"]),
];
// Binds the socket (Node cannot), prints each datagram as one line, until it is killed. A descriptor that comes with
// a message (systemd-notify waits until it is closed) is dropped by recv().
const SERVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data = s.recv(4096).decode()
    if data != "BARRIER=1":
        print(data.replace("\\n", "|"), flush=True)
`;

describe("the real systemd-notify", () => {
  const name = `reaches a datagram socket${missing.length > 0 ? ` (skipped: no ${missing.join(", no ")} here)` : ""}`;
  test.skipIf(missing.length > 0)(name, async () => {
    mkdirSync(join(dir, "run"));
    const socket = join(dir, "run", "notify");
    const server = spawn("python3", ["-c", SERVER, socket], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise<void>((resolve) => server.on("close", () => resolve()));
    let out = "";
    const saying = (text: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => void (out.includes(text) && resolve());
        server.stdout.on("data", look);
        look();
      });
    server.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    await saying("bound\n");
    const told = notifier({ notifySocket: socket, path: process.env["PATH"] });
    told.tell({ READY: "1", STATUS: "running, healthy" });
    told.tell({ STOPPING: "1" });
    await told.close();
    await saying("STOPPING=1\n");
    server.kill();
    await ended;
    expect(out).toBe("bound\nREADY=1|STATUS=running, healthy\nSTOPPING=1\n");
    expect(problems).toEqual([]);
  });

  test.skipIf(missing.includes("systemd-notify"))(
    "a socket nobody listens on is a problem told, not thrown",
    async () => {
      const told = notifier({ notifySocket: join(dir, "nobody"), path: process.env["PATH"] });
      told.tell({ READY: "1" });
      await told.close();
      expect(existsSync(join(dir, "nobody"))).toBe(false);
      expect(problems).toEqual([expect.stringContaining("Failed to notify")]);
    },
  );
});
