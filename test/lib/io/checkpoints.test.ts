// A write of SQLite to a database file is told from one of another program.
import { mkdtempSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Checkpoints } from "../../../lib/io/checkpoints.ts";
import { openSqlite } from "../../../lib/io/sqlite.ts";

const path = (): string => join(mkdtempSync(join(tmpdir(), "checkpoints-")), "a.db");

test("truth 17: no checkpoint of any connection is taken for another program's write", () => {
  const step = fc.record({
    connection: fc.nat(1),
    work: fc.constantFrom("commit", "many", "PASSIVE", "FULL", "RESTART", "TRUNCATE", "read", "endRead"),
    look: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const file = path();
      const connections = [0, 1].map(() => openSqlite(file, { synchronous: "OFF", busyTimeoutMs: 0 }));
      const reader = openSqlite(file, { readonly: true });
      connections[0]!.exec("CREATE TABLE t (x)");
      for (const sql of connections) sql.pragma("wal_autocheckpoint = 5");
      const checkpoints = new Checkpoints(file);
      let pastMs = 1;
      for (const { connection, work, look } of steps) {
        const sql = connections[connection]!;
        if (work === "commit") sql.exec("INSERT INTO t VALUES (randomblob(100))");
        else if (work === "many") sql.exec("INSERT INTO t SELECT randomblob(3000) FROM (VALUES (1), (2), (3), (4))");
        else if (work === "read") {
          if (!reader.inTransaction) reader.exec("BEGIN; SELECT count(*) FROM t");
        } else if (work === "endRead") {
          if (reader.inTransaction) reader.exec("COMMIT");
        } else sql.pragma(`wal_checkpoint(${work})`);
        if (!look) continue;
        expect(checkpoints.look()).not.toBe("foreign");
        // A file's time is coarse: the next write of this test must show.
        pastMs += 1;
        utimesSync(file, pastMs, pastMs);
        checkpoints.look();
      }
      reader.close();
      for (const sql of connections) sql.close();
      checkpoints.end();
    }),
    { seed: 17, numRuns: 100 },
  );
}, 60_000);

test("truth 17: a file written over in place is told, also with the bytes it had", () => {
  const file = path();
  const sql = openSqlite(file);
  sql.exec("CREATE TABLE t (x); INSERT INTO t VALUES (1)");
  sql.pragma("wal_checkpoint(TRUNCATE)");
  const checkpoints = new Checkpoints(file);
  expect(checkpoints.look()).toBe("nothing");
  const bytes = readFileSync(file);
  writeFileSync(file, bytes);
  utimesSync(file, 1, 1);
  expect(checkpoints.look()).toBe("foreign");
  expect(checkpoints.look()).toBe("nothing");
  sql.exec("INSERT INTO t VALUES (2)");
  expect(checkpoints.look()).toBe("nothing");
  sql.pragma("wal_checkpoint");
  expect(checkpoints.look()).toBe("checkpoint");
  sql.close();
  checkpoints.end();
});
