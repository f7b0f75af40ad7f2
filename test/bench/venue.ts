// The simulated venue and the connector: requests a second and their latency (`answer` bare, connector in process,
// connector over loopback), frames a second, what reading each reply and frame costs, memory. One JSON object.
import { cpus, loadavg } from "node:os";
import { httpTransport } from "../../lib/io/gmo/httpTransport.ts";
import { bundledCandles } from "../../lib/sim/market/bundled.ts";
import type { VenueSource } from "../../lib/sim/server/openVenue.ts";
import { type Measured, measured } from "./queue/statistics.ts";
import { capture } from "./venue/captures.ts";
import { type DecodePlan, measureDecoding } from "./venue/decoding.ts";
import { measureFrames } from "./venue/frames.ts";
import {
  bareSubject,
  connectorSubject,
  measureAtOnce,
  measureProbe,
  measureRequests,
  type Numbers,
} from "./venue/requests.ts";
import { startServerProcess } from "./venue/serverProcess.ts";
import { type Memory, memoryNow, openBenchVenue, RESTING_ORDERS, unpacedApi } from "./venue/world.ts";

interface Plan {
  readonly rounds: number;
  /** Timed requests of each kind and round. */
  readonly samples: number;
  readonly warmUp: number;
  readonly atOnce: number;
  /** Of venue time, for the frames. */
  readonly minutes: number;
  readonly decode: DecodePlan;
}
const FULL_PLAN: Plan = {
  rounds: 3,
  samples: 1_000,
  warmUp: 300,
  atOnce: 8,
  minutes: 30,
  decode: { rounds: 5, batchMs: 15 },
};
const QUICK_PLAN: Plan = { ...FULL_PLAN, samples: 200, warmUp: 100, minutes: 5, decode: { rounds: 3, batchMs: 5 } };

const CONDITIONS = [
  `bundled candles, venue time stands still, ${RESTING_ORDERS} resting orders; a fresh venue every round; median, lowest and highest of the rounds`,
  "no pace in the connector, no limit and no cache in the server: what the code can do, not what the venue allows",
  "bare: the state machine behind `answer`, requests signed beforehand, signatures checked; inProcess: Simulator.transport with its SQLite store in memory, under the whole connector (signing, zod, clock offset)",
  "loopback: the server in a process of its own, undici with keep-alive; probe: the same client against a plain node:http server with one fixed answer",
  "perSecond is one request after the other unless it says At; an order and its cancel are two requests",
  "frames: six subscriptions on one socket, venue time leaping a minute at a time; taken: received only; read: parsed and decoded, too; making them is the server's part of the time",
  "decode: what the connector does with a text (JSON.parse, envelope, zod, our types); ratio: over JSON.parse of the same text in the same milliseconds",
  "memory: after a full collection; the client's process holds this benchmark, its candles and the venues in process, too",
  "a p99 of one round is close to its worst samples; ratios within one round say more than microseconds",
];
type Candles = NonNullable<VenueSource["candles"]>;
type Section = "bare" | "inProcess" | "loopback" | "probe" | "frames";
type Round = Readonly<Record<Section, Numbers>> & { readonly memory: Readonly<Record<string, Memory>> };

const tell = (line: string): void => void process.stderr.write(`bench venue: ${line}\n`);

const measureInProcess = async (candles: Candles, plan: Plan): Promise<Pick<Round, "bare" | "inProcess">> => {
  const venue = openBenchVenue(candles);
  try {
    const bare = await measureRequests(bareSubject(venue), plan.samples, plan.warmUp);
    const { simulator } = venue;
    const subject = await connectorSubject(unpacedApi(simulator.transport(), simulator.credentials()));
    return { bare, inProcess: await measureRequests(subject, plan.samples, plan.warmUp) };
  } finally {
    venue.simulator.close();
  }
};

const measureLoopback = async (plan: Plan): Promise<Omit<Round, "bare" | "inProcess">> => {
  const server = await startServerProcess();
  const { restPublic, restPrivate } = server.addresses;
  const http = httpTransport({ publicUrl: restPublic, privateUrl: restPrivate });
  const probe = httpTransport({ publicUrl: server.probeUrl });
  try {
    const serverBefore = await server.memory();
    const subject = await connectorSubject(unpacedApi(http, server.credentials));
    const ask = () => probe.send({ area: "public", method: "GET", path: "/v1/ticker", headers: {}, timeoutMs: 5_000 });
    const probed = await measureProbe(ask, plan.samples, plan.warmUp);
    const oneByOne = await measureRequests(subject, plan.samples, plan.warmUp);
    const atOnce = await measureAtOnce(subject, plan.samples, plan.atOnce);
    const frames = await measureFrames(server, plan.minutes);
    const loopback: Numbers = { ...oneByOne, ...atOnce };
    loopback["tickerTimesProbe"] = loopback["tickerP50Us"]! / probed["p50Us"]!;
    const memory = { serverBefore, serverAfter: await server.memory() };
    return { loopback, probe: probed, frames, memory };
  } finally {
    await Promise.all([http.close(), probe.close()]);
    await server.stop();
  }
};

const summarised = (rounds: readonly Numbers[]): Record<string, Measured> =>
  Object.fromEntries(Object.keys(rounds[0]!).map((name) => [name, measured(rounds.map((round) => round[name]!))]));
const summarisedMemory = (rounds: readonly Memory[]) => ({
  rssMb: measured(rounds.map(({ rssMb }) => rssMb)),
  heapMb: measured(rounds.map(({ heapMb }) => heapMb)),
});

const measureDecode = async (candles: Candles, plan: DecodePlan) => {
  const venue = openBenchVenue(candles);
  try {
    return measureDecoding(await capture(venue), plan);
  } finally {
    venue.simulator.close();
  }
};

export const benchVenue = async ({ quick }: { readonly quick: boolean }): Promise<Record<string, unknown>> => {
  const plan = quick ? QUICK_PLAN : FULL_PLAN;
  const from = performance.now();
  const loadBefore = loadavg()[0]!;
  const candles = bundledCandles();
  const clientBefore = memoryNow();
  const rounds: Round[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    tell(`round ${round + 1} of ${plan.rounds}`);
    rounds.push({ ...(await measureInProcess(candles, plan)), ...(await measureLoopback(plan)) });
  }
  const clientAfter = memoryNow();
  tell("decoding");
  const decode = await measureDecode(candles, plan.decode);
  const section = (name: Section) => summarised(rounds.map((round) => round[name]));
  const serverMemory = (name: string) => summarisedMemory(rounds.map(({ memory }) => memory[name]!));
  return {
    machine: {
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      cpus: `${cpus().length} × ${cpus()[0]?.model ?? "?"}`,
      loadBefore,
      seconds: Math.round((performance.now() - from) / 1_000),
    },
    plan,
    conditions: CONDITIONS,
    requests: { bare: section("bare"), inProcess: section("inProcess"), loopback: section("loopback") },
    probe: section("probe"),
    frames: section("frames"),
    decode,
    memory: {
      client: { before: clientBefore, after: clientAfter },
      server: { before: serverMemory("serverBefore"), after: serverMemory("serverAfter") },
    },
  };
};
