// What a command is given: settings, output, the terminal, and the ways to open the state folder.

import type { Config } from "../../lib/core/config.ts";
import type { ServiceManager } from "../../lib/io/systemd.ts";
import type { State } from "../runtime/stateFolder.ts";
import type { Terminal } from "./terminal.ts";

export interface CliWorld {
  /** Parsed settings; throws UsageError with every problem. */
  readonly config: () => Config;
  /** One line to stdout (results) and to stderr (everything else). */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** stdout without the removal of secrets: for the simulator only, whose clients need the keys it has made up. */
  readonly outAsItIs?: (text: string) => void;
  /** Set when stdout is a terminal that redraws in place. */
  readonly terminal?: Terminal;
  /** Asks a yes-or-no question; set only in a terminal. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Ends the process at once: nothing that is open is closed. */
  readonly endNow?: (code: number) => never;
  /** What to do when nobody reads stdout or stderr any more; by default the process ends with 0. May run again. */
  readonly whenOutCloses?: (run: () => void) => void;
  /** The command line of this program, for a child of it, and its PATH. */
  readonly self?: { readonly program: readonly string[]; readonly path: string };
  /** What the service manager put into the environment; set only when one started this process. */
  readonly service?: ServiceManager;
}

export interface CommandDeps extends CliWorld {
  /** A connection that can write. Throws AppError DB_MISSING where there is no database. */
  readonly open: (options: { var?: string }) => State;
  /** A read-only connection. */
  readonly look: (options: { var?: string }) => State;
  /** As `open`, but creates the database where there is none. */
  readonly create: (options: { var?: string }) => State;
}
