// `trader status`: health of the worker, trades, halts, alerts and problems; with --check only the verdict, for cron
// and monitoring.
import { dirname } from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import { META } from "../../../db/tables/meta.ts";
import { AppError } from "../../../lib/core/errors.ts";
import { QUARANTINE } from "../../../lib/core/haltKinds.ts";
import { toNumber } from "../../../lib/core/money.ts";
import { symbolsOf } from "../../../lib/core/product.ts";
import { DAY_MS, type EpochMs, epochMs, isoUtc, jstText, SECOND_MS } from "../../../lib/core/time.ts";
import { isLocked } from "../../../lib/io/lock.ts";
import { openCoins } from "../../book/coinBalances.ts";
import { openOf, tradesInHand } from "../../book/openTrades.ts";
import { noPrices, noPricesText, pricesHealth } from "../../market/priceOutage.ts";
import { type Silence, silencesNow, silenceText } from "../../market/silence.ts";
import { proposalText, yenText } from "../../proposals/proposalText.ts";
import { productOf, type State } from "../../runtime/stateFolder.ts";
import { type RunnerHealth, runnerHealth } from "../../runtime/workerStatus.ts";
import { STALE_MESSAGE_MS } from "../../telegram/enqueueDeliveries.ts";
import { telegramHealth, telegramText } from "../../telegram/health.ts";
import { noPricesJson } from "../json/frame.ts";
import { alertJson, haltJson } from "../json/halt.ts";
import { jobCountsJson } from "../json/job.ts";
import { proposalJson } from "../json/proposal.ts";
import { silenceJson } from "../json/silence.ts";
import type { StatusJson } from "../json/status.ts";
import { tradeJson } from "../json/trade.ts";
import { timeOrNull } from "../json/values.ts";
import { heldFor, nowText } from "./bookText.ts";

interface Deps {
  /** A read-only connection. */
  readonly look: (options: { var?: string }) => State;
  readonly out: (text: string) => void;
}
interface Options {
  readonly var?: string;
  readonly json?: boolean;
  readonly check?: boolean;
}

export const registerStatus = (program: Command, deps: Deps): void => {
  program
    .command("status")
    .description("health of the runner, open proposals, live trades, halts, alerts, jobs")
    .option(
      "--check",
      "print nothing and end with 0 when all is well; else print the problems and end with 1 (cron, monitoring)",
    )
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action((options: Options) => {
      const state = deps.look(options);
      try {
        const status = statusOf(state);
        if (options.json) deps.out(JSON.stringify(status));
        else if (!options.check) for (const line of statusLines(status, state)) deps.out(line);
        if (options.check && status.problems.length > 0)
          throw new AppError("permanent", "NOT_WELL", problemLines(status.problems));
      } finally {
        state.close();
      }
    });
};

type Status = z.infer<typeof StatusJson>;

const statusOf = (state: State): Status => {
  const { read } = state.db;
  const nowMs = state.clock.nowMs();
  const lastMarketMs = read.snapshots.lastTakenMs();
  const mode = read.meta.get(META.mode) ?? null;
  const product = productOf(state.db) ?? null;
  const running = isLocked(dirname(state.db.path));
  // The worker records it: without a running worker it is out of date.
  const none = running ? noPrices(state.db) : undefined;
  const runner = runnerHealth(state.db, {
    locked: running,
    replay: mode === "replay",
    realNowMs: state.clock.realNowMs(),
  });
  const prices = pricesHealth(none, nowMs);
  const health: RunnerHealth =
    runner.light === "green" && !prices.ok ? { ...runner, light: "red", why: prices.why } : runner;
  const alerts = read.alerts.open();
  const equity = read.equity.latest();
  const jobs = state.store.stats();
  const bot = read.telegram.state();
  const botHealth = telegramHealth(bot, nowMs);
  return {
    at: isoUtc(nowMs),
    mode,
    product,
    coins: product === "spot" ? symbolsOf(product).map((symbol) => coinsOf(state, symbol)) : [],
    running,
    health,
    noPrices: noPricesJson(none),
    silences: silencesOf(state, running).map(silenceJson),
    lastMarketDataAt: timeOrNull(lastMarketMs),
    telegram:
      bot.botId === 0
        ? null
        : {
            bot: bot.botName ?? null,
            ok: botHealth.ok,
            why: botHealth.ok ? null : botHealth.why,
            polledAt: timeOrNull(bot.polledMs),
            waiting: read.outbox.waitingIds(epochMs(Math.max(0, nowMs - STALE_MESSAGE_MS))).length,
            muted: [...bot.muted],
          },
    proposals: read.proposals.pending().map((p) => proposalJson(p, read.proposals.approval(p.id))),
    trades: tradesInHand(read).map((trade) => tradeJson(trade, openOf(read, trade, nowMs))),
    halts: read.halts.active(nowMs).map(haltJson),
    restored: restoredLately(state, nowMs),
    alerts: alerts.map(alertJson),
    equityJpy: equity === undefined ? null : toNumber(equity.equity),
    equityAt: timeOrNull(equity?.atMs),
    jobs: jobCountsJson(jobs),
    // The worst first: nothing runs, then money in doubt, then what the system cannot see or say.
    problems: [
      ...healthProblem(runner),
      ...alerts.filter((a) => a.severity === "critical").map((a) => `ALERT ${oneLine(a.text)}`),
      ...(none === undefined ? [] : [noPricesText(none)]),
      ...(running && bot.botId !== 0 && !botHealth.ok ? [oneLine(botHealth.why)] : []),
      ...(jobs.states.dead > 0 ? [`${jobs.states.dead} dead jobs (trader jobs list --state dead)`] : []),
    ],
  };
};

