// Time and memory of one picture for the phone (the owner's page asks for under 300 ms and 50 MB): the first one, which
// loads the renderer and its font, and the following ones. Measured in this process; nothing is asserted.
import { drawProposalChart, type ProposalChartFacts } from "../../handlers/report/proposalChart.ts";
import type { Candle } from "../../lib/core/candle.ts";
import { yen } from "../../lib/core/money.ts";
import { BAR_MS, epochMs, HOUR_MS } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import { seededRandom } from "../../lib/io/random.ts";

const PICTURES = 40;

/** Invented prices with a fixed seed: 64 candles, two events. */
export const chartFacts = (seed = "chart"): ProposalChartFacts => {
  const random = seededRandom(seed);
  const lastMs = Date.UTC(2025, 7, 12, 12, 15);
  const candles: Candle[] = [];
  let price = 17_500_000;
  for (let i = 63; i >= 0; i--) {
    const open = price;
    price += Math.round((random.next() - 0.5) * 60_000);
    const [high, low] = [
      Math.max(open, price) + 20_000 * random.next(),
      Math.min(open, price) - 20_000 * random.next(),
    ];
    candles.push({ openMs: epochMs(lastMs - i * BAR_MS), open, high, low, close: price, volume: 1 });
  }
  const at = (ratio: number) => yen(Math.round(price * ratio));
  const news = [-6, 2].map((hours) => ({
    title: "CPI",
    atMs: epochMs(lastMs + hours * HOUR_MS),
    fromMs: epochMs(lastMs + (hours - 0.5) * HOUR_MS),
    toMs: epochMs(lastMs + (hours + 0.5) * HOUR_MS),
  }));
  return {
    proposal: {
      symbol: "BTC_JPY",
      direction: "long",
      entry: at(1),
      bandLow: at(0.999),
      bandHigh: at(1.001),
      stop: at(0.994),
      tp1: at(1.003),
      tp2: at(1.006),
      validUntilMs: epochMs(lastMs + BAR_MS),
    },
    candles,
    news,
  };
};

export const benchChart = async (): Promise<Record<string, unknown>> => {
  const facts = chartFacts();
  const before = process.memoryUsage().rss;
  let peak = before;
  let bytes = 0;
  const once = (): number => {
    const start = realClock.monotonicMs();
    bytes = drawProposalChart(facts).length;
    const took = realClock.monotonicMs() - start;
    peak = Math.max(peak, process.memoryUsage().rss);
    return took;
  };
  const firstMs = once();
  const cpu = process.cpuUsage();
  const times: number[] = [];
  for (let i = 0; i < PICTURES; i++) {
    times.push(once());
    await new Promise((resolve) => setImmediate(resolve)); // The renderer's memory is given back between two turns.
  }
  times.sort((a, b) => a - b);
  const used = process.cpuUsage(cpu);
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    pixels: "1600 x 1000",
    pngBytes: bytes,
    firstMs: round(firstMs),
    p50Ms: round(times[Math.floor(PICTURES / 2)] ?? Number.NaN),
    slowestMs: round(times.at(-1) ?? Number.NaN),
    cpuMsEach: round((used.user + used.system) / 1_000 / PICTURES),
    memoryGrowthMb: round((peak - before) / 1e6),
  };
};
