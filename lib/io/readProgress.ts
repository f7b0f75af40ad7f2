// One line on a terminal while a large file is read, cleared at the end; silent where stderr is a file or a pipe.

/** Called with the share read so far, 0 to 1, now and then. 1 ends the line. */
export type OnRead = (share: number) => void;

interface Line {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const EVERY_MS = 200;

/** `nowMs`: a clock that never goes back. Nothing is shown of a file that is read within a fifth of a second. */
export const readProgress = (stream: Line, name: string, nowMs: () => number): OnRead => {
  let shownMs = nowMs();
  let isShown = false;
  return (share) => {
    if (stream.isTTY !== true) return;
    if (share >= 1) {
      if (isShown) stream.write("\r\u001b[K");
      isShown = false;
      return;
    }
    if (nowMs() - shownMs < EVERY_MS) return;
    shownMs = nowMs();
    isShown = true;
    stream.write(`\r\u001b[Kreading ${name} ${String(Math.floor(share * 100)).padStart(2)} %`);
  };
};
