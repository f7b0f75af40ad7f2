// The owner at the command line: `trader status | approve ID | reject ID | modify ID`, the same door as Telegram's buttons.
import { dirname } from "node:path";
import type { Command } from "commander";
import type { Config } from "../../lib/core/config.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import type { CoinE8, YenE8 } from "../../lib/core/money.ts";
import { formatE8, parseE8, toNumber } from "../../lib/core/money.ts";
import { isoUtc, jstText } from "../../lib/core/time.ts";
import { isLocked } from "../../lib/io/lock.ts";
import { answerProposal, modifyProposal } from "../approval.ts";
import { proposalText, yenText } from "../messages.ts";
import { ruleTable } from "../ruleTable.ts";
import { type RunnerHealth, runnerHealth } from "./runnerHealth.ts";
import type { State } from "./state.ts";

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
          deps.out(options.json ? JSON.stringify({ id, decision }) : `${id} ${decision}`);
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
        const old = state.db.read.proposals.byId(id);
        const rules = ruleTable(state.db.read, old?.symbol ?? "");
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
        if (options.json)
          deps.out(
            JSON.stringify({
              id: next.id,
              supersedes: id,
              size: formatE8(next.size),
              entry: formatE8(next.entry),
              stop: formatE8(next.stop),
            }),
          );
        else deps.out(`${id} replaced by ${next.id}; approve it with: trader approve ${next.id}`);
      } finally {
        state.close();
      }
    });

  program
    .command("status")
    .description("health of the runner, open proposals, live trades, halts, alerts, jobs")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action((options: Options) => {
      const state = deps.open(options);
      try {
        const { read } = state.db;
        const nowMs = state.clock.nowMs();
        const lastMarketMs = read.snapshots.lastTakenMs();
        const running = isLocked(dirname(state.db.path));
        const replay = read.meta.get("mode") === "replay";
        const health = runnerHealth(state.db, { locked: running, replay, realNowMs: state.clock.realNowMs() });
        const status = {
          now: isoUtc(nowMs),
          mode: read.meta.get("mode") ?? null,
          running,
          health,
          lastMarketData: lastMarketMs === undefined ? null : isoUtc(lastMarketMs),
          proposals: read.proposals
            .pending()
            .map((p) => ({ id: p.id, symbol: p.symbol, direction: p.direction, validUntil: isoUtc(p.validUntilMs) })),
          trades: read.risk.liveTrades(),
          halts: read.halts.active(nowMs).map((h) => ({
            kind: h.kind,
            reason: h.reason,
            until: h.untilMs === undefined ? null : isoUtc(h.untilMs),
          })),
          alerts: read.alerts.open().map((a) => ({ severity: a.severity, text: a.text })),
          equityJpy: read.equity.latest() === undefined ? null : toNumber(read.equity.latest()?.equity ?? 0n),
          jobs: state.store.stats(),
        };
        if (options.json) {
          deps.out(JSON.stringify(status));
          return;
        }
        const equity = status.equityJpy === null ? "unknown until the first bar" : yenText(status.equityJpy);
        deps.out(`${jstText(nowMs)}  mode ${status.mode ?? "none yet"}  ${lightText(health)}`);
        if (health.why !== null) deps.out(`RED: ${health.why}`);
        deps.out(`equity ${equity}, last market data ${lastMarketMs === undefined ? "none" : jstText(lastMarketMs)}`);
        const { ready, running: busy, parked, dead } = status.jobs.states;
        deps.out(`jobs: ${ready} ready, ${busy} running, ${parked} waiting for a person, ${dead} dead`);
        for (const halt of status.halts)
          deps.out(`HALT ${halt.kind}: ${halt.reason} (until ${halt.until ?? "cleared"})`);
        for (const alert of status.alerts) deps.out(`ALERT ${alert.severity}: ${alert.text}`);
        for (const trade of status.trades)
          deps.out(
            `trade ${trade.id}: ${trade.status} ${trade.direction} ${trade.symbol} ${trade.size} at ${trade.entryPrice}`,
          );
        for (const p of read.proposals.pending()) {
          const signal = read.signals.byId(p.signalId);
          if (signal) deps.out(`\n${proposalText(p, signal)}`);
        }
        if (status.proposals.length === 0) deps.out("no open proposal");
      } finally {
        state.close();
      }
    });
};

const lightText = ({ light, heartbeatAgeSeconds }: RunnerHealth): string => {
  const heartbeat = heartbeatAgeSeconds === null ? "" : ` (heartbeat ${heartbeatAgeSeconds} s ago)`;
  switch (light) {
    case "off":
      return "NOT RUNNING";
    case "starting":
      return "starting";
    case "green":
      return `running${heartbeat}`;
    case "red":
      return `running, RED${heartbeat}`;
  }
};
