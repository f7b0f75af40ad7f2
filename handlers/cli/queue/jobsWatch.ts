// `trader jobs watch`: a live view of the queue. On a terminal it redraws in place and restores the screen at its end;
// elsewhere it prints a frame per interval. It only reads, and between two frames it holds only an idle connection.
import type { Command } from "commander";
import { UsageError } from "../../../lib/core/errors.ts";
import { SECOND_MS } from "../../../lib/core/time.ts";
import { frameJson } from "../json/frame.ts";
import { type Common, type JobsDeps, withCommon } from "../queueOptions.ts";
import { cutTo, openScreen, sleepOrAbort, untilInterrupted } from "../terminal.ts";
import { type Frame, frameLines, gatherFrame } from "./watchFrame.ts";

interface WatchOptions extends Common {
  readonly interval: string;
  readonly once?: boolean;
}
const LONGEST_INTERVAL_S = 3_600;
/** Reading a frame of a large file takes time: reading takes at most a fifth of the time. */
const REST_PER_WORK = 4;

export const registerWatch = (jobs: Command, deps: JobsDeps): void => {
  withCommon(jobs, "watch", "live view: counts, workers, what runs, failures, next ticks; Ctrl+C ends it")
    .option("--interval <seconds>", "time between two frames", "2")
    .option("--once", "one frame, then end")
    .action((options: WatchOptions) => watch(options, deps));
};

/** Throws UsageError unless the text is a number of seconds from 0.1 to an hour. */
const intervalMs = (text: string): number => {
  const seconds = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds < 0.1 || seconds > LONGEST_INTERVAL_S)
    throw new UsageError(
      `--interval: expected seconds from 0.1 to ${LONGEST_INTERVAL_S}, found ${JSON.stringify(text)}`,
    );
  return Math.round(seconds * SECOND_MS);
};

const watch = async (options: WatchOptions, deps: JobsDeps): Promise<void> => {
  const everyMs = intervalMs(options.interval);
  const sleep = deps.sleep ?? sleepOrAbort;
  const state = deps.look(options.var === undefined ? {} : { var: options.var });
  const live = !options.once && !options.json;
  const interruption = (deps.interruption ?? untilInterrupted)();
  const screen = live && deps.terminal ? openScreen(deps.terminal) : undefined;
  let frame: Frame | undefined;
  const show = (): void => {
    if (!frame) return;
    if (options.json) deps.out(JSON.stringify(frameJson(frame)));
    else {
      // As on the screen, the last column stays free.
      const width = deps.terminal && deps.terminal.columns() - 1;
      const lines = frameLines(frame, width);
      if (screen) screen.draw(lines);
      else deps.out(lines.map((line) => (width === undefined ? line.text : cutTo(line.text, width))).join("\n"));
    }
  };
  const deaf = screen ? deps.terminal?.onResize(show) : undefined;
  try {
    for (let first = true; !interruption.signal.aborted; first = false) {
      if (!first && !screen && !options.json) deps.out("");
      const startMs = state.clock.monotonicMs();
      frame = gatherFrame(state);
      show();
      if (options.once) return;
      await sleep(Math.max(everyMs, (state.clock.monotonicMs() - startMs) * REST_PER_WORK), interruption.signal);
    }
  } finally {
    deaf?.();
    screen?.close();
    state.close();
    interruption.release();
  }
};
