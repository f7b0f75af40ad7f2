// `trader audit verify | list`: checks and prints the hash-chained audit log.
import type { Command } from "commander";
import type { z } from "zod";
import type { AuditRow } from "../../../db/tables/audit.ts";
import { AppError } from "../../../lib/core/errors.ts";
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
    .description("check that no audit event was changed, removed or reordered")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action((options: { var?: string; json?: boolean }) => {
      const state = deps.open(options);
      try {
        const broken = state.db.read.audit.firstBroken();
        const events = state.db.read.audit.last()?.seq ?? 0;
        if (options.json) {
          const fact = { ok: broken === undefined, events, firstBroken: broken ?? null };
          deps.out(JSON.stringify(fact satisfies z.infer<typeof AuditVerifiedJson>));
        }
        if (broken !== undefined)
          throw new AppError(
            "permanent",
            "AUDIT_BROKEN",
            `expected an unbroken hash chain, found it broken at event ${broken}: the log was changed after it was written; compare with a backup`,
          );
        if (!options.json) deps.out(`${events} audit events, chain unbroken`);
      } finally {
        state.close();
      }
    });
  registerList(audit, deps);
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
