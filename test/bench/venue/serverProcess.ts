// The server in a process of its own, as it runs in life: what it costs is not taken from the client's core. Beside it
// a plain node:http server with one fixed answer, the probe: what loopback, undici and node:http cost without any
// venue.
import { type ChildProcess, fork } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { epochMs } from "../../../lib/core/time.ts";
import type { Credentials } from "../../../lib/io/gmo/sign.ts";
import { bundledCandles } from "../../../lib/sim/market/bundled.ts";
import { startVenueServer, type VenueAddresses } from "../../../lib/sim/server/server.ts";
import { type Memory, memoryNow, openBenchVenue } from "./world.ts";

const CHILD = "--serve-the-bench";
const ANSWER_LIMIT_MS = 30_000;

interface Ready {
  readonly addresses: VenueAddresses;
  readonly credentials: Credentials;
  readonly probeUrl: string;
}
type Command = { readonly advanceMs: number } | { readonly memory: true };

export interface ServerProcess extends Ready {
  /** Moves venue time; resolves when every frame on the way has been handed to its socket. */
  advance(ms: number): Promise<void>;
  memory(): Promise<Memory>;
  /** Resolves when the process has ended. */
  stop(): Promise<void>;
}

export const startServerProcess = async (): Promise<ServerProcess> => {
  const child = fork(fileURLToPath(import.meta.url), [CHILD], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-2_000);
  });
  const told = (): string => stderr;
  const ask = async (command: Command): Promise<unknown> => {
    const answer = nextMessage(child, told);
    child.send(command);
    return answer;
  };
  try {
    return {
      ...((await nextMessage(child, told)) as Ready),
      advance: async (ms) => void (await ask({ advanceMs: ms })),
      memory: async () => (await ask({ memory: true })) as Memory,
      async stop() {
        child.kill("SIGKILL");
        await ended;
      },
    };
  } catch (e) {
    child.kill("SIGKILL");
    throw e;
  }
};

const nextMessage = (child: ChildProcess, stderr: () => string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const end = (act: () => void): void => {
      clearTimeout(limit);
      child.off("message", onMessage).off("close", onClose);
      act();
    };
    const onMessage = (message: unknown): void => end(() => resolve(message));
    const onClose = (): void => end(() => reject(new Error(`the bench's server has ended: ${stderr()}`)));
    const late = `the bench's server gave no answer within ${ANSWER_LIMIT_MS} ms`;
    const limit = setTimeout(() => end(() => reject(new Error(late))), ANSWER_LIMIT_MS);
    child.on("message", onMessage).on("close", onClose);
  });

const startProbe = async (): Promise<string> => {
  // As long as a ticker's reply.
  const body = JSON.stringify({ status: 0, data: "x".repeat(220), responsetime: "2025-07-01T00:00:00.000Z" });
  const headers = { "content-type": "application/json;charset=UTF-8", "content-length": body.length };
  const server = createServer((_, response) => response.writeHead(200, headers).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const serve = async (): Promise<void> => {
  process.on("disconnect", () => process.exit(1)); // The parent is gone.
  const server = await startVenueServer({
    ...openBenchVenue(bundledCandles()),
    speed: 0,
    // Every limit off, no cache: each request reaches the venue.
    options: { privateLimit: "off", publicPerSecond: 0, commandIntervalMs: 0, publicCacheMs: 0, eventGapMs: 0 },
  });
  const ready: Ready = {
    addresses: server.addresses,
    credentials: server.simulator.credentials(),
    probeUrl: await startProbe(),
  };
  process.on("message", (command: Command) => {
    if ("memory" in command) process.send?.(memoryNow());
    else {
      server.advanceTo(epochMs(server.simulator.nowMs() + command.advanceMs));
      process.send?.({ advanced: true });
    }
  });
  process.send?.(ready);
};

if (process.argv[2] === CHILD) void serve();
