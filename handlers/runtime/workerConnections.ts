// The worker's second step: the venue and the account (sides.ts), the messenger, the Telegram
// bot, and the system built around them. Nothing runs yet.

import type { Config } from "../../lib/core/config.ts";
import { midOf } from "../../lib/core/plausible.ts";
import { symbolsOf } from "../../lib/core/product.ts";
import { SECOND_MS } from "../../lib/core/time.ts";
import { type Clock, realClock, steadyClock } from "../../lib/io/clock.ts";
import { realTimers, type Timers } from "../../lib/io/gmo/timers.ts";
import type { Logger } from "../../lib/io/logger.ts";
import { entropyHex, seededRandom } from "../../lib/io/random.ts";
import { createTelegramClient } from "../../lib/io/telegram/client.ts";
import { type Health, worstHealth } from "../../queue/health.ts";
import type { Database } from "../../queue/types.ts";
import type { Messenger } from "../context.ts";
import { fenceOf } from "../risk/fenceHalt.ts";
import { Bot, claimBot, ownersOf } from "../telegram/bot.ts";
import { telegramMessenger } from "../telegram/messenger.ts";
import type { Account } from "./account.ts";
import type { Closing } from "./closing.ts";
import { createSystem, type System } from "./createSystem.ts";
import type { Say } from "./shutdown.ts";
import { liveSide, paperSide } from "./sides.ts";
import type { Folder } from "./workerFolder.ts";

/** Handlers at once: two chains, one entry, protection and a report side by side. */
const CONCURRENCY = 4;

export interface Connections {
  readonly system: System;
  readonly account: Account;
  /** undefined: the settings name no bot. */
  readonly bot: Bot | undefined;
  readonly bootId: string;
  /** Delivers to the owner without the outbox. */
  readonly messenger: Messenger;
  /** One more part whose health is the worker's. */
  readonly addHealth: (health: () => Health) => void;
}

/** Jobs that wait for a time are woken when the clock was set back: that time is further away now. */
const heldClock = (db: Database, log: Logger, wakeAll: () => void): Clock =>
  steadyClock(realClock, {
    floorMs: db.read.audit.last()?.atMs,
    onSetBack: (byMs) => {
      log.error({ byMs }, "clock.setBack");
      try {
        wakeAll();
      } catch (error) {
        log.error({ err: error }, "clock.wakeFailed");
      }
    },
  });

export const connect = async (
  closing: Closing,
  folder: Folder,
  p: {
    readonly config: Config;
    readonly say: Say;
    readonly clock: Clock | undefined;
    readonly timers: Timers | undefined;
  },
): Promise<Connections> => {
  const { db, log } = folder;
  const { config } = p;
  let wakeAll = (): void => {};
  const clock = p.clock ?? heldClock(db, log, () => wakeAll());
  const { venue, account } = (config.MODE === "live" ? liveSide : paperSide)({
    closing,
    folder,
    config,
    clock,
    timers: p.timers ?? realTimers,
    gmo: {
      clock,
      log,
      timers: p.timers ?? realTimers,
      quoteMaxAgeMs: config.QUOTE_MAX_AGE_SECONDS * SECOND_MS,
      knownPrices: symbolsOf(config.PRODUCT).flatMap((symbol) => {
        const quote = db.read.quotes.newest(symbol);
        return quote === undefined ? [] : [{ symbol, price: midOf(quote.bid, quote.ask), atMs: quote.seenMs }];
      }),
      onRefusedReply: (evidence) => {
        try {
          db.transaction((tx) =>
            tx.audit.append({
              atMs: clock.nowMs(),
              kind: "venue.replyRefused",
              actor: "worker",
              data: { ...evidence },
            }),
          );
        } catch (error) {
          log.error({ err: error }, "venue.replyNotKept");
        }
      },
      ...fenceOf({ db, clock, config, log }),
      pace: { publicPerSecond: config.GMO_PUBLIC_PER_SECOND },
    },
  });
  const telegram = await telegramParts(config);
  const messenger = telegram?.messenger ?? logMessenger(p.say);
  const bootId = entropyHex();
  const healths: (() => Health)[] = [account.health];
  const system = createSystem({
    db,
    clock,
    config,
    venue,
    overStream: account.overStream,
    hears: account.hears,
    model: folder.model,
    messenger,
    account: account.mode,
    pollMs: config.QUOTE_POLL_SECONDS * SECOND_MS,
    log,
    bootId,
    random: seededRandom(bootId),
    concurrency: CONCURRENCY,
    virtual: false,
    health: () => worstHealth(...healths),
  });
  wakeAll = () => void system.store.wakeAll();
  if (telegram === undefined) claimBot(db, 0);
  const bot =
    telegram &&
    new Bot({
      db,
      store: system.store,
      clock,
      config,
      venue,
      log,
      client: telegram.client,
      account: account.mode,
      timers: realTimers,
      newToken: () => entropyHex(),
    });
  closing.add(() => bot?.stop());
  if (bot) healths.push(() => bot.health());
  return { system, account, bot, bootId, messenger, addHealth: (health) => void healths.push(health) };
};

/** Client and messenger, when the settings name a bot. */
const telegramParts = async (config: Config) => {
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_API_URL: apiUrl, LOCALE: locale } = config;
  const owners = ownersOf(config);
  if (token === undefined || owners === undefined) return undefined;
  const client = await createTelegramClient({ token, apiUrl });
  return { client, messenger: telegramMessenger({ client, chatId: owners.chatId, locale }) };
};
/**
 * Without Telegram, messages go to the terminal (under systemd: the journal); the owner answers with `trader approve`.
 */
const logMessenger = (say: Say): Messenger => ({
  async deliver(message) {
    say(
      { event: "message", kind: message.kind, proposalId: message.proposalId ?? null, text: message.text },
      message.text,
    );
    return { kind: "delivered" };
  },
});
