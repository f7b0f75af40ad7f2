// A database file that the program has just made. It is made once per process and copied: the migrations take ten
// milliseconds, and a thousand tests begin with such a file. (test/db makes its own.)
import { copyFileSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../db/open.ts";

let made: string | undefined;
const emptyDatabase = (): string => {
  if (made !== undefined && existsSync(made)) return made;
  made = join(mkdtempSync(join(tmpdir(), "empty-")), "empty.db");
  openDatabase(made).close(); // Closed, it is one file.
  return made;
};

/** Puts it at `path`, unless there is a database: a world that starts again keeps its own. */
export const makeDatabase = (path: string): void => {
  if (!existsSync(path)) copyFileSync(emptyDatabase(), path);
};
