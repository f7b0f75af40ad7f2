// A process beside the worker, as a command is one: pushes jobs, answers parked ones, or holds the file's write lock.
import { appendFileSync } from "node:fs";
import { openDatabase } from "../../db/open.ts";
import { realClock } from "../../lib/io/clock.ts";
import { JobStore } from "../../queue/store.ts";
import { actorRegistry } from "./actorHandlers.ts";

export type PeerOrder = { readonly dbPath: string } & (
  | {
      readonly do: "push";
      readonly count: number;
      /** Gets "before N" and "acked N" around each enqueue. */
      readonly marksPath?: string;
      /** OFF: what an enqueue looks like that is not durable. */
      readonly synchronous?: "FULL" | "OFF";
    }
  | { readonly do: "answer"; readonly keys: readonly string[]; readonly as: string }
  | { readonly do: "lock"; readonly ms: number }
);

const run = async (order: PeerOrder): Promise<unknown> => {
  const synchronous = order.do === "push" ? (order.synchronous ?? "FULL") : "FULL";
  const db = openDatabase(order.dbPath, { synchronous, busyTimeoutMs: 30_000 });
  const store = new JobStore(db, actorRegistry(db), realClock);
  try {
    switch (order.do) {
      case "push": {
        const mark = (text: string) => order.marksPath && appendFileSync(order.marksPath, `${text}\n`);
        for (let i = 0; i < order.count; i += 1) {
          mark(`before ${i}`);
          store.enqueue({ name: "plain", key: `pushed-${i}`, input: {} });
          mark(`acked ${i}`);
        }
        return "pushed";
      }
      case "answer":
        return order.keys.map((key) =>
          store.resolveParked({ name: "ask", key, next: [{ name: "plain", key: `${key}:${order.as}`, input: {} }] }),
        );
      case "lock":
        db.sql.exec("BEGIN IMMEDIATE");
        process.send?.("locked");
        await new Promise((resolve) => setTimeout(resolve, order.ms));
        db.sql.exec("ROLLBACK");
        return "unlocked";
    }
  } finally {
    db.close();
  }
};

process.once("message", (order: PeerOrder) => {
  run(order).then(
    (result) => process.send?.(result, () => process.disconnect?.()),
    (error: unknown) => {
      process.stderr.write(`${(error as Error).stack}\n`);
      process.exit(1);
    },
  );
});
process.send?.("loaded");
