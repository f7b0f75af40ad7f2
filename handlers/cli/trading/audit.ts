// `trader audit verify | list`: checks and prints the hash-chained audit log.
import { dirname } from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import type { AuditRow } from "../../../db/tables/audit.ts";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { verifyAudit } from "../../runtime/auditWitness.ts";
import type { State } from "../../runtime/stateFolder.ts";
import { folderText } from "../folder.ts";
import { auditEventJson } from "../json/event.ts";
import type { AuditVerifiedJson } from "../json/results.ts";
import { type Common, positive } from "../queueOptions.ts";
import { clean, jstSeconds } from "../terminal.ts";

interface Deps {
  readonly open: (options: { var?: string }) => State;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export const registerAudit = (program: Command, deps: Deps): void => {
  const audit = program.command("audit").description("the hash-chained audit log");
  audit
    .command("verify")
    .description("check that no audit event was changed, removed or reordered, and that none is missing at the end")
    .option("--var <dir>", "state folder")
    .option("--head <n:hash>", "also compare with the line of a daily report, such as 1234:3f2a90c1d4e5b678")
    .option("--json", "one JSON object")
    .action((options: { var?: string; json?: boolean; head?: string }) => {
      const given = options.head === undefined ? undefined : headOf(options.head);
      const state = deps.open(options);
      try {
        const verdict = verifyAudit(state.db, dirname(state.db.path), given);
        const { events, head, firstBroken, missing, notes } = verdict;
        const problems = [...verdict.problems, ...verdict.lost];
        if (options.json) {
          const ok = problems.length === 0;
          const found = { firstBroken: firstBroken ?? null, missing: missing ?? null, problems, notes: [...notes] };
          const fact = { ok, events, head: head ?? null, ...found };
          deps.out(JSON.stringify(fact satisfies z.infer<typeof AuditVerifiedJson>));
        } else for (const note of notes) deps.out(`note: ${note}`);
        if (problems.length > 0)
          throw new AppError(
            "permanent",
            "AUDIT_BROKEN",
            `expected a whole audit log, found: ${problems.join("; ")}. Compare with a backup (trader audit verify --var on a restored copy)`,
          );
        if (!options.json) deps.out(`${events} audit events, chain unbroken, its end as witnessed`);
      } finally {
        state.close();
      }
    });
  registerList(audit, deps);
};

/** Throws UsageError. */
const headOf = (text: string) => {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{8,64})$/.exec(text.trim()) ?? [];
  if (seq === undefined || hash === undefined || Number(seq) < 1)
    throw new UsageError(
      `--head: expected the number and hash of an event as a daily report prints them, such as 1234:3f2a90c1d4e5b678, found ${JSON.stringify(text)}`,
    );
  return { seq: Number(seq), hash, source: "--head" };
};

interface ListOptions extends Common {
  readonly trace?: string;
  readonly limit?: string;
}
/** Events printed as text by default; with --json all of them are printed. */
const SHOWN = 200;

const registerList = (audit: Command, deps: Deps): void => {
  audit
    .command("list")
    .description("print audit events, oldest first; times are JST")
    .option("--var <dir>", "state folder")
    .option("--trace <id>", "only this trace")
    .option("--limit <n>", `only the newest (default: ${SHOWN}, with --json all)`)
    .option("--json", "one JSON array, an event a line")
    .action((options: ListOptions) => {
      const { trace, json } = options;
      const limit = options.limit === undefined ? (json ? undefined : SHOWN) : positive("--limit", options.limit);
      // The log may exceed the longest string: the array is printed one element per line.
      let held: string | undefined;
      const print = (row: AuditRow): void => {
        if (!json) {
          deps.out(
            clean(`${row.seq}  ${jstSeconds(row.atMs)}  ${row.kind}  ${row.actor}  ${JSON.stringify(row.data)}`),
          );
          return;
        }
        deps.out(held === undefined ? "[" : `${held},`);
        held = JSON.stringify(auditEventJson(row));
      };
      const endList = (): void => {
        if (!json) return;
        if (held === undefined) deps.out("[]");
        else deps.out(`${held}\n]`);
      };
      const state = deps.open(options);
      try {
        const newest: AuditRow[] = [];
        let total = 0;
        for (const row of events(state, trace)) {
          total += 1;
          if (limit === undefined) print(row);
          else if (newest.push(row) >= 2 * limit) newest.splice(0, newest.length - limit);
        }
        const shown = limit === undefined ? [] : newest.slice(-limit);
        for (const row of shown) print(row);
        endList();
        const more = limit === undefined ? 0 : total - shown.length;
        if (more > 0) {
          const text = `the newest ${shown.length} of ${total} events; ${more} more before: --limit ${total}`;
          if (json) deps.err(`note: ${text}`);
          else deps.out(text);
        }
        if (total === 0 && !json)
          deps.out(`no events${trace === undefined ? "" : ` of the trace ${clean(trace)}`} in ${folderText(state.db)}`);
      } finally {
        state.close();
      }
    });
};

function* events({ db }: State, trace: string | undefined): Generator<AuditRow> {
  for (let seq: number | undefined = 0; seq !== undefined; ) {
    const rows: readonly AuditRow[] = db.read.audit.after(seq);
    yield* trace === undefined ? rows : rows.filter((row) => row.traceId === trace);
    seq = rows.at(-1)?.seq;
  }
}
