// The files of the log: one per JST day, appended to by every process of that day. What is kept is decided by what lies in the folder, at
// the first line and whenever a new day begins, so that restarts change nothing. Synchronous: a line is in the file when `write` returns.
import { closeSync, fstatSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type EpochMs, jstText } from "../core/time.ts";

/** Days that are kept, the current one included. */
const KEPT_DAYS = 7;
/** How often it is checked that the open file is still the one in the folder. */
const LOOK_EVERY_MS = 10_000;
/** Also the names of earlier versions, which numbered the files of a day. */
const NAME = /^trader\.(\d{4}-\d{2}-\d{2})(?:\.\d+)?\.log$/;

const dayOf = (atMs: EpochMs): string => jstText(atMs).slice(0, 10);

export class LogFiles {
  #file: number | undefined;
  #day = "";
  #lookedMs = 0;

  constructor(
    private readonly dir: string,
    private readonly nowMs: () => EpochMs,
  ) {}

  /** Throws the system's error when the line cannot be written (disk full, no permission). */
  write(line: string): void {
    const nowMs = this.nowMs();
    const day = dayOf(nowMs);
    if (this.#file !== undefined && (day !== this.#day || this.#isGone(nowMs))) this.close();
    this.#file ??= this.#open(day, nowMs);
    const bytes = Buffer.from(line);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }

  /** The next line opens a file again. */
  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      closeSync(file);
    } catch {
      // Closing reports an earlier failed write (EIO, ENOSPC), which was reported when it happened; the descriptor is gone anyway.
    }
  }

  #path(day: string): string {
    return join(this.dir, `trader.${day}.log`);
  }

  #open(day: string, nowMs: EpochMs): number {
    const file = openSync(this.#path(day), "a+", 0o600);
    try {
      // A line that was cut by a full disk must not take the next one with it.
      const { size } = fstatSync(file);
      const last = Buffer.alloc(1);
      if (size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a) writeSync(file, "\n");
      this.#removeOld(day);
    } catch (e) {
      closeSync(file);
      throw e;
    }
    this.#day = day;
    this.#lookedMs = nowMs;
    return file;
  }

  /**
   * Keeps the newest days that there are, not those of the last week: after a long stop, or a clock that jumped ahead, the last days before
   * it are what a person needs.
   */
  #removeOld(today: string): void {
    const found = readdirSync(this.dir).flatMap((name) => {
      const day = NAME.exec(name)?.[1];
      return day === undefined ? [] : [{ name, day }];
    });
    const days = [...new Set([today, ...found.map(({ day }) => day)])].sort().reverse();
    // Today's file stays also when days ahead of it were written by a clock that was wrong.
    const kept = new Set([today, ...days.filter((day) => day !== today).slice(0, KEPT_DAYS - 1)]);
    for (const { name, day } of found) if (!kept.has(day)) rmSync(join(this.dir, name), { force: true });
  }

  /** Whether a person moved or removed the file: lines would go where nobody finds them. */
  #isGone(nowMs: EpochMs): boolean {
    if (Math.abs(nowMs - this.#lookedMs) < LOOK_EVERY_MS) return false;
    this.#lookedMs = nowMs;
    const there = statSync(this.#path(this.#day), { throwIfNoEntry: false });
    return there === undefined || there.ino !== fstatSync(this.#file!).ino;
  }
}
