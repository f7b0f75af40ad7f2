// Spot as a user runs it: one recorded day through every handler, the book equal to the venue, and a folder that keeps
// its product.
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { lastJson, tempFolder, traderHere } from "./trader.ts";

const DAY = ["--from", "2025-08-11T21:00:00Z", "--days", "1"] as const;

test("a day of spot: long only, coins sold again, rebates and fees counted, and the folder refuses margin afterwards", async () => {
  const folder = join(tempFolder(), "spot");
  const ended = await traderHere(["start", ...DAY, "--var", folder, "--json"], { PRODUCT: "spot" });
  expect(`${ended.code} ${ended.stderr.replace(/^replaying.*$/m, "").trim()}`).toBe("0 ");
  const summary = lastJson<Record<string, number>>(ended);
  expect(summary).toMatchObject({
    bars: 2 * 96,
    openPositions: 0,
    barePositions: 0,
    duplicateOrders: 0,
    ledgerMatchesVenue: true,
    jobsDead: 0,
  });
  expect(summary["trades"]).toBeGreaterThan(0);
  expect(summary["equityEndJpy"]).toBeCloseTo(1_000_000 + (summary["netPnlJpy"] ?? 0), 6);
  const db = openDatabase(join(folder, "trader.db"), { readonly: true });
  try {
    const rows = <T>(sql: string): T[] => db.sql.prepare(sql).pluck().all() as T[];
    expect(rows("SELECT DISTINCT symbol FROM signals ORDER BY symbol")).toEqual(["BTC", "ETH"]);
    expect(rows("SELECT DISTINCT direction FROM trades")).toEqual(["long"]);
    expect(rows<number>("SELECT min(fee_e8) FROM executions")[0]).toBeLessThan(0);
    expect(db.read.audit.firstBroken()).toBeUndefined();
  } finally {
    db.close();
  }
  const margin = await traderHere(["start", "--var", folder]);
  expect(margin.code).toBe(2);
  expect(margin.stderr).toContain("PRODUCT_MISMATCH: expected a database of PRODUCT=margin");
}, 120_000);
