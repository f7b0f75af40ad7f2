// What the owner reads about a proposal. Plain text that fits a phone; the numbers are the proposal's own.

import type { Proposal } from "../db/tables/proposals.ts";
import type { Signal } from "../db/tables/signals.ts";
import { formatE8, toNumber, type YenE8 } from "../lib/core/money.ts";
import { jstText } from "../lib/core/time.ts";

/** "¥17,512,345", rounded to the yen for display. */
export const yenText = (value: YenE8 | number): string => {
  const yen = Math.round(typeof value === "number" ? value : toNumber(value));
  return `${yen < 0 ? "-" : ""}¥${Math.abs(yen).toLocaleString("en-US")}`;
};
export const percentText = (ratio: number, digits = 1): string => `${(ratio * 100).toFixed(digits)} %`;

/** The signal message of the owner's design 3.5: direction, probability, entry, stop, targets, yen at risk, reasons. */
export const proposalText = (p: Proposal, signal: Signal): string => {
  const entry = toNumber(p.entry);
  const distance = (price: YenE8): string => {
    const percent = ((toNumber(price) - entry) / entry) * 100;
    return `${percent < 0 ? "" : "+"}${percent.toFixed(2)} %`;
  };
  const gates = (signal.gates ?? []).filter(
    (g) => typeof g.value === "number" && ["spread", "volume"].includes(g.gate),
  );
  return [
    `${p.direction === "long" ? "LONG" : "SHORT"} ${p.symbol}  [${p.id}]`,
    `probability ${percentText(p.confidence)} (±0.3 % touched within 1 h), rank ${p.rank?.toFixed(1) ?? "–"}, break-even ${percentText(p.breakEven)}`,
    "edge: not tested",
    `entry ${yenText(p.entry)} (limit, band ${yenText(p.bandLow)} – ${yenText(p.bandHigh)})`,
    `stop ${yenText(p.stop)} (${distance(p.stop)})`,
    `TP1 ${yenText(p.tp1)} (${distance(p.tp1)}), TP2 ${yenText(p.tp2)} (${distance(p.tp2)})`,
    `size ${formatE8(p.size)}, at risk ${yenText(p.risk)} = ${percentText(toNumber(p.risk) / toNumber(p.equity), 2)} of equity`,
    ...(signal.reasons.length === 0
      ? []
      : [
          `reasons: ${signal.reasons.map((r) => `${r.feature} ${Number(r.value.toPrecision(3))} pushes ${r.contribution >= 0 ? "up" : "down"}`).join(", ")}`,
        ]),
    ...(gates.length === 0
      ? []
      : [gates.map((g) => `${g.gate} ${(g.value as number).toFixed(2)} (limit ${g.limit})`).join(", ")]),
    `valid until ${jstText(p.validUntilMs)}`,
    `/approve_${p.id}  /reject_${p.id}  /modify_${p.id}`,
  ].join("\n");
};
