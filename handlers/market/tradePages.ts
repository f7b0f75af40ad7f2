// A symbol's public trades back to an instant, read in pages while new trades arrive. A new trade pushes every row down, so
// the beginning of a page repeats the end of the page before it; trades have no id (GMO API 4.4), and two equal ones are
// two trades. Counts each exactly once, or gives none.
import type { PublicTrade } from "../../lib/core/venue.ts";

/** Two hours of a busy BTC market. */
const MOST_PAGES = 20;

type Rows = readonly PublicTrade[];
type ReadPage = (page: number) => Promise<Rows>;

const same = (a: PublicTrade | undefined, b: PublicTrade | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.timestampMs === b.timestampMs &&
  a.price === b.price &&
  a.size === b.size &&
  a.side === b.side;
const sameRows = (a: Rows, b: Rows): boolean => a.length === b.length && a.every((row, i) => same(row, b[i]));

/**
 * Every trade with timestamp >= `fromMs`, newest first, each once; undefined when the list does not reach back to it
 * within MOST_PAGES pages, or moves so fast that equal trades cannot be told apart.
 */
export const tradesSince = async (read: ReadPage, fromMs: number): Promise<Rows | undefined> => {
  let seen: Rows = [];
  let previous: Rows = [];
  for (let page = 1; page <= MOST_PAGES; page++) {
    const next = await read(page);
    if (next.length === 0) return undefined;
    const repeated = page === 1 ? 0 : await repeatedCount(read, page, seen, previous, next);
    if (repeated === undefined) return undefined;
    seen = [...seen, ...next.slice(repeated)];
    previous = next;
    if ((seen.at(-1)?.timestampMs ?? fromMs) < fromMs) return seen.filter((row) => row.timestampMs >= fromMs);
  }
  return undefined;
};

/**
 * How many rows at the beginning of `next` are the end of `seen`. Where equal trades allow several answers, the page
 * before is read again: when it still is what it was, the list did not move and nothing is repeated.
 */
const repeatedCount = async (
  read: ReadPage,
  page: number,
  seen: Rows,
  previous: Rows,
  next: Rows,
): Promise<number | undefined> => {
  const fits = overlaps(seen, next);
  if (fits.length === 1) return fits[0];
  if (fits.length === 0) return undefined;
  return fits[0] === 0 && sameRows(await read(page - 1), previous) ? 0 : undefined;
};

/** Every length at which the end of `seen` equals the beginning of `next`, as far as the times allow it. */
const overlaps = (seen: Rows, next: Rows): readonly number[] => {
  const oldestMs = seen.at(-1)?.timestampMs ?? Number.POSITIVE_INFINITY;
  // Rows newer than the oldest one seen were seen: the page repeats at least those.
  const newer = next.findIndex((row) => row.timestampMs <= oldestMs);
  const fits: number[] = [];
  for (let count = newer < 0 ? next.length : newer; count <= Math.min(next.length, seen.length); count++)
    if (next.slice(0, count).every((row, i) => same(row, seen[seen.length - count + i]))) fits.push(count);
  return fits;
};
