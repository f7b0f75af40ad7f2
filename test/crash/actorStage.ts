// What the tests with single named processes stand on: one file, the test's own connection to it, and the processes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type Database, openDatabase } from "../../db/open.ts";
import { realClock } from "../../lib/io/clock.ts";
import { type JobDetails, JobStore } from "../../queue/store.ts";
import { until } from "../queue/world.ts";
import { type ActorOrder, actorRegistry } from "./actorHandlers.ts";
import { buildProgram } from "./build.ts";
import { Child, type ChildOptions } from "./child.ts";
import type { PeerOrder } from "./queuePeer.ts";

/** For "long before its lease ends": a lease that no test lives to see. */
export const LONG_LEASE_MS = 3_600_000;
type ActorChanges = Partial<Omit<ActorOrder, "dbPath" | "bootId">> & ChildOptions;
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export class ActorStage {
  dir = "";
  db!: Database;
  store!: JobStore;
  readonly children: Child[] = [];
  #builds: Record<string, ReturnType<typeof buildProgram>> = {};

  /** `makeDir` and `dropDir`: where the file lives; default a folder in the temp folder. */
  constructor(makeDir = (): string => mkdtempSync(join(tmpdir(), "actors-")), dropDir = (_: string): void => {}) {
    beforeAll(() => {
      for (const name of ["queueActor", "queuePeer"]) this.#builds[name] = buildProgram(`test/crash/${name}.ts`);
    });
    afterAll(() => {
      for (const { dir } of Object.values(this.#builds)) rmSync(dir, { recursive: true, force: true });
    });
    beforeEach(() => {
      this.dir = makeDir();
      this.db = openDatabase(join(this.dir, "test.db"));
      this.store = new JobStore(this.db, actorRegistry(this.db), realClock);
    });
    afterEach(async () => {
      for (const child of this.children) child.process.kill("SIGKILL");
      await Promise.all(this.children.splice(0).map((child) => child.ended));
      this.db.close();
      dropDir(this.dir);
      rmSync(this.dir, { recursive: true, force: true });
    });
  }

  #actor({ under, env, ...changes }: ActorChanges): [Child, ActorOrder] {
    const child = new Child(this.#builds["queueActor"]!.program, {
      ...(under ? { under } : {}),
      ...(env ? { env } : {}),
    });
    // Its boot id is its place among the children.
    const bootId = `actor-${this.children.push(child) - 1}`;
    return [child, { dbPath: this.db.path, bootId, leaseMs: LONG_LEASE_MS, ...changes }];
  }
  async start(changes: ActorChanges = {}): Promise<Child> {
    const [child, order] = this.#actor(changes);
    await this.#running(child, order);
    return child;
  }
  /** Until it hears signals and has its row in workers, or has died of its first job. */
  async #running(child: Child, order: ActorOrder): Promise<void> {
    let ended = false;
    void child.ended.then(() => {
      ended = true;
    });
    await child.order(order);
    await until(() => ended || child.messages.includes("running"));
  }
  /** Two workers, both running. */
  async startBoth(changes: ActorChanges = {}): Promise<readonly [Child, Child]> {
    const both = [this.#actor(changes), this.#actor(changes)] as const;
    await Promise.all(both.map(([child, order]) => this.#running(child, order)));
    return [both[0][0], both[1][0]];
  }
  /** A process of commands, loaded and waiting for its order. */
  peer(options: ChildOptions = {}): Child {
    const child = new Child(this.#builds["queuePeer"]!.program, options);
    this.children.push(child);
    return child;
  }
  /** Sends the order; resolves with the process's last word once it has ended. */
  async command(peer: Child, order: Without<PeerOrder, "dbPath">): Promise<unknown> {
    await peer.order({ dbPath: this.db.path, ...order });
    expect(await peer.ended, peer.errors).toEqual({ code: 0, signal: null });
    return peer.messages.at(-1);
  }
  /** The child that runs the job. */
  holderOf(id: number): Child {
    return this.children[Number(this.store.show(id).job.worker?.split("-")[1])]!;
  }
  async kill(child: Child): Promise<void> {
    child.process.kill("SIGKILL");
    expect((await child.ended).signal).toBe("SIGKILL");
  }
  enqueue(name: string, key = "1", input: object = {}): number {
    return this.store.enqueue({ name, key, input }).id;
  }
  show(id: number): JobDetails {
    return this.store.show(id);
  }
  state(id: number): string {
    return this.store.show(id).job.state;
  }
  count(sql: string): number {
    return this.db.sql.prepare<[], number>(sql).pluck().get() ?? 0;
  }
  effects(id: number): readonly { readonly fence: number; readonly kind: string }[] {
    return this.db.sql
      .prepare<[number], { fence: number; kind: string }>(
        "SELECT fence, kind FROM crash_effects WHERE job_id = ? ORDER BY id",
      )
      .all(id);
  }
}
