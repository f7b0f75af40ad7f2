// Serialises an error for the ledger: {verdict, code, message, data}, bounded.
import type { AppError } from "../lib/core/errors.ts";
import { redact } from "../lib/core/redact.ts";

const MESSAGE_LIMIT = 2_000;
const DATA_LIMIT = 20_000;
/** Never throws: an error that cannot be serialised would leave its job running for ever. */
export const errorJson = (error: AppError): string => {
  const { verdict, code } = error;
  const message = error.message.slice(0, MESSAGE_LIMIT);
  const json = (data: unknown): string =>
    redact(
      JSON.stringify({ verdict, code, message, data }, (_, value) =>
        typeof value === "bigint" ? value.toString() : value,
      ),
    );
  try {
    const text = json(error.data);
    return text.length <= DATA_LIMIT ? text : json({ left: `out: ${text.length} characters` });
  } catch (e) {
    return json({ left: `out: ${(e as Error).message}` });
  }
};