/** One problem as it is, several on a line each, the worst first. */
const problemLines = (problems: readonly string[]): string =>
  problems.length === 1
    ? (problems[0] ?? "")
    : [`${problems.length} problems`, ...problems.map((p) => `  ${p}`)].join("\n");

/** A message of several lines in one line. The text of an alert begins with its severity. */
const oneLine = (text: string): string => text.split("\n").join("; ");

/** Spot, by our book: the coins of our trades, and the owner's own (never sold). */
const coinsOf = ({ db }: State, symbol: string) => ({
  symbol,
  trades: toNumber(openCoins(db.read, symbol)),
  owners: toNumber(db.read.ownerCoins.amount(symbol)),
});

/** Of a running worker; a replay's bars are in its own time. */
const silencesOf = (state: State, running: boolean): readonly Silence[] => {
  const { read } = state.db;
  if (!running || read.meta.get(META.mode) === "replay") return [];
  return silencesNow(read, productOf(state.db) ?? "margin", state.clock.nowMs());
};

const healthProblem = ({ light, why }: RunnerHealth): readonly string[] => {
  switch (light) {
    case "green":
      return [];
    case "off":
      return ["no worker is running"];
    case "starting":
      return ["the worker is only starting"];
    case "red":
      return [`the worker is RED: ${why}`];
  }
};

/** A quarantine that ended within the last day: an owner who was away during it must still see it. */
const restoredLately = (state: State, nowMs: EpochMs) => {
  const halt = state.db.read.halts
    .recent()
    .find((h) => h.kind === QUARANTINE && h.clearedMs !== undefined && nowMs - h.clearedMs < DAY_MS);
  return halt === undefined ? null : haltJson(halt);
};

const statusLines = (status: Status, state: State): readonly string[] => {
  const { read } = state.db;
  const { health, restored } = status;
  const nowMs = state.clock.nowMs();
  const jst = (iso: string): string => jstText(epochMs(Date.parse(iso)));
  const none = status.running ? noPrices(state.db) : undefined;
  const equity =
    status.equityJpy === null
      ? "unknown until the first bar"
      : `${yenText(status.equityJpy)}${status.equityAt === null ? "" : ` as of ${jst(status.equityAt)}`}`;
  const { ready, running: busy, parked, dead } = state.store.stats().states;
  return [
    `${jst(status.at)}  mode ${status.mode ?? "none yet"}${status.product === "spot" ? ", spot" : ""}  ${lightText(health)}`,
    ...(health.why === null ? [] : [`RED: ${health.why}`]),
    ...(none === undefined ? [] : [noPricesText(none)]),
    ...silencesOf(state, status.running).map(silenceText),
    `equity ${equity}, last market data ${status.lastMarketDataAt === null ? "none" : jst(status.lastMarketDataAt)}`,
    ...status.coins.map((c) => `${c.symbol}: ${c.trades} of our trades, ${c.owners} yours (never sold)`),
    ...(status.telegram === null ? [] : [telegramText(read.telegram.state(), state.clock.nowMs())]),
    `jobs: ${ready} ready, ${busy} running, ${parked} waiting for a person, ${dead} dead`,
    ...status.halts.map((halt) => `HALT ${halt.kind}: ${halt.reason} (since ${jst(halt.raisedAt)}; ${halt.ends})`),
    ...(restored === null
      ? []
      : [
          `RESTORED BACKUP: quarantined from ${jst(restored.raisedAt)} to ${jst(restored.clearedAt ?? status.at)} (${restored.reason}); see trader audit list`,
        ]),
    ...status.alerts.map((alert) => `ALERT ${oneLine(alert.text)}`),
    ...tradesInHand(read).map((trade) => {
      const open = openOf(read, trade, nowMs);
      const now = open === undefined ? "" : `; held ${heldFor(trade, nowMs)}, ${nowText(open)}`;
      return `trade ${trade.id}: ${trade.status} ${trade.direction} ${trade.symbol} ${trade.positionSize} at ${trade.entryPrice}${now}`;
    }),
    ...read.proposals.pending().flatMap((p) => {
      const signal = read.signals.byId(p.signalId);
      return signal ? [`\n${proposalText("en", p, signal, undefined)}`] : [];
    }),
    ...(status.proposals.length === 0 ? ["no open proposal"] : []),
  ];
};

const lightText = ({ light, heartbeatAgeMs }: Status["health"]): string => {
  const heartbeat = heartbeatAgeMs === null ? "" : ` (heartbeat ${Math.round(heartbeatAgeMs / SECOND_MS)} s ago)`;
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
