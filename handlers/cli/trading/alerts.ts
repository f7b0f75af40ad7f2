// `trader alerts` lists the open alerts, `trader alerts seen KEY` ends one that only a person can end. An alert about a
// condition ends with the condition and cannot be ended by hand.
import type { Command } from "commander";
import { AppError } from "../../../lib/core/errors.ts";
import { jstText } from "../../../lib/core/time.ts";
import { alertJson, FOR_A_PERSON, isForAPerson } from "../json/halt.ts";
import { ACTOR, type Common, type JobsDeps, withCommon, within } from "../queueOptions.ts";

export const registerAlerts = (program: Command, deps: JobsDeps): void => {
  const alerts = withCommon(program, "alerts", "open alerts, and how each ends").action((options: Common) => {
    const open = within(deps.look, options, (state) => state.db.read.alerts.open());
    if (options.json) {
      deps.out(JSON.stringify(open.map(alertJson)));
      return;
    }
    for (const a of open) {
      const ends = isForAPerson(a.key) ? `ends with trader alerts seen ${a.key}` : "ends by itself with its cause";
      deps.out(`${a.key}  ${a.severity}, since ${jstText(a.raisedMs)}; ${ends}\n  ${a.text.replaceAll("\n", "\n  ")}`);
    }
    if (open.length === 0) deps.out("no open alert");
  });
  withCommon(alerts, "seen <key>", "end an alert that you have looked at (excess, oversold, estimated)").action(
    (key: string, _options: Common, command: Command) => {
      const options = command.optsWithGlobals<Common>();
      within(deps.open, options, ({ db, clock }) =>
        db.transaction((tx) => {
          const atMs = clock.nowMs();
          if (!db.read.alerts.open().some((a) => a.key === key))
            throw new AppError(
              "permanent",
              "ALERT_MISSING",
              `expected the key of an open alert, found ${JSON.stringify(key)}; trader alerts lists them`,
            );
          if (!isForAPerson(key))
            throw new AppError(
              "permanent",
              "ALERT_STANDS",
              `expected an alert that only a person can end (${FOR_A_PERSON.join(" ")}), found ${key}: it ends by itself with its cause; trader alerts tells what to do`,
            );
          tx.alerts.resolve(key, atMs);
          tx.audit.append({ atMs, kind: "alert.seen", actor: ACTOR, data: { key } });
        }),
      );
      deps.out(options.json ? JSON.stringify({ key, seen: true }) : `${key} is ended`);
    },
  );
};
