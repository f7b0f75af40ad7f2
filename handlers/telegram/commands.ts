// The owner's typed commands: their names, effects and arguments. Replies go through the outbox in the transaction of
// the command; commands that change how the system runs use the same entry point as the command line.

import { type Act, actorOf, type BotParts, type Effect, say, type Typed, textsFor } from "./actions.ts";
import { type AnswerName, answers, isAnswer } from "./answers/index.ts";
import { askToConfirm } from "./confirm.ts";
import { parseChange } from "./modify.ts";
import { answer, changeByText, promptChange } from "./proposals.ts";
import { setQuiet } from "./quiet.ts";

/** Every command, in the order of the menu. */
export const COMMANDS = [
  "status",
  "positions",
  "orders",
  "signals",
  "why",
  "daily",
  "weekly",
  "monthly",
  "performance",
  "risk",
  "health",
  "model",
  "pause",
  "resume",
  "stop",
  "panic",
  "close",
  "reject_all",
  "config",
  "quiet",
  "help",
  "start",
] as const;
type CommandName = (typeof COMMANDS)[number];
const isCommand = (name: string): name is CommandName => (COMMANDS as readonly string[]).includes(name);

/** The action of a typed text. */
export const actCommand = (parts: BotParts, typed: Typed): Act => {
  // A Japanese keyboard may produce ／ｓｔｏｐ　１ (full-width) for /stop 1: both must work.
  const text = typed.text.normalize("NFKC").trim();
  const about = /^\/(approve|reject|modify)_([a-z]+\d[a-z0-9]{0,30})(?:@\w+)?(?:\s+([\s\S]*))?$/i.exec(text);
  if (about) return actProposal(parts, typed, about[1]?.toLowerCase() ?? "", about[2]?.toLowerCase() ?? "", about[3]);
  const command = /^\/(\w{1,32})(?:@\w+)?(?:\s+([\s\S]*))?$/.exec(text);
  if (command) return actNamed(parts, typed, command[1]?.toLowerCase() ?? "", command[2]?.trim() ?? "");
  const proposalId = repliesTo(parts, typed);
  if (proposalId !== undefined) return actChange(parts, typed, proposalId, text);
  return reply(parts, typed, "no command", textsFor(parts.config).command.plainText);
};

const reply =
  (parts: BotParts, typed: Typed, outcome: string, text: string): Act =>
  (tx) => {
    say(tx, typed, parts.clock.nowMs(), text);
    return { outcome };
  };

/** The proposal whose message, or whose prompt, this is a reply to. */
const repliesTo = ({ db }: BotParts, { chatId, replyTo }: Typed): string | undefined =>
  replyTo === undefined
    ? undefined
    : (db.read.telegram.message(chatId, replyTo)?.proposalId ?? db.read.outbox.at(chatId, replyTo)?.proposalId);

const actProposal = (parts: BotParts, typed: Typed, what: string, id: string, rest: string | undefined): Act => {
  if (what === "approve") return answer(parts, typed, id, "approved");
  if (what === "reject") return answer(parts, typed, id, "rejected");
  return rest === undefined || rest.trim() === "" ? promptChange(parts, typed, id) : actChange(parts, typed, id, rest);
};

const actChange = (parts: BotParts, typed: Typed, id: string, text: string): Act => {
  const change = parseChange(text);
  const { modify } = textsFor(parts.config);
  return change === undefined
    ? reply(parts, typed, "change not understood", modify.notUnderstood({ found: text, id }))
    : changeByText(parts, typed, id, change);
};

const actNamed = (parts: BotParts, typed: Typed, name: string, arg: string): Act => {
  const texts = textsFor(parts.config);
  if (!isCommand(name)) return reply(parts, typed, "unknown command", texts.command.unknown({ found: `/${name}` }));
  if (isAnswer(name)) return answerReading(parts, typed, name, arg);
  const actor = actorOf(typed);
  const now =
    (command: "pause" | "stop" | "rejectAll"): Act =>
    (tx) => {
      const { text } = parts.request({ command, actor });
      say(tx, typed, parts.clock.nowMs(), text);
      return { outcome: command };
    };
  switch (name) {
    case "pause":
    case "stop":
      return now(name);
    case "reject_all":
      return now("rejectAll");
    case "panic":
      return (tx) => askToConfirm(parts, tx, typed, { command: "panic" }, texts.confirm.panic);
    case "resume":
      return (tx) => askToConfirm(parts, tx, typed, { command: "resume" }, texts.confirm.resume);
    case "close":
      return close(parts, typed, arg);
    case "quiet":
      return setQuiet(parts, typed, arg);
    default:
      return name satisfies never;
  }
};

const close = (parts: BotParts, typed: Typed, arg: string): Act => {
  const { confirm, command } = textsFor(parts.config);
  const alive = parts.db.read.trades.alive().map((t) => t.id);
  if (arg === "" || arg.toLowerCase() === "all")
    return (tx) => askToConfirm(parts, tx, typed, { command: "close" }, confirm.close({ what: confirm.closeAll }));
  const tradeId = /^\d{1,9}$/.test(arg) ? Number(arg) : undefined;
  if (tradeId === undefined || !alive.includes(tradeId)) {
    const usage = `/close, /close ID (${alive.join(", ") || "–"})`;
    return reply(parts, typed, "close: wrong use", command.wrongUse({ usage }));
  }
  return (tx) =>
    askToConfirm(
      parts,
      tx,
      typed,
      { command: "close", tradeId },
      confirm.close({ what: confirm.closeOne({ id: tradeId }) }),
    );
};

const answerReading =
  (parts: BotParts, typed: Typed, name: AnswerName, arg: string): Act =>
  (tx): Effect => {
    const { config, account, clock } = parts;
    const nowMs = clock.nowMs();
    say(tx, typed, nowMs, answers[name]({ db: tx, config, account, nowMs, arg }));
    return { outcome: name };
  };
