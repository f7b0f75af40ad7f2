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
  /** Set when stdout is a terminal that redraws in place. */
  readonly terminal?: Terminal;
  /** Set in a terminal: asks a yes-or-no question there. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Where a service manager started us: what it put into the environment. */
  readonly service?: ServiceManager;
}

export interface CommandDeps extends CliWorld {
  /** To change something. */
  readonly open: (options: { var?: string }) => State;
  /** To look only: a connection that cannot write. */
  readonly look: (options: { var?: string }) => State;
  /** The same as open, and makes the database where there is none. */
  readonly create: (options: { var?: string }) => State;
}
