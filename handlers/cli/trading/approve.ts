// `trader approve ID | reject ID | modify ID`: answers a proposal; Telegram's buttons use the same functions.
import type { Command } from "commander";
import type { Config } from "../../../lib/core/config.ts";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import type { CoinE8, YenE8 } from "../../../lib/core/money.ts";
import { parseE8 } from "../../../lib/core/money.ts";
import { storedRules } from "../../market/storedRules.ts";
import { answerProposal } from "../../proposals/answerProposal.ts";
import { modifyProposal } from "../../proposals/modifyProposal.ts";
import { mustExist } from "../../proposals/pendingProposal.ts";
import type { State } from "../../runtime/stateFolder.ts";
import { proposalJson } from "../json/proposal.ts";

interface Deps {
  readonly config: () => Config;
  readonly open: (options: { var?: string }) => State;
  readonly out: (text: string) => void;
}
interface Options {
  readonly var?: string;
  readonly json?: boolean;
}

export const registerAnswers = (program: Command, deps: Deps): void => {
  for (const decision of ["approved", "rejected"] as const)
    program
      .command(`${decision === "approved" ? "approve" : "reject"} <id>`)
      .description(decision === "approved" ? "approve a proposal: it is re-checked and traded" : "reject a proposal")
      .option("--var <dir>", "state folder")
      .option("--json", "one JSON object")
      .action((id: string, options: Options) => {
        const state = deps.open(options);
        try {
          const result = answerProposal(state, { proposalId: id, decision, by: "human", actor: "cli" });
          if (result.kind === "tooLate")
            throw new AppError(
              "permanent",
              "PROPOSAL_CLOSED",
              `expected an open proposal, found ${id}: ${result.why}; nothing was changed`,
            );
          deps.out(options.json ? JSON.stringify(shown(state, id)) : `${id} ${decision}`);
        } finally {
          state.close();
        }
      });

  program
    .command("modify <id>")
    .description("replace a proposal by a smaller, closer or re-priced one; it is asked again before it counts")
    .option("--size <coins>", "smaller size")
    .option("--entry <yen>", "entry limit inside the band")
    .option("--stop <yen>", "stop closer to the entry")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action((id: string, options: Options & { size?: string; entry?: string; stop?: string }) => {
      if (options.size === undefined && options.entry === undefined && options.stop === undefined)
        throw new UsageError("expected at least one of --size, --entry, --stop, found none");
      const decimal = (name: string, text: string | undefined): bigint | undefined => {
        try {
          return text === undefined ? undefined : parseE8(text);
        } catch (e) {
          throw new UsageError(`--${name}: ${(e as Error).message}`);
        }
      };
      const state = deps.open(options);
      try {
        const rules = storedRules(state.db.read, mustExist(state.db, id).symbol);
        const result = modifyProposal(state, deps.config(), {
          proposalId: id,
          actor: "cli",
          size: decimal("size", options.size) as CoinE8 | undefined,
          entry: decimal("entry", options.entry) as YenE8 | undefined,
          stop: decimal("stop", options.stop) as YenE8 | undefined,
          ...rules,
        });
        if (result.kind === "tooLate")
          throw new AppError(
            "permanent",
            "PROPOSAL_CLOSED",
            `expected an open proposal, found ${id}: ${result.why}; nothing was changed`,
          );
        const next = result.proposal;
        if (options.json) deps.out(JSON.stringify(shown(state, next.id)));
        else deps.out(`${id} replaced by ${next.id}; approve it with: trader approve ${next.id}`);
      } finally {
        state.close();
      }
    });
};

const shown = ({ db }: State, id: string) => proposalJson(mustExist(db, id), db.read.proposals.approval(id));
