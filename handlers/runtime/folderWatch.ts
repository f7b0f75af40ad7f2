// Notices that the state folder, or a file that this worker has open in it, was deleted, renamed or replaced. From then on
// this worker must write nothing: its commits would be lost, or would land in files that belong to another worker.

import { existsSync } from "node:fs";
import { basename } from "node:path";
import { AppError } from "../../lib/core/errors.ts";
import { Checkpoints } from "../../lib/io/checkpoints.ts";
import { type FileIdentity, identityAt, openHere } from "../../lib/io/fileIdentity.ts";
import { storageTrouble } from "../../lib/io/storageTrouble.ts";

const LOOK_EVERY_MS = 200;

/** What SQLite keeps open beside a database in WAL mode. */
const SIDE_FILES = ["-wal", "-shm"] as const;

/** What is wrong with the content of a file; undefined: nothing. May throw what a read of the file throws. */
type Wrong = () => string | undefined;

interface Written {
  readonly path: string;
  readonly checkpoints: Checkpoints;
  readonly wrong: Wrong;
  /** Written since its content was last judged. */
  unjudged: boolean;
}

/** A file that cannot be read at all is wrong; after any other error (busy, no memory) it is judged at the next look. */
const whyWrong = (written: Written): string | undefined => {
  try {
    const why = written.wrong();
    written.unjudged = false;
    return why;
  } catch (e) {
    const trouble = storageTrouble(e);
    return trouble?.kind === "corrupt" ? `it is no sound database any more: ${trouble.message}` : undefined;
  }
};

export class FolderWatch {
  readonly #known = new Map<string, FileIdentity>();
  readonly #written: Written[] = [];
  readonly #timer: NodeJS.Timeout;
  #lost: AppError | undefined;
  #overwritten = false;
  #tell: (error: AppError) => void = () => {};
  /** Resolves with the error as soon as a look or a check has found the folder lost. */
  readonly lost: Promise<AppError> = new Promise((resolve) => {
    this.#tell = resolve;
  });

  constructor(private readonly varDir: string) {
    const folder = identityAt(varDir);
    if (folder !== undefined) this.#known.set(varDir, folder);
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /**
   * Watches files that are open now, a database with its side files. A file that was replaced between its opening and this
   * call is found at the first look.
   */
  follow(path: string): void {
    const open = openHere();
    for (const file of [path, ...SIDE_FILES.map((suffix) => path + suffix).filter(existsSync)]) {
      const found = identityAt(file);
      // Not open here: another file took its place already, and every look must find it "replaced".
      const known = found === undefined || open === undefined || open.has(found) ? found : "missing";
      if (known !== undefined) this.#known.set(file, known === "missing" ? "not open here" : known);
    }
  }

  /**
   * Also watches what is written to a database file: a file that is overwritten in place keeps its identity. `wrong` judges
   * its content after a checkpoint. Until `end`, which must come after the database was closed.
   */
  followContent(path: string, wrong: Wrong): void {
    this.#written.push({ path, checkpoints: new Checkpoints(path), wrong, unjudged: false });
  }

  /** For everything that is about to write, or to send an order. Throws AppError alert FOLDER_LOST. */
  readonly check = (): void => {
    this.#look();
    if (this.#lost !== undefined) throw this.#lost;
  };

  get isLost(): boolean {
    this.#look();
    return this.#lost !== undefined;
  }

  /** The database file itself is still the one that was opened, and holds what SQLite wrote: its side files may be gone. */
  isInPlace(path: string): boolean {
    return this.#known.get(path) === identityAt(path) && !this.#overwritten;
  }

  /** Call it after the databases were closed. When the folder is lost they stay open, and so does what is watched. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#lost === undefined) for (const { checkpoints } of this.#written) checkpoints.end();
  }

  #look(): void {
    if (this.#lost !== undefined) return;
    const why = this.#whyLost();
    if (why === undefined) return;
    clearInterval(this.#timer);
    this.#lost = new AppError(
      "alert",
      "FOLDER_LOST",
      `expected the files of ${this.varDir} as this worker opened them, found that ${why} while it ran; nothing more was written: put the folder back (or trader restore FILE into it), compare with trader doctor, and start the worker again`,
      { varDir: this.varDir },
    );
    this.#tell(this.#lost);
  }

  #whyLost(): string | undefined {
    for (const [path, known] of this.#known) {
      const now = identityAt(path);
      if (now === undefined || now === known) continue;
      const name = path === this.varDir ? "the folder" : basename(path);
      return now === "missing" ? `${name} was deleted or renamed` : `${name} was replaced by another`;
    }
    for (const file of this.#written) {
      const written = file.checkpoints.look();
      if (written === "checkpoint") file.unjudged = true;
      const why = file.unjudged ? whyWrong(file) : undefined;
      if (written !== "foreign" && why === undefined) continue;
      this.#overwritten = true;
      return `${basename(file.path)} was overwritten ${why === undefined ? "by another program" : `(${why})`}`;
    }
    return undefined;
  }
}
