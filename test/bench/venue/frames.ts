// Frames of the public socket over loopback, as fast as the venue can make them and the connector's own socket can take
// them: venue time leaps a minute at a time, and each minute ends with a ping whose pong says that everything before it
// has come.
import { once } from "node:events";
import WebSocket from "ws";
import { MINUTE_MS } from "../../../lib/core/time.ts";
import { readFrame } from "../../../lib/io/gmo/wireEvents.ts";
import type { Numbers } from "./requests.ts";
import type { ServerProcess } from "./serverProcess.ts";

const CHANNELS = ["ticker", "orderbooks", "trades"] as const;
const SYMBOLS = ["BTC_JPY", "ETH_JPY"];

export const measureFrames = async (server: ServerProcess, minutes: number): Promise<Numbers> => {
  const socket = new WebSocket(server.addresses.wsPublic, { perMessageDeflate: false });
  await once(socket, "open");
  let frames = 0;
  let bytes = 0;
  let readUs = 0;
  let isRead = false;
  socket.on("message", (data: Buffer) => {
    frames += 1;
    bytes += data.byteLength;
    if (!isRead) return;
    const fromNs = process.hrtime.bigint();
    const read = readFrame(data.toString("utf8"));
    readUs += Number(process.hrtime.bigint() - fromNs) / 1_000;
    if (read.kind !== "frame") throw new Error(`expected a frame, found ${read.reason}`);
  });
  const settled = async (): Promise<void> => {
    const pong = once(socket, "pong");
    socket.ping();
    await pong;
  };
  const run = async (count: number): Promise<number> => {
    frames = 0;
    bytes = 0;
    const from = performance.now();
    for (let i = 0; i < count; i += 1) {
      await server.advance(MINUTE_MS);
      await settled();
    }
    return (performance.now() - from) / 1_000;
  };
  try {
    for (const channel of CHANNELS)
      for (const symbol of SYMBOLS) socket.send(JSON.stringify({ command: "subscribe", channel, symbol }));
    await settled();
    await run(3);
    const takenSeconds = await run(minutes);
    const taken = frames / takenSeconds;
    isRead = true;
    const readSeconds = await run(minutes);
    return {
      takenPerSecond: taken,
      readPerSecond: frames / readSeconds,
      readUsPerFrame: readUs / frames,
      frames,
      megabytesPerSecond: bytes / readSeconds / 1_000_000,
    };
  } finally {
    socket.terminate();
  }
};
