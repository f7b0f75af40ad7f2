// A one-line progress bar on a terminal; silent when stderr is a file or a pipe, so that logs stay readable.
import { basename } from "node:path";
import { DAY_MS, type EpochMs, jstText } from "../../lib/core/time.ts";

import { realClock } from "../../lib/io/clock.ts";
import { type OnRead, readProgress } from "../../lib/io/readProgress.ts";

/** Shows on a terminal how much of a large file has been read. */
export const reading = (file: string): OnRead =>
  readProgress(process.stderr, basename(file), () => realClock.monotonicMs());

interface Progress {
  show(nowMs: EpochMs): void;
  /** Prints a line above the bar. */
  print(line: string, out: (text: string) => void): void;
  end(): void;
}

const WIDTH = 30;
const REDRAW_SHARE = 1 / 500;

export const progressLine = (stream: NodeJS.WriteStream, fromMs: EpochMs, toMs: EpochMs): Progress => {
  const live = stream.isTTY === true;
  let drawn = -1;
  let bar = "";
  const clear = (): void => {
    if (live && bar !== "") stream.write("\r\u001b[K");
  };
  return {
    show(nowMs) {
      const share = Math.min(1, Math.max(0, (nowMs - fromMs) / (toMs - fromMs)));
      if (!live || (share - drawn < REDRAW_SHARE && share < 1)) return;
      drawn = share;
      const filled = Math.round(share * WIDTH);
      bar = `${"█".repeat(filled)}${"░".repeat(WIDTH - filled)} ${String(Math.round(share * 100)).padStart(3)} %  ${jstText(nowMs)}  day ${Math.min(Math.ceil((toMs - fromMs) / DAY_MS), Math.floor((nowMs - fromMs) / DAY_MS) + 1)}`;
      stream.write(`\r\u001b[K${bar}`);
    },
    print(line, out) {
      clear();
      out(line);
      if (live && bar !== "") stream.write(bar);
    },
    end() {
      clear();
      bar = "";
    },
  };
};
