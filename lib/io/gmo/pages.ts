// Lists that come in pages or in batches of ids, read completely.
import { AppError } from "../../core/errors.ts";
import { IDS_PER_CALL } from "./bodies.ts";

/** Rows a page, also the venue's maximum. */
export const PAGE_SIZE = 100;
/** Limit for a venue that never sends a short page: 10,000 rows is far above what one account can have. */
const MAX_PAGES = 100;

/**
 * All pages until a short one. Rows move to later pages while we read, so a repeated row counts once, with its later
 * content. Rows can also move to earlier pages and be missed: a list over one page is no snapshot.
 * Throws AppError alert VENUE_REPLY when the pages do not end.
 */
export const allPages = async <T>(
  path: string,
  read: (page: number) => Promise<readonly T[]>,
  idOf: (row: T) => string,
): Promise<readonly T[]> => {
  const rows = new Map<string, T>();
  const endless = (found: string) =>
    new AppError("alert", "VENUE_REPLY", `${path}: expected a last page, found ${found}`, { path });
  for (let page = 1; page <= MAX_PAGES; page++) {
    const part = await read(page);
    const before = rows.size;
    for (const row of part) rows.set(idOf(row), row);
    if (part.length < PAGE_SIZE) return [...rows.values()];
    if (rows.size === before) throw endless(`page ${page} full of rows of earlier pages`);
  }
  throw endless(`${MAX_PAGES} full ones`);
};

/** Ten ids a call; an empty list makes no call. */
export const inBatches = async <T>(
  ids: readonly string[],
  read: (joined: string) => Promise<readonly T[]>,
): Promise<readonly T[]> => {
  const rows: T[] = [];
  for (let i = 0; i < ids.length; i += IDS_PER_CALL)
    rows.push(...(await read(ids.slice(i, i + IDS_PER_CALL).join(","))));
  return rows;
};
