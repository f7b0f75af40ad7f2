// `trader events import FILE | list`: the economic calendar of the news gate. An import is all or nothing; importing
// the same file twice changes nothing.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import { META } from "../../../db/tables/meta.ts";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { parseEventsCsv } from "../../../lib/core/events.ts";
import { DAY_MS, type EpochMs, isoUtc, jstDateStart, jstText, parseInstant, plusMs } from "../../../lib/core/time.ts";
import type { Clock } from "../../../lib/io/clock.ts";
import type { Database } from "../../../queue/types.ts";
import { economicEventJson } from "../json/event.ts";
import type { EventsImportedJson } from "../json/results.ts";
import { timeOrNull } from "../json/values.ts";
import { calendarGap } from "./calendar.ts";

interface EventsDeps {
  readonly open: (options: { var?: string }) => { readonly db: Database; readonly clock: Clock; close(): void };
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}
interface Options {
  readonly var?: string;
  readonly json?: boolean;
}

const LIST_DAYS = 30;

export const registerEvents = (program: Command, deps: EventsDeps): void => {
  const events = program.command("events").description("economic events around which no entry is made");
  events
    .command("import <file>")
    .description("read a CSV of time_utc,currency,importance,title[,window_minutes]")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action((file: string, options: Options) => {
      const bytes = readBytes(file);
      const rows = parseEventsCsv(toText(bytes, file));
      const state = deps.open(options);
      try {
        const counts = state.db.transaction((tx) => {
          const found = tx.events.import(rows);
          if (found.added + found.changed > 0)
            tx.audit.append({
              atMs: state.clock.nowMs(),
              kind: "events.imported",
              actor: "cli",
              data: { file: basename(file), sha256: createHash("sha256").update(bytes).digest("hex"), ...found },
            });
          return found;
        });
        const first = rows[0]?.atMs;
        const last = rows.at(-1)?.atMs;
        if (options.json) {
          const fact = { file, ...counts, firstAt: timeOrNull(first), lastAt: timeOrNull(last) };
          deps.out(JSON.stringify(fact satisfies z.infer<typeof EventsImportedJson>));
        } else
          deps.out(
            `${file}: ${counts.added} added, ${counts.changed} changed, ${counts.unchanged} unchanged; ${first && jstText(first)} to ${last && jstText(last)}`,
          );
        const gap = calendarGap(state.db.read.events.lastMs(), state.clock.nowMs());
        if (gap !== undefined) deps.err(`note: the calendar of ${state.db.path}: ${gap} with events to come`);
        // A mistyped folder is a new one; without this note only a missed event would show it.
        if (state.db.read.meta.get(META.mode) === undefined)
          deps.err(
            `note: ${state.db.path} has never been used by a worker; the calendar applies to the trader worker that uses this --var folder`,
          );
      } finally {
        state.close();
      }
    });
  events
    .command("list")
    .description(`print events, by default those of the next ${LIST_DAYS} days`)
    .option("--from <time>", "JST date YYYY-MM-DD or ISO-8601 time, included")
    .option("--to <time>", "the same, excluded")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON array")
    .action((options: Options & { readonly from?: string; readonly to?: string }) => {
      const given = { from: parseTime("--from", options.from), to: parseTime("--to", options.to) };
      const state = deps.open(options);
      try {
        const from = given.from ?? state.clock.nowMs();
        const to = given.to ?? plusMs(from, LIST_DAYS * DAY_MS);
        if (to <= from)
          throw new UsageError(`expected --to after --from, found ${isoUtc(to)} not after ${isoUtc(from)}`);
        const rows = state.db.read.events.range(from, to);
        if (options.json) {
          deps.out(JSON.stringify(rows.map(economicEventJson)));
          return;
        }
        for (const e of rows) {
          const window = e.windowMinutes === undefined ? "" : `  ±${e.windowMinutes} min`;
          deps.out(`${jstText(e.atMs)}  ${e.currency}  ${e.importance.padEnd(6)}  ${e.title}${window}`);
        }
        const last = state.db.read.events.lastMs();
        if (rows.length === 0) deps.out(`no events from ${jstText(from)} to ${jstText(to)}`);
        deps.out(last === undefined ? "the calendar is empty" : `the calendar ends ${jstText(last)}`);
      } finally {
        state.close();
      }
    });
};

const readBytes = (file: string): Buffer => {
  try {
    return readFileSync(file);
  } catch (e) {
    throw new AppError(
      "permanent",
      "EVENTS_FILE",
      `expected a readable event file, found: ${(e as Error).message}; check the path`,
      {},
      { cause: e },
    );
  }
};
const toText = (bytes: Buffer, file: string): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (e) {
    throw new AppError(
      "permanent",
      "EVENTS_FILE",
      `${file}: expected UTF-8 text, found other bytes; save the file as UTF-8 CSV`,
      {},
      { cause: e },
    );
  }
};

const parseTime = (name: string, text: string | undefined): EpochMs | undefined => {
  if (text === undefined) return undefined;
  try {
    return /^\d{4}-\d{2}-\d{2}$/.test(text) ? jstDateStart(text) : parseInstant(text);
  } catch (e) {
    throw new UsageError(`${name}: ${(e as Error).message}`);
  }
};
