// Bodies as the Bot API takes them: JSON, or multipart with a file; parsed strictly, so that a client's mistake shows.
import type { IncomingMessage } from "node:http";

export type Payload = Record<string, unknown>;

export const readPayload = async (request: IncomingMessage): Promise<Payload> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const type = request.headers["content-type"] ?? "";
  if (type.startsWith("application/json")) return JSON.parse(body.toString("utf8") || "{}") as Payload;
  const boundary = /^multipart\/form-data; boundary=(\S+)$/.exec(type)?.[1];
  if (boundary === undefined) throw new Error(`expected JSON or multipart, found ${type}`);
  return parts(body, boundary);
};

const parts = (body: Buffer, boundary: string): Payload => {
  const mark = Buffer.from(`--${boundary}`);
  const payload: Payload = {};
  let at = body.indexOf(mark);
  while (at >= 0) {
    const start = at + mark.length;
    if (body.subarray(start, start + 2).toString() === "--") return payload;
    const end = body.indexOf(mark, start);
    if (end < 0) throw new Error("a part without an end");
    const head = body.indexOf("\r\n\r\n", start);
    const headers = body.subarray(start, head).toString("utf8");
    const name = /name="([^"]+)"/.exec(headers)?.[1];
    if (name === undefined) throw new Error("a part without a name");
    const content = body.subarray(head + 4, end - 2);
    payload[name] = headers.includes("filename=") ? new Uint8Array(content) : field(name, content.toString("utf8"));
    at = end;
  }
  throw new Error("a body without a last boundary");
};

/** Fields are text; those that are objects or numbers come as JSON. */
const field = (name: string, text: string): unknown =>
  ["reply_markup", "caption_entities", "entities"].includes(name)
    ? (JSON.parse(text) as unknown)
    : ["chat_id", "message_id"].includes(name)
      ? Number(text)
      : text;
