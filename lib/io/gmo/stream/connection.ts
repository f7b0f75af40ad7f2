// One WebSocket connection with only what the streams need. `wsConnect` is the network (the only access to the package
// `ws`); tests pass another `Connect`. A connection never reconnects and never interprets its content.
import WebSocket from "ws";
import { errorText } from "../../../core/errors.ts";
import { connectingAgent } from "../../connect.ts";

export type ConnectionEnd =
  /** The server replied to the upgrade with an ordinary HTTP reply. 503 is maintenance (GMO API 10.1). */
  | { readonly kind: "refused"; readonly httpStatus: number }
  /** It never opened. */
  | { readonly kind: "failed"; readonly reason: string }
  /** It was open. 1006: cut without a close frame. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string };

export interface ConnectionHandlers {
  onOpen(): void;
  onText(text: string): void;
  onPing(): void;
  onPong(): void;
  /** Called exactly once, as the last call. */
  onEnd(end: ConnectionEnd): void;
}
export interface Connection {
  /** Dropped silently when the connection is not open: its end is reported anyway. */
  send(text: string): void;
  ping(): void;
  /** Sends a close frame (code 1000); the end comes when the other side replies. */
  close(): void;
  /** Cuts at once; the end follows. */
  terminate(): void;
}
/** Throws SyntaxError for an address that is no WebSocket URL. */
export type Connect = (url: string, handlers: ConnectionHandlers) => Connection;

/** A book of 30 levels a side is about 4 kB; a larger frame is not of this API and closes the connection (1009). */
const MAX_FRAME_BYTES = 1_048_576;

export const wsConnect: Connect = (url, handlers) => {
  const socket = new WebSocket(url, {
    agent: connectingAgent(/^wss:/i.test(url) ? "https:" : "http:"),
    // Small JSON frames twice a second: compression would cost memory and time for nothing.
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    followRedirects: false,
  });
  let opened = false;
  let httpStatus: number | undefined;
  let failure = "the connection ended before it opened";
  socket.on("open", () => {
    opened = true;
    handlers.onOpen();
  });
  // With the default binaryType a message is one Buffer.
  socket.on("message", (data) => handlers.onText((data as Buffer).toString("utf8")));
  socket.on("ping", () => handlers.onPing());
  socket.on("pong", () => handlers.onPong());
  socket.on("unexpected-response", (_request, response) => {
    httpStatus = response.statusCode ?? 0;
    socket.terminate();
  });
  socket.on("error", (error) => {
    failure = errorText(error);
  });
  socket.on("close", (code, reason) => {
    if (opened) handlers.onEnd({ kind: "closed", code, reason: reason.toString("utf8") });
    else if (httpStatus !== undefined) handlers.onEnd({ kind: "refused", httpStatus });
    else handlers.onEnd({ kind: "failed", reason: failure });
  });

  const isOpen = (): boolean => socket.readyState === WebSocket.OPEN;
  // A failed write ends the connection, which is reported: the callback only keeps the error from being thrown.
  const ignored = (): void => {};
  return {
    send: (text) => {
      if (isOpen()) socket.send(text, ignored);
    },
    ping: () => {
      if (isOpen()) socket.ping(undefined, undefined, ignored);
    },
    close: () => socket.close(1000),
    terminate: () => socket.terminate(),
  };
};
