// Makes the text of report.html from the database and the facts only a replay knows: which days, which model, which
// prices.
import type { Config } from "../../lib/core/config.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import { projectVersion } from "../../lib/io/paths.ts";
import type { Manifest } from "../../models/manifest.ts";
import type { Reads } from "../../queue/types.ts";
import { renderReport } from "./html.ts";
import { collectReportData } from "./reportData.ts";
import { dataNote, methodNote, type ReplayRun } from "./run.ts";
import type { ReplaySummary } from "./summary.ts";

export const writeReplayReport = (
  read: Reads,
  facts: {
    /** First and last bar close that were evaluated. */
    readonly fromMs: EpochMs;
    readonly toMs: EpochMs;
    readonly config: Config;
    readonly model: { readonly manifest: Manifest };
    readonly summary: ReplaySummary;
    readonly run: ReplayRun;
  },
): string =>
  renderReport(
    collectReportData(read, {
      ...facts,
      model: facts.model.manifest,
      dataNote: dataNote(facts.run),
      method: methodNote(facts.run),
      version: projectVersion(),
    }),
  );
