// The values that all shapes of `--json` share (docs/json.md). The key of a time is `at` or ends in `At`, that of a
// duration ends in `Ms`. Every key of a shape is always there: what does not exist is null.
import { z } from "zod";
import { type EpochMs, isoUtc } from "../../../lib/core/time.ts";

/** ISO 8601, UTC, with milliseconds. */
export const Time = z.iso.datetime({ precision: 3 });
export const timeOrNull = (at: EpochMs | undefined): string | null => (at === undefined ? null : isoUtc(at));
/** A JSON document as it is stored: a job's input, an audit event's data. Times in it are UTC epoch milliseconds. */
export const Stored = z.unknown();
