// card.md of a model: its uses and its limits in words, from the numbers of its manifest.
import { FEATURE_NAMES } from "../../lib/core/featureSet.ts";
import { mean } from "../../lib/core/statistics.ts";
import type { Manifest, Metrics } from "../manifest.ts";

const percent = (ratio: number | null): string => (ratio === null ? "–" : `${(ratio * 100).toFixed(1)} %`);
const fixed = (value: number): string => value.toFixed(3);
const skill = (value: number): string => `${value >= 0 ? "+" : ""}${(value * 100).toFixed(2)} %`;
const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");

const HEADER = [
  "| head | bars | base rate | AUC | AUC of ATR alone | Brier | skill vs ATR-only | ECE | highest P | P ≥ .75 (came true) | P ≥ .80 (came true) |",
  "|---|---|---|---|---|---|---|---|---|---|---|",
];
const row = (name: string, m: Metrics): string =>
  `| ${name} | ${m.bars} | ${percent(m.baseRate)} | ${fixed(m.auc)} | ${fixed(m.aucAtr)} | ${m.brier.toFixed(4)} | ${skill(m.brierSkillVsAtr)} | ${fixed(m.ece)} | ${fixed(m.highestP)} | ${percent(m.shareFrom75)} (${percent(m.hitRateFrom75)}) | ${percent(m.shareFrom80)} (${percent(m.hitRateFrom80)}) |`;

/** The card as Markdown. */
export const modelCard = (manifest: Manifest): string => {
  const { heads, split } = manifest;
  const edges = split.walkForwardEdgesMs;
  const shuffled = manifest.shuffledLabelAuc;
  const skills = heads.map((head) => head.walkForward.brierSkillVsAtr);
  return `${[
    `# Model ${manifest.id}`,
    "",
    "Four LightGBM heads, one per symbol and side: the calibrated probability that the price touches +0.3 % (long) or",
    "-0.3 % (short) from the bar's close within the next 60 minutes (`docs/decisions/0006-touch-label.md`).",
    "",
    "**It is a volatility detector, not a direction finder.** A large move touches both sides; the long and the short head",
    "rise together, and ATR alone ranks the bars nearly as well (both AUCs stand side by side below). A high probability",
    "says that the target is near in units of the market's noise; it does not say that the trade pays: the stop is as near.",
    "Whether there is an edge after costs was **not tested** here. Candidates for real money need the promotion gate.",
    "",
    `- Features: ${manifest.featureSet}: ${FEATURE_NAMES.join(", ")}`,
    `- Data end: ${day(manifest.dataEndMs)} UTC. No fit, early stopping, calibration, choice or metric uses a later candle.`,
    ...manifest.data.map(
      (d) => `- ${d.symbol}: ${d.candles} candles ${day(d.firstOpenMs)} to ${day(d.lastOpenMs)} UTC (${d.file})`,
    ),
    "- The candles are Binance USDT prices times USD/JPY, not GMO Coin's; the volume is Binance's and enters as ratios only.",
    `- Split: trees on the oldest data, early stopping on the next ${split.validationDays} days, Platt calibration on the next ${split.calibrationDays}; labels purged (${split.purgeBars} bars), ${split.embargoBars} bars of embargo at each border.`,
    `- Trials compared: ${manifest.trials.map((t) => `${t.name} (mean Brier ${t.meanBrier}${t.chosen ? ", chosen" : ""})`).join(", ")}`,
    `- Leak test, AUC of ${shuffled.length} fits on shuffled labels: mean ${fixed(mean(shuffled) ?? Number.NaN)}, from ${fixed(Math.min(...shuffled))} to ${fixed(Math.max(...shuffled))} (no leak: the mean is near 0.5; one fit strays)`,
    "",
    `## Out of sample: walk-forward over ${edges.length - 1} periods, ${day(edges[0]!)} to ${day(edges.at(-1)!)} UTC`,
    "",
    "Every period was predicted by fits that ended before it. The parameters were chosen on these same periods, so the",
    `numbers flatter the model by as much as ${manifest.trials.length} trials can.`,
    "",
    ...HEADER,
    ...heads.map((head) => row(`${head.symbol} ${head.side}`, head.walkForward)),
    "",
    `Brier skill against the ATR-only model: ${skills.every((s) => s > 0) ? "positive for every head, and small" : "not positive for every head"}.`,
    "",
    "## The other reading: close at or beyond 0.3 % after exactly one hour (measured, not served)",
    "",
    ...HEADER,
    ...heads.map((head) => row(`${head.symbol} ${head.side}`, head.closeReading)),
    "",
    "## Confirmation on GMO Coin's own trades (evaluation only; fits ended before each window)",
    "",
    ...HEADER,
    ...manifest.nativeChecks.map((c) =>
      row(`${c.symbol} ${c.side}, ${day(c.fromMs).slice(0, 10)} to ${day(c.toMs).slice(0, 10)}`, c.metrics),
    ),
    "",
    "There is no native ETH/JPY history to confirm the ETH heads with.",
    "",
    "## Files",
    "",
    ...heads.map((head) => `- \`${head.file}\`: ${head.trees} trees, ${head.bytes} bytes, sha256 \`${head.sha256}\``),
  ].join("\n")}\n`;
};
