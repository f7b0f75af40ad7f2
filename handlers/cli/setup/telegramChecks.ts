// The Telegram checks of `trader doctor`: token, chat, polling of updates. They confirm no update and send nothing.
// Another program that polls cannot be detected here (the newer poll wins): the worker that loses its poll reports 409.
import { existsSync } from "node:fs";
import type { Config } from "../../../lib/core/config.ts";
import { errorText } from "../../../lib/core/errors.ts";
import { SECOND_MS } from "../../../lib/core/time.ts";
import { realClock } from "../../../lib/io/clock.ts";
import { isLocked } from "../../../lib/io/lock.ts";
import { createTelegramClient } from "../../../lib/io/telegram/client.ts";
import { TelegramFailure } from "../../../lib/io/telegram/failure.ts";
import { databasePath, openToLook } from "../../runtime/stateFolder.ts";
import { ownersOf } from "../../telegram/bot.ts";
import { telegramText, troubleText } from "../../telegram/health.ts";

const TIMEOUT_MS = 10 * SECOND_MS;

export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** Passed, but a person should change something. */
  readonly warning?: boolean;
  readonly found: string;
}

/** Without a bot in the settings: one line that says so. */
export const telegramChecks = async (config: Config, dir: string): Promise<readonly Finding[]> => {
  const owners = ownersOf(config);
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_API_URL: apiUrl } = config;
  if (owners === undefined || token === undefined)
    return [{ name: "telegram", ok: true, found: "not set: answers come by trader approve (docs/telegram.md)" }];
  const client = await createTelegramClient({ token, apiUrl, timeoutMs: TIMEOUT_MS });
  return [
    await ask("telegram token", async () => `@${(await client.getMe()).username}`),
    await ask("telegram chat", async () => {
      const { type } = await client.getChat(owners.chatId);
      if (type !== "private")
        throw new Error(`expected a private chat, found a ${type}; set TELEGRAM_CHAT_ID to yours`);
      return `private chat ${owners.chatId}, heard: ${owners.userIds.join(", ")}`;
    }),
    await ask("telegram poll", async () => {
      // A poll from here would end the worker's poll: the worker's own record is read instead.
      if (isLocked(dir)) return pollOfWorker(dir);
      const waiting = await client.getUpdates({ holdSeconds: 0 });
      return `no webhook in the way, ${waiting.length} updates wait for the worker`;
    }),
  ];
};

const pollOfWorker = (dir: string): string => {
  if (!existsSync(databasePath(dir))) return "the worker is starting";
  const state = openToLook(dir);
  try {
    return `the worker polls: ${telegramText(state.db.read.telegram.state(), realClock.nowMs())}`;
  } finally {
    state.close();
  }
};

const ask = async (name: string, work: () => Promise<string>): Promise<Finding> => {
  try {
    return { name, ok: true, found: await work() };
  } catch (e) {
    const found = e instanceof TelegramFailure ? troubleText(e) : errorText(e);
    return { name, ok: false, found };
  }
};
