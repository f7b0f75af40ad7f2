// The real worker on an exchange whose public API repeats what it said two hours ago: red everywhere, and green again when
// the data are fresh.
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HOUR_MS } from "../../lib/core/time.ts";
import { openSqlite } from "../../lib/io/sqlite.ts";
import { type PublicServer, startPublicServer } from "../sim/publicServer.ts";
import { shiftedClock } from "./shiftedClock.ts";
import { lastJson, type Running, startTrader, tempFolder, trader } from "./trader.ts";

let cwd: string;
let running: Running | undefined;
let server: PublicServer | undefined;
beforeEach(() => {
  cwd = tempFolder();
});
afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.ended;
  running = undefined;
  await server?.close();
});

test("truth 1: on an API two hours behind, health, status --check and doctor are red and name the age", async () => {
  server = await startPublicServer(shiftedClock(-2 * HOUR_MS));
  const env = { GMO_PUBLIC_URL: server.url, GMO_PUBLIC_PER_SECOND: "1000", QUOTE_POLL_SECONDS: "1" };
  running = startTrader(["worker", "--var", "var", "--json"], { cwd, env });
  await running.saying("the exchange gives no prices (QUOTE_OLD");
  await running.saying('"event":"health","ok":false,"why":"NO PRICES of');
  const status = lastJson<{ health: { light: string; why: string }; problems: string[] }>(
    await trader(["status", "--var", "var", "--json"], { cwd }),
  );
  expect(status.health).toMatchObject({ light: "red", why: expect.stringMatching(/NO PRICES of .*7\d{3}\.\d s old/) });
  expect(status.problems.join()).toMatch(/NO PRICES/);
  expect((await trader(["status", "--check", "--var", "var"], { cwd })).code).toBe(1);
  // The paper account has seen no price.
  const venue = openSqlite(join(cwd, "var", "venue.db"), { readonly: true });
  expect(venue.prepare("SELECT count(*) FROM quotes").pluck().get()).toBe(0);
  venue.close();
  const doctor = await trader(["doctor", "--var", "var"], { cwd });
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toMatch(/FAIL {2}prices +expected fresh prices, found NO PRICES/);
});
