// What the owner reads when a command is done, or is not done yet. Plain text that fits a phone.

import type { Halt } from "../../db/tables/halts.ts";
import type { OwnerCommand } from "../../db/tables/ownerCommands.ts";
import { haltKind } from "../../lib/core/haltKinds.ts";
import { parseYen } from "../../lib/core/money.ts";
import { type EpochMs, jstText } from "../../lib/core/time.ts";
import { yenText } from "../messages.ts";
import type { Seen, SeenOrder, SeenPosition } from "./seen.ts";

const NAMES: Readonly<Record<OwnerCommand["command"], string>> = {
  pause: "PAUSE",
  resume: "RESUME",
  stop: "STOP",
  panic: "PANIC",
  close: "CLOSE",
  rejectAll: "REJECT ALL",
  adopt: "ADOPT",
};
export const nameOf = (c: OwnerCommand): string => `${NAMES[c.command]} #${c.id}`;

const orderText = (o: SeenOrder): string =>
  `${o.symbol} ${o.side} ${o.type} ${o.size}${o.price === null ? "" : ` at ${yenText(parseYen(o.price))}`} (order ${o.orderId})`;
const coverText = (p: SeenPosition): string => {
  const by = p.coveredBy.map(
    (o) => `${o.type} ${o.size}${o.price === null ? "" : ` at ${yenText(parseYen(o.price))}`}`,
  );
  return [...(p.bare === "0" ? [] : [`BARE ${p.bare}`]), ...by].join(", ");
};
const positionText = (p: SeenPosition): string =>
  `${p.symbol} ${p.direction} ${p.size} from ${yenText(parseYen(p.price))} (trade ${p.tradeId}): ${coverText(p) || "covered"}`;

/** What was seen, a line each; `unexplained`: differences between the venue and the book. */
export const seenLines = (s: Seen, unexplained: readonly string[]): readonly string[] => {
  const ours = s.entries.filter((o) => o.ours);
  const foreign = [...s.entries.filter((o) => !o.ours), ...s.otherCloses];
  const own = s.positions.filter((p) => p.tradeId !== null);
  const byHand = s.positions.filter((p) => p.tradeId === null);
  return [
    `seen at the exchange ${jstText(Date.parse(s.at) as EpochMs)}:`,
    ours.length === 0 ? "no entry order of ours" : `ENTRY ORDERS still there: ${ours.map(orderText).join("; ")}`,
    ...(own.length === 0 ? ["no position of ours"] : own.map(positionText)),
    ...byHand.map((p) => `not ours, left alone: ${p.symbol} ${p.direction} ${p.size}, position ${p.positionId}`),
    ...foreign.map((o) => `not ours, left alone: ${orderText(o)}`),
    ...unexplained.map((text) => `unexplained: ${text}`),
  ];
};

export const haltLine = (h: Halt): string =>
  `${h.kind}: ${h.reason}; ends ${h.untilMs === undefined ? haltKind(h.kind).ends : `${jstText(h.untilMs)}`}`;

export const stillHaltedLines = (halts: readonly Halt[]): readonly string[] =>
  halts.length === 0 ? ["entries are allowed again"] : ["entries are still halted:", ...halts.map(haltLine)];
