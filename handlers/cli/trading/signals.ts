// `trader signals` and `trader why`: the judged bars with every gate. The texts are those of Telegram's /signals and
// /why.

import type { Command } from "commander";
import { META } from "../../../db/tables/meta.ts";
import { AppError } from "../../../lib/core/errors.ts";
import type { State } from "../../runtime/stateFolder.ts";
import type { AnswerFacts } from "../../telegram/answers/facts.ts";
import { signalsAnswer, signalsOf, unjudgedBars, whyAnswer } from "../../telegram/answers/signals.ts";
import { signalJson } from "../json/proposal.ts";
import { type Common, type JobsDeps, positive, withCommon, within } from "../queueOptions.ts";

interface Options extends Common {
  readonly limit?: string;
}

export const registerSignals = (program: Command, deps: JobsDeps): void => {
  const factsOf = ({ db, clock }: State, arg: string): AnswerFacts => {
    const mode = db.read.meta.get(META.mode);
    const account = mode === "replay" || mode === "live" ? mode : "paper";
    return { db: db.read, config: deps.config(), account, nowMs: clock.nowMs(), arg };
  };
  withCommon(program, "signals", "the last judged bars: side, probability, rank, and what became of each")
    .option("--limit <count>", "at most this many, with --json", "50")
    .action((options: Options) => {
      within(deps.look, options, (state) => {
        const limit = positive("--limit", options.limit ?? "50");
        if (options.json) deps.out(JSON.stringify(state.db.read.signals.newest(limit).map(signalJson)));
        else deps.out(signalsAnswer(factsOf(state, "")));
      });
    });
  withCommon(
    program,
    "why [what]",
    "every gate of a judged bar: a proposal's id, a trade's number, or a bar's time HH:MM (JST, today); without: the last",
  ).action((what: string | undefined, options: Options) => {
    within(deps.look, options, (state) => {
      const facts = factsOf(state, what ?? "");
      const found = signalsOf(facts);
      if (found.length === 0 && what !== undefined && unjudgedBars(facts).length === 0)
        throw new AppError(
          "permanent",
          "SIGNAL_MISSING",
          `expected a proposal's id, a trade's number or the time HH:MM of a bar of today (JST), found ${JSON.stringify(what)}; trader signals lists bars, trader trades the trades`,
        );
      if (options.json) deps.out(JSON.stringify(found.map(signalJson)));
      else deps.out(whyAnswer(facts));
    });
  });
};
