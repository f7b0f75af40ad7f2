// owner_commands: what the owner asked for (pause, stop, panic, close, ...), by whom, and what was seen when it was done.
import { z } from "zod";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

const OWNER_COMMANDS = [
  "pause",
  "resume",
  "stop",
  "panic",
  "close",
  "rejectAll",
  "adopt",
  "keepStop",
  "restoreStop",
] as const;
export type OwnerCommandName = (typeof OWNER_COMMANDS)[number];

const Args = z.strictObject({
  tradeIds: z.array(z.int()).optional(),
  positionId: z.string().optional(),
  reason: z.string().optional(),
  /** Proposals rejected in the moment it was asked. */
  rejected: z.array(z.string()).optional(),
});
type OwnerArgs = z.infer<typeof Args>;

export interface OwnerCommand {
  readonly id: number;
  readonly command: OwnerCommandName;
  /** "cli", "telegram:<user id>". */
  readonly actor: string;
  readonly args: OwnerArgs;
  readonly requestedMs: EpochMs;
  /** undefined: still at it. */
  readonly result: OwnerResult | undefined;
}
export interface OwnerResult {
  readonly finishedMs: EpochMs;
  /** `refused`: nothing was changed, the text says why. */
  readonly outcome: "done" | "refused";
  /** What the owner reads. */
  readonly text: string;
  /** What was seen at the venue, as JSON; null where the command does not look. */
  readonly seen: unknown;
}
interface Row {
  id: number;
  command: OwnerCommandName;
  actor: string;
  args: string;
  requested_ms: EpochMs;
  finished_ms: EpochMs | null;
  outcome: "done" | "refused" | null;
  text: string | null;
  seen: string | null;
}
const parse = (r: Row): OwnerCommand => ({
  id: r.id,
  command: r.command,
  actor: r.actor,
  args: Args.parse(JSON.parse(r.args)),
  requestedMs: r.requested_ms,
  result:
    r.finished_ms === null || r.outcome === null
      ? undefined
      : {
          finishedMs: r.finished_ms,
          outcome: r.outcome,
          text: r.text ?? "",
          seen: r.seen === null ? null : JSON.parse(r.seen),
        },
});

export const ownerCommandReads = (sql: Sqlite) => {
  const byId = sql.prepare<[number], Row>("SELECT * FROM owner_commands WHERE id = ?");
  const newest = sql.prepare<[number], Row>("SELECT * FROM owner_commands ORDER BY id DESC LIMIT ?");
  const after = sql.prepare<[number], Row>("SELECT * FROM owner_commands WHERE id > ? ORDER BY id");
  return {
    byId: (id: number): OwnerCommand | undefined => {
      const row = byId.get(id);
      return row && parse(row);
    },
    newest: (limit: number): readonly OwnerCommand[] => newest.all(limit).map(parse),
    after: (id: number): readonly OwnerCommand[] => after.all(id).map(parse),
  };
};

export const ownerCommandWrites = (sql: Sqlite) => {
  const insert = sql.prepare("INSERT INTO owner_commands (command, actor, args, requested_ms) VALUES (?, ?, ?, ?)");
  const finish = sql.prepare(
    "UPDATE owner_commands SET finished_ms = ?, outcome = ?, text = ?, seen = ? WHERE id = ? AND finished_ms IS NULL",
  );
  return {
    /** Returns its id. */
    insert: (c: Pick<OwnerCommand, "command" | "actor" | "args" | "requestedMs">): number =>
      Number(insert.run(c.command, c.actor, JSON.stringify(c.args), c.requestedMs).lastInsertRowid),
    /** Returns false when it had its result before. */
    finish: (id: number, r: OwnerResult): boolean =>
      finish.run(r.finishedMs, r.outcome, r.text, r.seen === null ? null : JSON.stringify(r.seen), id).changes === 1,
  };
};
