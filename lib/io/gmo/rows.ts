// Rows of a reply that were not asked for.
import { AppError } from "../../core/errors.ts";
import { redactBody } from "./reply.ts";

/** Throws AppError alert VENUE_REPLY for a row that was not requested: its money would be booked as ours. */
export const onlyOf = <K extends string, T extends Readonly<Record<K, string>>>(
  path: string,
  key: K,
  asked: readonly string[],
  rows: readonly T[],
): readonly T[] => {
  const odd = rows.find((row) => !asked.includes(row[key]));
  if (!odd) return rows;
  const message = `${path}: expected rows of ${key} ${asked.join(", ")} alone, found one of ${redactBody(odd[key])}`;
  throw new AppError("alert", "VENUE_REPLY", message, { path });
};
