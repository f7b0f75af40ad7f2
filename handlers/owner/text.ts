// The text of a finished command in the owner's language: the venue snapshot, and the halts that block entries.

import type { Halt } from "../../db/tables/halts.ts";
import { parseE8, toNumber } from "../../lib/core/money.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { haltWords } from "../../lib/core/text/haltText.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { epochMs, jstText } from "../../lib/core/time.ts";
import type { SeenOrder, SeenPosition, VenueSnapshot } from "./venueSnapshot.ts";

const yenOf = (text: string | null): number | undefined => (text === null ? undefined : toNumber(parseE8(text)));
const order = (o: SeenOrder) => ({ ...o, yen: yenOf(o.price) });
const position = (p: SeenPosition) => ({
  ...p,
  yen: yenOf(p.price) ?? 0,
  bare: p.bare === "0" ? undefined : p.bare,
  covers: p.coveredBy.map(order),
});

/** The snapshot, one line per item; `unexplained`: differences between venue and book. */
export const seenLines = (locale: Locale, s: VenueSnapshot, unexplained: readonly string[]): readonly string[] => {
  const t = textsOf(locale).owner;
  const ours = s.entries.filter((o) => o.ours);
  const foreign = [...s.entries.filter((o) => !o.ours), ...s.otherCloses];
  const own = s.positions.filter((p) => p.tradeId !== null);
  const byHand = s.positions.filter((p) => p.tradeId === null);
  return [
    t.seenAt({ time: jstText(epochMs(Date.parse(s.at))) }),
    ours.length === 0 ? t.noEntry : t.entries({ orders: ours.map(order) }),
    ...(own.length === 0 ? [t.noPosition] : own.map((p) => t.position(position(p)))),
    ...byHand.map((p) => t.foreignPosition(position(p))),
    ...foreign.map((o) => t.foreignOrder(order(o))),
    ...unexplained.map((text) => t.unexplained({ text })),
  ];
};

/** "loss-day: the daily loss ...; ends with the JST day". */
const haltLine = (locale: Locale, h: Halt): string => {
  const end = haltWords(locale, h.kind)?.ends ?? "";
  return `${h.kind}: ${h.reason}${end === "" ? "" : `; ${end}`}${h.untilMs === undefined ? "" : ` (${jstText(h.untilMs)})`}`;
};

export const stillHaltedLines = (locale: Locale, halts: readonly Halt[]): readonly string[] => {
  const t = textsOf(locale).owner;
  return halts.length === 0 ? [t.allowed] : [t.stillHalted, ...halts.map((h) => haltLine(locale, h))];
};
