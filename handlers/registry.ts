// Every handler of the system, in the order of the chain. `trader enqueue NAME JSON` can run any of them ad hoc.
import { registryOf } from "../queue/registry.ts";
import { answerByScript } from "./answerByScript.ts";
import { awaitApproval } from "./awaitApproval.ts";
import { checkApi } from "./checkApi.ts";
import { collectHistory } from "./collectHistory.ts";
import { computeFeatures } from "./computeFeatures.ts";
import { dailyReport } from "./dailyReport.ts";
import { execute } from "./execute.ts";
import { fetchMarket } from "./fetchMarket.ts";
import { filter } from "./filter.ts";
import { labelSignals } from "./labelSignals.ts";
import { monthlyReport } from "./monthlyReport.ts";
import { notify } from "./notify.ts";
import { ownerCommand } from "./ownerCommand.ts";
import { placeProtectiveOrders } from "./placeProtectiveOrders.ts";
import { predict } from "./predict.ts";
import { pruneJobs } from "./pruneJobs.ts";
import { reconcile } from "./reconcile.ts";
import { repropose } from "./repropose.ts";
import { sendTelegram } from "./sendTelegram.ts";
import { watchEntry } from "./watchEntry.ts";
import { watchPosition } from "./watchPosition.ts";
import { weeklyReport } from "./weeklyReport.ts";

export const handlers = [
  fetchMarket,
  computeFeatures,
  predict,
  filter,
  notify,
  awaitApproval,
  execute,
  repropose,
  watchEntry,
  placeProtectiveOrders,
  watchPosition,
  labelSignals,
  dailyReport,
  weeklyReport,
  monthlyReport,
  reconcile,
  ownerCommand,
  checkApi,
  collectHistory,
  pruneJobs,
  sendTelegram,
  answerByScript,
] as const;

export const registry = registryOf(handlers);
