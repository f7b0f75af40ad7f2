// Every subcommand and its module. A module is loaded only for its own commands: most commands read a few rows of one
// database and start in half the time without the worker, the simulator and the network.

import type { Command } from "commander";
import type { CommandDeps } from "./commandDeps.ts";
import type { JobsDeps } from "./queueOptions.ts";

interface CommandModule {
  /** The commands it adds to the program, in the order of `trader --help`. */
  readonly names: readonly string[];
  readonly register: (program: Command, deps: CommandDeps) => Promise<void>;
}
const creating = (deps: CommandDeps): JobsDeps => ({ ...deps, open: deps.create });

/** In the order of `trader --help`. */
export const COMMANDS: readonly CommandModule[] = [
  { names: ["start"], register: async (p, deps) => (await import("./start.ts")).registerStart(p, deps) },
  { names: ["worker"], register: async (p, deps) => (await import("./worker.ts")).registerWorker(p, deps) },
  {
    names: ["enqueue"],
    register: async (p, deps) => (await import("./queue/enqueue.ts")).registerEnqueue(p, creating(deps)),
  },
  { names: ["jobs"], register: async (p, deps) => (await import("./queue/jobs.ts")).registerJobs(p, deps) },
  {
    names: ["schedules"],
    register: async (p, deps) => (await import("./queue/schedules.ts")).registerSchedules(p, deps),
  },
  {
    names: ["approve", "reject", "modify"],
    register: async (p, deps) => (await import("./trading/approve.ts")).registerAnswers(p, deps),
  },
  {
    names: ["pause", "stop", "panic", "resume", "close", "reject-all", "keep-stop", "restore-stop", "adopt"],
    register: async (p, deps) => (await import("./trading/ownerCommands.ts")).registerOwnerCommands(p, deps),
  },
  {
    names: ["orders", "positions", "trades", "halts"],
    register: async (p, deps) => (await import("./trading/book.ts")).registerBook(p, deps),
  },
  {
    names: ["signals", "why"],
    register: async (p, deps) => (await import("./trading/signals.ts")).registerSignals(p, deps),
  },
  { names: ["status"], register: async (p, deps) => (await import("./trading/status.ts")).registerStatus(p, deps) },
  { names: ["alerts"], register: async (p, deps) => (await import("./trading/alerts.ts")).registerAlerts(p, deps) },
  { names: ["report"], register: async (p, deps) => (await import("./trading/report.ts")).registerReport(p, deps) },
  {
    names: ["events"],
    register: async (p, deps) => (await import("./setup/events.ts")).registerEvents(p, creating(deps)),
  },
  { names: ["predict"], register: async (p, deps) => (await import("./tools/predict.ts")).registerPredict(p, deps) },
  { names: ["config"], register: async (p, deps) => (await import("./setup/settings.ts")).registerSettings(p, deps) },
  { names: ["doctor"], register: async (p, deps) => (await import("./setup/doctor.ts")).registerDoctor(p, deps) },
  {
    names: ["backup", "restore"],
    register: async (p, deps) => (await import("./setup/backup.ts")).registerBackup(p, deps),
  },
  { names: ["gmo"], register: async (p, deps) => (await import("./tools/gmo.ts")).registerGmo(p, deps) },
  {
    names: ["simulator"],
    register: async (p, deps) => (await import("./tools/simulator.ts")).registerSimulator(p, deps),
  },
  {
    names: ["rehearse"],
    register: async (p, deps) => (await import("./tools/rehearse.ts")).registerRehearse(p, deps),
  },
  { names: ["audit"], register: async (p, deps) => (await import("./trading/audit.ts")).registerAudit(p, deps) },
];
