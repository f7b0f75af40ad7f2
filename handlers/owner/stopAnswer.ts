// The answer to a moved stop (book/stopQuestions.ts): it is in force since it was requested; here it is carried out and
// seen at the venue. Ours returns by the exit rules, like every stop that moves.
import type { OwnerCommand } from "../../db/tables/ownerCommands.ts";
import { isLive } from "../../lib/core/order.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { yenText } from "../../lib/core/text/format.ts";
import { readTradeCtx } from "../book/tradeCtx.ts";
import { finishIfFlat } from "../book/tradeEnd.ts";
import type { AppCtx, AppOutcome } from "../context.ts";
import { manageExits } from "../protection/manageExits.ts";
import { finish, waitOn } from "./commandResult.ts";
import { seenLines, stillHaltedLines } from "./text.ts";
import { takeSnapshot } from "./venueSnapshot.ts";

export const answerStop = async (ctx: AppCtx, command: OwnerCommand): Promise<AppOutcome> => {
  const left: string[] = [];
  for (const tradeId of command.args.tradeIds ?? []) {
    const t = readTradeCtx(ctx, tradeId);
    await manageExits(t);
    finishIfFlat(t);
    for (const leg of t.legs()) {
      const stop = leg.orders.findLast(isLive);
      const isThere = stop?.state === "open" && stop.cancelAskedMs === undefined;
      // A leg that closes, or takes its profit, has no stop to wait for.
      if (leg.open === 0n || (isThere && stop.intent.purpose !== "stop")) continue;
      if (!isThere || stop.intent.plannedPrice !== leg.stop)
        left.push(`the stop of trade ${tradeId} is not at ${yenText(leg.stop)} yet`);
    }
  }
  if (left.length > 0) return waitOn(ctx, command, left, [], false);
  const { LOCALE: locale } = ctx.config;
  const seen = await takeSnapshot(ctx);
  const t = textsOf(locale).owner;
  return finish(ctx, command, (tx) => ({
    outcome: "done",
    lines: [
      ...(command.command === "keepStop" ? [t.stopKept] : []),
      ...seenLines(locale, seen, []),
      ...stillHaltedLines(locale, tx.halts.active(ctx.clock.nowMs())),
    ],
    seen,
  }));
};
