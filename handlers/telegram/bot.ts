// The bot of a running worker: sets its menu, polls, and keeps the messages of proposals up to date. The queue sends
// messages (handlers/sendTelegram.ts). All its durable state is in the database, so it can be killed at any moment.
import type { Config } from "../../lib/core/config.ts";
import { AppError } from "../../lib/core/errors.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { LOCALES } from "../../lib/core/text/locale.ts";
import { SECOND_MS } from "../../lib/core/time.ts";
import type { TelegramClient } from "../../lib/io/telegram/client.ts";
import { TelegramFailure } from "../../lib/io/telegram/failure.ts";
import type { Health } from "../../queue/health.ts";
import type { Database } from "../../queue/types.ts";
import { requestCommand } from "../owner/requestCommand.ts";
import type { BotParts } from "./actions.ts";
import { COMMANDS } from "./commands.ts";
import { dispatch, giveUp } from "./dispatch.ts";
import { telegramHealth } from "./health.ts";
import { Inbox } from "./inbox.ts";
import { refreshMessages } from "./refresh.ts";
import type { Owners } from "./updates.ts";

const REFRESH_EVERY_MS = SECOND_MS;
const INTRODUCE_AGAIN_MS = 30 * SECOND_MS;

interface RunningBotParts extends Omit<BotParts, "request"> {
  readonly client: TelegramClient;
  /** Default 25 s. */
  readonly holdSeconds?: number;
}

/** Chat and user ids from the settings; undefined: no bot is configured. */
export const ownersOf = (config: Config): Owners | undefined => {
  const { TELEGRAM_CHAT_ID: chatId, TELEGRAM_USER_IDS: userIds } = config;
  return chatId === undefined || config.TELEGRAM_BOT_TOKEN === undefined
    ? undefined
    : { chatId, userIds: userIds ?? [chatId] };
};

/** Stores which bot this database polls; 0: none. Update ids of another bot have no meaning here. */
export const claimBot = (db: Database, botId: number): void =>
  db.transaction((tx) => {
    if (tx.telegram.state().botId !== botId) tx.telegram.startWithBot(botId);
  });

export class Bot {
  readonly inbox: Inbox;
  readonly #stop = new AbortController();
  #running: Promise<unknown> | undefined;
  readonly #startedMs;

  constructor(private readonly o: RunningBotParts) {
    const owners = ownersOf(o.config);
    if (owners === undefined) throw new AppError("permanent", "TELEGRAM_OFF", "expected a bot token and a chat id");
    const { owner } = textsOf(o.config.LOCALE);
    const request: BotParts["request"] = (r) => ({ text: owner.asked(requestCommand(o, r).asked) });
    const parts = { ...o, request };
    this.inbox = new Inbox({
      ...o,
      owners,
      handle: (incoming, signal) => dispatch(parts, incoming, signal),
      giveUp: (incoming, why) => giveUp(parts, incoming, why),
    });
    this.#startedMs = o.clock.nowMs();
    claimBot(o.db, o.client.botId);
  }

  start(): void {
    const { signal } = this.#stop;
    this.#running ??= Promise.all([this.#introduce(signal), this.inbox.run(signal), this.#refresh(signal)]);
  }
  /** Ends the open poll; an update being handled is finished first. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
  health(): Health {
    try {
      return telegramHealth(this.o.db.read.telegram.state(), this.o.clock.nowMs(), this.#startedMs);
    } catch {
      return { ok: true }; // The database cannot be read: the queue reports that.
    }
  }

  /** Updates all messages that may have to change. */
  refresh(signal?: AbortSignal): Promise<number> {
    return refreshMessages(this.o, signal);
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.refresh(signal);
      } catch (error) {
        this.o.log.error({ err: error }, "telegram.refreshFailed");
      }
      await this.o.timers.sleep(REFRESH_EVERY_MS, signal).catch(() => undefined);
    }
  }

  /** Sets name and menu. Retried until it works; nothing waits for it. */
  async #introduce(signal: AbortSignal): Promise<void> {
    while (!signal.aborted)
      try {
        await introduce(this.o, signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const reason = error instanceof TelegramFailure ? error.message : undefined;
        this.o.log.warn(reason === undefined ? { err: error } : { reason }, "telegram.notIntroduced");
        await this.o.timers.sleep(INTRODUCE_AGAIN_MS, signal).catch(() => undefined);
      }
  }
}

/**
 * Polling requires that no webhook is set. The menu is in the phone's language, English where there is no translation.
 */
export const introduce = async (
  { client, db, log }: Pick<RunningBotParts, "client" | "db" | "log">,
  signal?: AbortSignal,
): Promise<void> => {
  const { username } = await client.getMe(signal);
  db.transaction((tx) => tx.telegram.setBotName(`@${username}`));
  await client.deleteWebhook(signal);
  for (const locale of LOCALES) {
    const { menu } = textsOf(locale);
    const commands = COMMANDS.map((command) => ({ command, description: menu[command] }));
    await client.setMyCommands(commands, locale === "en" ? undefined : locale, signal);
  }
  log.info({ bot: username }, "telegram.introduced");
};
