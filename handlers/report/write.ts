// Makes the text of report.html from the database and the facts only a replay knows: which days, which model, which
// prices.
import type { Config } from "../../lib/core/config.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import { projectVersion } from "../../lib/io/paths.ts";
import type { Manifest } from "../../models/manifest.ts";
import type { Reads } from "../../queue/types.ts";
import { renderReport } from "./html.ts";
import { collectReportData } from "./reportData.ts";
import type { ReplaySummary } from "./summary.ts";

/** The prices of the bundled days. */
const DERIVED_PRICES =
  "Prices: recorded Binance USDT candles times USD/JPY, rounded to the yen. They are not GMO Coin prices; at weekends the Friday rate is held. Orders, fills, fees and margin are those of the simulated venue.";
/** The prices of coins without candles of their own (docs/venue.md). */
const COIN_PRICES =
  "BTC and ETH follow the candles of their margin symbols times 0.9991. Fees below zero are maker rebates received.";

export const writeReplayReport = (
  read: Reads,
  facts: {
    /** First and last bar close that were evaluated. */
    readonly fromMs: EpochMs;
    readonly toMs: EpochMs;
    readonly config: Config;
    readonly model: { readonly manifest: Manifest };
    readonly summary: ReplaySummary;
    /** The source of the prices; default: the bundled ones. */
    readonly dataNote?: string;
  },
): string =>
  renderReport(
    collectReportData(read, {
      ...facts,
      model: facts.model.manifest,
      dataNote:
        facts.dataNote ?? (facts.config.PRODUCT === "spot" ? `${DERIVED_PRICES} ${COIN_PRICES}` : DERIVED_PRICES),
      version: projectVersion(),
    }),
  );
