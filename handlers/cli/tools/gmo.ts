// `trader gmo decode KIND FILE` and `trader gmo kinds`: decodes a captured reply or frame as the connector does. Reads
// files only, sends nothing.
import { open } from "node:fs/promises";
import type { Command } from "commander";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { type Decoded, type DecodedValue, decode, unreadable } from "../../../lib/io/gmo/decode.ts";
import { KINDS, kindOf } from "../../../lib/io/gmo/decodeKinds.ts";
import { MAX_REPLY_BYTES } from "../../../lib/io/gmo/transport.ts";

interface GmoDeps {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Default this process's standard input. */
  readonly stdin?: () => AsyncIterable<Uint8Array>;
}
interface Options {
  readonly json?: boolean;
}

/** A capture of frames may be longer than any single reply. */
const MAX_FRAMES_BYTES = 64_000_000;

export const registerGmo = (program: Command, deps: GmoDeps): void => {
  const gmo = program.command("gmo").description("GMO Coin's API: read captured replies and frames");
  gmo
    .command("decode <kind> <file>")
    .description(
      'decode a captured reply or frame ("-" = standard input); exit 0 with the value, 1 with a code and verdict',
    )
    .option("--json", "one JSON object")
    .action(async (kind: string, file: string, options: Options) => {
      if (!kindOf(kind))
        throw new UsageError(`expected a kind of "trader gmo kinds", found ${JSON.stringify(kind)}${hint(kind)}`);
      const decoded = await decodeFile(kind, file, deps);
      if (options.json) deps.out(JSON.stringify(decoded));
      if (!decoded.ok)
        throw new AppError(decoded.verdict, decoded.code, `${decoded.message} (verdict ${decoded.verdict})`);
      if (!options.json) deps.out(readable(decoded));
      for (const warning of decoded.warnings ?? []) deps.err(`warning: ${warning}`);
    });
  gmo
    .command("kinds")
    .description("the kinds of replies and frames that can be decoded, one a line")
    .option("--json", "one JSON array")
    .action((options: Options) => {
      const rows = KINDS.map(({ name, source, about }) => ({ kind: name, source, about }));
      if (options.json) deps.out(JSON.stringify(rows));
      else {
        const width = Math.max(...rows.map(({ kind }) => kind.length));
        for (const { kind, about } of rows) deps.out(`${kind.padEnd(width)}  ${about}`);
        deps.err("values: decimals and ids are strings, times (…Ms) are epoch milliseconds UTC, none is null");
      }
    });
};

const hint = (kind: string): string => {
  const near = KINDS.filter(
    ({ name }) => name.split("/").at(-1)?.toLowerCase() === kind.split("/").at(-1)?.toLowerCase(),
  );
  return near.length === 0 ? "" : ` (did you mean ${near.map(({ name }) => name).join(" or ")}?)`;
};

const readable = ({ kind, value }: DecodedValue): string => `${kind}\n${JSON.stringify(value, null, 2)}`;

const decodeFile = async (kind: string, file: string, deps: GmoDeps): Promise<Decoded> => {
  const maxBytes = kind.startsWith("ws/") ? MAX_FRAMES_BYTES : MAX_REPLY_BYTES;
  const bytes = await (file === "-" ? collect(deps.stdin?.() ?? process.stdin, maxBytes) : readFile(file, maxBytes));
  if (bytes === undefined) return unreadable(kind, "VENUE_OVERSIZE", `more than ${maxBytes} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return unreadable(kind, "VENUE_GARBLED", "bytes that are no UTF-8 text");
  }
  return decode(kind, text);
};

/** undefined: more than `maxBytes`; never holds more than that. */
const readFile = async (path: string, maxBytes: number): Promise<Uint8Array | undefined> => {
  try {
    const file = await open(path, "r");
    try {
      return await collect(file.createReadStream({ autoClose: false, end: maxBytes }), maxBytes);
    } finally {
      await file.close();
    }
  } catch (e) {
    throw new UsageError(`expected a readable file, found ${path}: ${(e as Error).message}`, { cause: e });
  }
};
const collect = async (stream: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array | undefined> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
