// A small world with a bot: the queue, the venue and the database of world.ts, the real client over HTTP to a fake Bot
// API, and the owner with the phone. Each request to the Bot API is one more place to die.
import { storeRules } from "../../../handlers/market/storedRules.ts";
import { Bot, introduce } from "../../../handlers/telegram/bot.ts";
import { pumpOutbox } from "../../../handlers/telegram/enqueueDeliveries.ts";
import { telegramMessenger } from "../../../handlers/telegram/messenger.ts";
import { noTimers } from "../../../lib/io/gmo/timers.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import { createTelegramClient, type TelegramClient } from "../../../lib/io/telegram/client.ts";
import { SYMBOL_RULES } from "../../../lib/sim/engine/symbolRules.ts";
import type { Mortality } from "../mortal.ts";
import { World, type WorldOptions } from "../world.ts";
import { Owner } from "./owner.ts";
import { FakeTelegram, OWNER_ID, TOKEN } from "./server.ts";

const CALLS = [
  "getMe",
  "deleteWebhook",
  "setMyCommands",
  "getUpdates",
  "sendMessage",
  "sendPhoto",
  "editMessage",
  "answerTap",
] as const;

/** Every call is a place to die: before Telegram sees it, and after it has answered. */
const mortalClient = (client: TelegramClient, mortality: Mortality): TelegramClient => {
  const mortal = { ...client } as Record<string, unknown>;
  for (const name of CALLS)
    mortal[name] = async (...args: unknown[]) => {
      mortality.pass(`before ${name}`);
      try {
        return await (client[name] as (...a: unknown[]) => Promise<unknown>)(...args);
      } finally {
        if (!mortality.dead) mortality.pass(`after ${name}`);
      }
    };
  return mortal as unknown as TelegramClient;
};

export class Phone {
  readonly owner: Owner;
  bot!: Bot;
  #token = 0;

  private constructor(
    readonly telegram: FakeTelegram,
    readonly world: World,
    private readonly client: TelegramClient,
  ) {
    this.owner = new Owner(telegram);
    this.#begin();
  }

  static async start(options: Partial<WorldOptions> = {}, timeoutMs = 5_000): Promise<Phone> {
    const telegram = await FakeTelegram.start();
    const client = await createTelegramClient({ token: TOKEN, apiUrl: telegram.url, timeoutMs });
    const world = new World({
      btc: (s) => s.flat(120),
      ...options,
      config: { ...telegram.settings, ...options.config },
      messenger: (w) =>
        telegramMessenger({ client: mortalClient(client, w.mortality), chatId: OWNER_ID, locale: w.config.LOCALE }),
    });
    const phone = new Phone(telegram, world, client);
    world.db.transaction((tx) => {
      for (const rules of SYMBOL_RULES) storeRules(tx, rules);
    });
    return phone;
  }

  #begin(): void {
    const { db, store, clock, config, venue, mortality } = this.world;
    this.bot = new Bot({
      db,
      store,
      clock,
      config,
      venue,
      account: "paper",
      log: silentLogger(),
      timers: noTimers,
      client: mortalClient(this.client, mortality),
      newToken: () => {
        this.#token += 1;
        return `token${this.#token}`;
      },
      holdSeconds: 0,
    });
  }
  introduce(): Promise<void> {
    return introduce({ client: this.client, db: this.world.db, log: silentLogger() });
  }

  /**
   * One round of everything a worker does by itself: deliver, listen, edit. What Telegram refuses waits for a later
   * round.
   */
  async round(): Promise<number> {
    const { world } = this;
    pumpOutbox(world);
    let done = await world.worker.drain();
    const { lastUpdateMs, nextUpdateId } = world.db.read.telegram.state();
    await this.bot.inbox.step();
    world.mortality.assertAlive();
    const now = world.db.read.telegram.state();
    if (now.nextUpdateId !== nextUpdateId || now.lastUpdateMs !== lastUpdateMs) done += 1;
    return done + (await this.bot.refresh());
  }
  /** Rounds until nothing moves any more, without any time passing. */
  async settle(): Promise<void> {
    for (let i = 0; i < 50; i += 1) if ((await this.round()) === 0) return;
    throw new Error(`it does not come to rest: ${this.world.describe()}`);
  }
  /** Minutes of the world, with a look every few seconds, as a running worker takes it. */
  async pass(minutes: number, stepSeconds = 10): Promise<void> {
    for (let at = 0; at < minutes * 60; at += stepSeconds) {
      await this.world.advance(Math.min(stepSeconds, minutes * 60 - at) / 60);
      await this.round();
    }
    await this.settle();
  }
  /** kill -9 and a new process on the same files. */
  restart(options: { downMs?: number; killAt?: number } = {}): void {
    if (this.world.db.sql.open) this.world.crash();
    this.world.restart(options);
    this.#begin();
  }
  /** A proposal that has come to the phone. */
  async propose(spec: Parameters<World["propose"]>[0] = {}) {
    const proposal = this.world.propose(spec);
    await this.settle();
    return { proposal, message: this.telegram.message(new RegExp(proposal.id)) };
  }
  async close(): Promise<void> {
    this.world.close();
    await this.telegram.close();
  }
}
