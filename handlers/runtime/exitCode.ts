// Which refusals end a command with exit code 2: a person must change the arguments, a file they name, the state
// folder, the model or the program's version, and until then the same command can only be refused again. The service's
// unit does not restart a worker that ended so. Everything else ends with 1: it may pass by itself (a full disk, a
// locked file, another runner), or it is the finding of a check.

const NEEDS_A_PERSON: ReadonlySet<string> = new Set([
  // Settings, the state folder and its files.
  "LIVE_NOT_AVAILABLE",
  "VAR_DIR",
  "LOG_DIR",
  "NOT_WRITABLE",
  "FOLDER_LOST",
  "DB_MISSING",
  "DB_OPEN",
  "DB_CORRUPT",
  "DB_TOO_NEW",
  "DB_MIGRATION_CHANGED",
  "SIM_TOO_NEW",
  "SIM_CHANGED",
  "MODE_MISMATCH",
  "NOT_A_REPLAY",
  "NOT_OURS",
  "NOT_RESTORABLE",
  // Models and the files a command reads.
  "MODEL_MISSING",
  "MODEL_FILE",
  "MODEL_CHECKSUM",
  "MODEL_FEATURES",
  "MODEL_CONTRIBUTIONS",
  "MODEL_RANGE",
  "MODEL_NOT_CHAMPION",
  "MODEL_SAW_THESE_DAYS",
  "FEATURE_TABLE",
  "CANDLE_FILE",
  "EVENTS_FILE",
  "EVENTS_INVALID",
  // Arguments: ids and values that name nothing or can never be accepted. What was settled meanwhile by another (PROPOSAL_CLOSED,
  // TRADE_ENDED, JOB_STATE) is not here: there is nothing to change.
  "JOB_NOT_FOUND",
  "PROPOSAL_MISSING",
  "TRADE_MISSING",
  "POSITION_MISSING",
  "SIGNAL_MISSING",
  "ALERT_MISSING",
  "EVENT_MISSING",
  "ALERT_STANDS",
  "MODIFY_REFUSED",
  "NO_EQUITY",
]);

export const needsAPerson = (code: string): boolean => NEEDS_A_PERSON.has(code);
