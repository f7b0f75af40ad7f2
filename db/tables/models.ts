// models: which model is champion. At most one; the row pins the manifest's checksum.
import type { EpochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface ModelRow {
  readonly id: string;
  readonly role: "champion" | "shadow" | "retired";
  readonly featureSet: string;
  readonly manifestSha256: string;
  readonly dataEndMs: EpochMs;
}
export const modelReads = (sql: Sqlite) => {
  const champion = sql.prepare<
    [],
    { id: string; role: ModelRow["role"]; feature_set: string; manifest_sha256: string; data_end_ms: EpochMs }
  >("SELECT * FROM models WHERE role = 'champion'");
  return {
    champion(): ModelRow | undefined {
      const row = champion.get();
      return (
        row && {
          id: row.id,
          role: row.role,
          featureSet: row.feature_set,
          manifestSha256: row.manifest_sha256,
          dataEndMs: row.data_end_ms,
        }
      );
    },
  };
};
export const modelWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    "INSERT INTO models (id, role, feature_set, manifest_sha256, data_end_ms, registered_ms) VALUES (?, 'champion', ?, ?, ?, ?)",
  );
  return {
    registerChampion: (m: Omit<ModelRow, "role">, atMs: EpochMs): void =>
      void insert.run(m.id, m.featureSet, m.manifestSha256, m.dataEndMs, atMs),
  };
};
