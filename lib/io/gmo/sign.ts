// Signs private requests (GMO API 2): text = timestamp + METHOD + path + body, query and "/private" excluded.
// PUT and DELETE send a body that is not signed; signing it gives ERR-5010.
import { createHash, createHmac } from "node:crypto";
import type { EpochMs } from "../../core/time.ts";
import type { TransportRequest } from "./transport.ts";

export interface Credentials {
  readonly apiKey: string;
  readonly secret: string;
}

/** Names an account's key without telling it: 12 hexadecimal digits. */
export const fingerprint = (apiKey: string): string =>
  createHash("sha256").update(`gmo-coin-key:${apiKey}`).digest("hex").slice(0, 12);

export const signedText = (
  timestampMs: EpochMs,
  method: TransportRequest["method"],
  path: string,
  body: string,
): string => `${timestampMs}${method}${path}${method === "POST" ? body : ""}`;

/** The headers of a private call. `body` must be exactly the string that is sent. */
export const authHeaders = (
  credentials: Credentials,
  timestampMs: EpochMs,
  method: TransportRequest["method"],
  path: string,
  body = "",
): Record<string, string> => ({
  "API-KEY": credentials.apiKey,
  "API-TIMESTAMP": String(timestampMs),
  "API-SIGN": createHmac("sha256", credentials.secret)
    .update(signedText(timestampMs, method, path, body))
    .digest("hex"),
  ...(body === "" ? {} : { "Content-Type": "application/json" }),
});
