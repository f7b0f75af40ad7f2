// One line of text per audit event, for a person who watches a run.

import type { AuditRow } from "../../db/tables/audit.ts";
import { formatE8, toNumber } from "../../lib/core/money.ts";
import { endedWhy } from "../../lib/core/text/endedWhy.ts";
import { jstText } from "../../lib/core/time.ts";

const price = (e8: unknown): string => Math.round(toNumber(BigInt(String(e8)))).toLocaleString("en-US");
const size = (e8: unknown): string => formatE8(BigInt(String(e8)));
const percent = (p: unknown): string => `${(Number(p) * 100).toFixed(1)} %`;
const text = (value: unknown): string => (value === null || value === undefined ? "" : String(value));

const signed = (e8: unknown): string => {
  const yen = Math.round(toNumber(BigInt(String(e8))));
  return `${yen > 0 ? "+" : ""}${yen.toLocaleString("en-US")}`;
};
const ORDER_NAMES: Readonly<Record<string, string>> = {
  entry: "entry",
  stop: "stop",
  takeProfit: "take-profit",
  exit: "exit",
};

type Teller = (d: Readonly<Record<string, unknown>>) => string;

const FORMATTERS: Readonly<Record<string, Teller>> = {
  "bar.noSignal": (d) => `no signal   ${text(d["symbol"])}: ${text(d["reason"])}`,
  "candle.revised": (d) =>
    `candle      ${text(d["symbol"])} ${text(d["bar"])}: replaced by the venue's later version (before: ${text(d["source"])}), ${text(d["signals"])} signals judged from the earlier one`,
  "signal.filtered": (d) =>
    `signal      ${text(d["direction"])} ${text(d["symbol"])} p ${percent(d["pTouch"])}: not sent, ${text(d["failed"])}`,
  "proposal.created": (d) =>
    `signal      ${text(d["direction"])} ${text(d["symbol"])} p ${percent(d["pTouch"])}, rank ${Number(d["rank"]).toFixed(1)}: proposal ${text(d["proposalId"])}, ${size(d["sizeE8"])} at ${price(d["entryE8"])}, stop ${price(d["stopE8"])}, targets ${price(d["tp1E8"])} / ${price(d["tp2E8"])}`,
  "proposal.approved": (d) => `decision    ${text(d["proposalId"])} approved by ${text(d["by"])}`,
  "proposal.rejected": (d) => `decision    ${text(d["proposalId"])} rejected by ${text(d["by"])}`,
  "proposal.modified": (d) => `decision    ${text(d["proposalId"])} modified, becomes ${text(d["becomes"])}`,
  "proposal.expired": (d) => `decision    ${text(d["proposalId"])} not answered in time: rejected`,
  "entry.refused": (d) => `re-check    ${text(d["proposalId"])} not traded: ${text(d["reason"])}`,
  "order.intended": (d) =>
    `order       #${text(d["orderId"])} ${ORDER_NAMES[text(d["purpose"])] ?? text(d["purpose"])}: ${text(d["side"])} ${size(d["sizeE8"])} ${text(d["symbol"])} ${text(d["type"])}${d["priceE8"] ? ` at ${price(d["priceE8"])}` : ""} (${text(d["why"])})`,
  "order.expired": (d) => `order       #${text(d["orderId"])} expired: ${endedWhy(text(d["detail"]), false)}`,
  "order.rejected": (d) => `order       #${text(d["orderId"])} refused by the venue: ${text(d["detail"])}`,
  "order.unknown": (d) => `ORDER       #${text(d["orderId"])} has no answer: looking for it, never sending again`,
  "order.neverSent": (d) => `order       #${text(d["orderId"])} was never sent: ${text(d["detail"] ?? d["why"])}`,
  "entry.filled": (d) => `fill        entry of ${text(d["symbol"])}: ${size(d["sizeE8"])} at ${price(d["priceE8"])}`,
  "entry.takenUp": (d) => `order       #${text(d["orderId"])} rests on after a restart: every check passed again`,
  "leg.stopMoved": (d) =>
    `stop        ${text(d["symbol"])} moves from ${price(d["fromE8"])} to ${price(d["toE8"])} (${text(d["why"])})`,
  "exit.filled": (d) =>
    `exit        ${text(d["symbol"])} ${text(d["exitReason"])}: ${size(d["sizeE8"])} at ${price(d["priceE8"])}, ${signed(d["lossGainE8"])} JPY`,
  "trade.closed": (d) =>
    `trade       #${text(d["tradeId"])} ${text(d["direction"])} ${text(d["symbol"])} closed by ${text(d["exitReason"])}: ${signed(d["pnlE8"])} JPY`,
  "trade.cancelled": (d) =>
    `trade       #${text(d["tradeId"])} ${text(d["symbol"])} given up without a fill: ${text(d["reason"])}`,
  "halt.raised": (d) => `HALT        ${text(d["reason"])}`,
  "halt.cleared": (d) => `halt over   ${text(d["kind"])}`,
  "job.dead": (d) => `DEAD JOB    ${text(d["job"])} ${text(d["name"])}: ${text(d["code"])} ${text(d["message"])}`,
};

/** A line for the terminal, or undefined for events a person does not need while watching. */
export const storyLine = (row: AuditRow): string | undefined => {
  const teller = FORMATTERS[row.kind];
  return teller && `${jstText(row.atMs)}  ${teller(row.data)}`;
};
