// The rights of an API key that trading needs (GMO API 2.3: each function is a box of its own; a key may open positions and
// be unable to close them).
import type { Product } from "./product.ts";

/** Each is probed with a request that cannot trade (lib/io/gmo/rightProbes.ts). */
export const KEY_RIGHTS = [
  "order",
  "closeOrder",
  "cancelOrder",
  "changeOrder",
  "changeLosscutPrice",
  "closeBulkOrder",
  "cancelBulkOrder",
  "transfer",
] as const;
export type KeyRight = (typeof KEY_RIGHTS)[number];
/** `unknown`: the exchange did not say (no answer, maintenance, too many requests). */
export type RightAnswer = "allowed" | "denied" | "unknown";

/** Without one of these no entry may be sent: what was opened could not be managed. */
export const neededRights = (product: Product): readonly KeyRight[] =>
  product === "spot" ? ["order", "cancelOrder"] : ["order", "closeOrder", "cancelOrder"];
/** The code of a request that the key, its address list or its rights do not allow. */
export const NO_RIGHT = "ERR-5012";
