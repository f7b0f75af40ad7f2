// A systemd-notify that writes down its arguments, one line per call: "SOCKET ASSIGNMENT ASSIGNMENT …".
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface FakeNotify {
  /** For PATH. */
  readonly path: string;
  readonly told: () => string[];
}

/** `waitsFor`: a file it waits for. `failsWhile`: while this file exists it prints its text and fails. */
export const fakeNotify = (dir: string, options: { waitsFor?: string; failsWhile?: string } = {}): FakeNotify => {
  const bin = join(dir, "bin");
  const log = join(dir, "notify.log");
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    join(bin, "systemd-notify"),
    [
      "#!/bin/sh",
      ...(options.waitsFor ? [`while [ ! -e '${options.waitsFor}' ]; do sleep 0.01; done`] : []),
      ...(options.failsWhile
        ? [`if [ -e '${options.failsWhile}' ]; then cat '${options.failsWhile}' >&2; exit 1; fi`]
        : []),
      `printf '%s\\n' "$NOTIFY_SOCKET $*" >> '${log}'`,
      "",
    ].join("\n"),
    { mode: 0o755 },
  );
  return {
    path: `${bin}:/usr/bin:/bin`,
    told: () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []),
  };
};
