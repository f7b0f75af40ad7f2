// Whether a write to a database file in WAL mode was a checkpoint of SQLite, or came from somewhere else: a checkpoint is
// announced in the wal-index (the -shm file) before the first page is written and noted there after the last.
// Layout: sqlite.org/walformat.html, section 2.1 (read 2026-12): bytes 32..40 the salts of the -wal, 96..100 the frames
// written back to the database, 128..132 the frames that the last checkpoint set out to write back.
import { closeSync, openSync, readSync } from "node:fs";
import { writtenAt } from "./fileIdentity.ts";

const HEADER_BYTES = 136;

interface WalIndex {
  /** Changes with every checkpoint that writes. */
  readonly state: string;
  /** A checkpoint is writing, or one was killed while it wrote. */
  readonly unfinished: boolean;
}

/**
 * Watches one database file. Its -shm file stays open until `end`, because closing any descriptor of a file drops all locks
 * that this process holds on it, SQLite's included (fcntl(2)): call `end` only after the database was closed.
 */
export class Checkpoints {
  readonly #shm: number;
  #seen;
  constructor(private readonly path: string) {
    this.#shm = openSync(`${path}-shm`, "r");
    this.#seen = { ...this.#index(), written: writtenAt(path) };
  }

  /** What was written to the file since the last call: nothing, pages of a checkpoint, or something of another program. */
  look(): "nothing" | "checkpoint" | "foreign" {
    // Before the time of the write, so that a checkpoint between the two reads is judged at the next look.
    const before = this.#index();
    const written = writtenAt(this.path);
    const last = this.#seen;
    this.#seen = { ...before, written };
    if (written === undefined || (written.ms === last.written?.ms && written.bytes === last.written.bytes))
      return "nothing";
    const now = this.#index();
    return now.state === last.state && !now.unfinished ? "foreign" : "checkpoint";
  }

  end(): void {
    closeSync(this.#shm);
  }

  #index(): WalIndex {
    const bytes = Buffer.alloc(HEADER_BYTES);
    readSync(this.#shm, bytes, 0, HEADER_BYTES, 0);
    const writtenBack = bytes.subarray(96, 100).toString("hex");
    const setOut = bytes.subarray(128, 132).toString("hex");
    const state = [bytes.subarray(32, 40).toString("hex"), writtenBack, setOut].join(" ");
    return { state, unfinished: writtenBack !== setOut };
  }
}
