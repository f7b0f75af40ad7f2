// A real worker process on a public API on loopback, ten seconds after a bar close whatever the time of day, and what a
// test does around it: look into its file, wait for something there, have the last bar judged.
import { join } from "node:path";
import { expect } from "vitest";
import { type Database, openDatabase } from "../../db/open.ts";
import { barOpen } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import { compiled } from "../compiled.ts";
import { type PublicServer, startPublicServer } from "../sim/publicServer.ts";
import { shiftedClock, untilBarClose } from "./shiftedClock.ts";
import { type Ended, type Running, startTrader, tempFolder, traderHere } from "./trader.ts";

// Every gate open: these tests start from a proposal and must not depend on the wall clock.
export const OPEN_GATES = {
  LONG_MIN_CONFIDENCE: "0",
  SHORT_MIN_CONFIDENCE: "1",
  CONFIDENCE_RANK: "1",
  MAX_SPREAD_BPS: "1000",
  MIN_VOLUME_RATIO: "0",
  AVOID_NEWS_TIME: "false",
  MARGIN_ROLLOVER: "charge",
  MAINTENANCE_LEAD_HOURS: "0",
  ENTRY_BAND_PCT: "0.05",
  QUOTE_POLL_SECONDS: "1",
};
export class PaperWorker {
  readonly cwd = tempFolder();
  running: Running | undefined;
  /** Open for the whole test: it is asked many times a second. */
  #looking: Database | undefined;
  private constructor(
    readonly server: PublicServer,
    readonly aheadMs: number,
    readonly settings: Readonly<Record<string, string>>,
  ) {}
  static async prepare(settings: Readonly<Record<string, string>> = {}): Promise<PaperWorker> {
    const aheadMs = untilBarClose();
    return new PaperWorker(await startPublicServer(shiftedClock(aheadMs)), aheadMs, settings);
  }
  get env(): Record<string, string> {
    return { ...OPEN_GATES, GMO_PUBLIC_URL: this.server.url, GMO_PUBLIC_PER_SECOND: "1000", ...this.settings };
  }
  async start(settings: Record<string, string> = {}): Promise<Running> {
    const { cwd, aheadMs } = this;
    const env = { ...this.env, ...settings };
    const running = startTrader([join(cwd, "var"), String(aheadMs)], {
      cwd,
      env,
      program: [compiled("test/e2e/workerChild.ts")],
    });
    this.running = running;
    await running.saying("worker started");
    return running;
  }
  /** A command beside the worker, in this process: it shares nothing with the worker but the file. */
  cli(...args: string[]): Promise<Ended> {
    return traderHere([...args, "--var", join(this.cwd, "var"), "--json"], this.env);
  }
  query<T>(sql: string): T[] {
    this.#looking ??= openDatabase(join(this.cwd, "var", "trader.db"), { readonly: true });
    return this.#looking.sql.prepare(sql).all() as T[];
  }
  /** Waits for a condition; polling it is what a person with `trader status` does. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const deadline = realClock.monotonicMs() + 45_000;
    while (!condition()) {
      if (realClock.monotonicMs() > deadline) throw new Error(`waited in vain for: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  async judgeLastBar(symbol = "BTC_JPY"): Promise<void> {
    const done = "SELECT count(*) AS n FROM jobs WHERE name = 'collectHistory' AND state = 'done'";
    await this.until("the history", () => (this.query<{ n: number }>(done)[0]?.n ?? 0) >= 2);
    const tickMs = barOpen(shiftedClock(this.aheadMs).nowMs()) + 5_000;
    const enqueued = await this.cli(
      "enqueue",
      "fetchMarket",
      JSON.stringify({ symbol, tickMs }),
      "--key",
      `test:${symbol}`,
    );
    expect(`${enqueued.code} ${enqueued.stderr}`).toBe("0 ");
  }
  async close(): Promise<void> {
    this.running?.child.kill("SIGKILL");
    await this.running?.ended;
    this.#looking?.close();
    await this.server.close();
  }
}
