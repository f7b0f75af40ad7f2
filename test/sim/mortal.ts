// A process that can die at any durable step: before or after a commit, before or after a request reaches the venue.
// Each life counts its steps; once dead, nothing of it works any more.
import { Database, type Tx } from "../../db/open.ts";
import type { Transport, TransportReply } from "../../lib/io/gmo/transport.ts";

/** Thrown where the process "dies"; nothing of this life works after it. */
export class Death extends Error {
  override readonly name = "Death";
}

/** Counts the durable steps of one life and ends it at one of them. */
export class Mortality {
  step = 0;
  dead = false;
  readonly story: string[] = [];
  constructor(readonly killAt: number = Number.POSITIVE_INFINITY) {}
  pass(point: string): void {
    this.assertAlive();
    this.step += 1;
    this.story.push(point);
    if (this.step !== this.killAt) return;
    this.dead = true;
    throw new Death(`died at step ${this.step}: ${point}`);
  }
  assertAlive(): void {
    if (this.dead) throw new Death("dead already");
  }
}

export class MortalDatabase extends Database {
  readonly #changes;
  constructor(
    sql: ConstructorParameters<typeof Database>[0],
    path: string,
    private readonly mortality: Mortality,
    private readonly onCommit: () => void,
  ) {
    super(sql, path);
    this.#changes = sql.prepare<[], number>("SELECT total_changes()").pluck();
  }
  override transaction<T>(work: (tx: Tx) => T): T {
    if (this.sql.inTransaction) return super.transaction(work);
    this.mortality.assertAlive();
    const before = this.#changes.get();
    let wrote = false;
    const result = super.transaction((tx) => {
      const value = work(tx);
      wrote = this.#changes.get() !== before;
      if (wrote) this.mortality.pass("before commit");
      return value;
    });
    if (wrote) {
      this.mortality.pass("after commit");
      this.onCommit();
    }
    return result;
  }
}

/** Every POST is a place to die: before the venue sees it, and after it has answered and committed. */
export const mortalTransport = (
  inner: Transport,
  mortality: Mortality,
  onRequest: (what: string) => void | Promise<void>,
  onReply: (what: string, reply: TransportReply) => TransportReply = (_, reply) => reply,
): Transport => ({
  send: async (request) => {
    const post = request.method === "POST";
    const what = `${request.method} ${request.path}`;
    if (post) mortality.pass(`before ${what}`);
    else mortality.assertAlive();
    await onRequest(what);
    try {
      return onReply(what, await inner.send(request));
    } finally {
      if (post) mortality.pass(`after ${what}`);
    }
  },
});
