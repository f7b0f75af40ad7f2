// `trader audit verify | list`: the hash-chained log of everything that mattered.
import type { Command } from "commander";
import { AppError } from "../../lib/core/errors.ts";
import { isoUtc } from "../../lib/core/time.ts";
import type { State } from "./state.ts";

export const registerAudit = (
  program: Command,
  deps: { readonly open: (options: { var?: string }) => State; readonly out: (text: string) => void },
): void => {
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
        if (options.json) deps.out(JSON.stringify({ ok: broken === undefined, events, firstBroken: broken ?? null }));
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
  audit
    .command("list")
    .description("print audit events, oldest first")
    .option("--var <dir>", "state folder")
    .option("--trace <id>", "only this trace")
    .option("--json", "one JSON object a line")
    .action((options: { var?: string; trace?: string; json?: boolean }) => {
      const state = deps.open(options);
      try {
        for (let seq = 0; ; ) {
          const rows = state.db.read.audit.after(seq);
          for (const row of rows.filter((r) => options.trace === undefined || r.traceId === options.trace))
            deps.out(
              options.json
                ? JSON.stringify(row)
                : `${row.seq}  ${isoUtc(row.atMs)}  ${row.kind}  ${row.actor}  ${JSON.stringify(row.data)}`,
            );
          const last = rows.at(-1);
          if (!last) return;
          seq = last.seq;
        }
      } finally {
        state.close();
      }
    });
};
