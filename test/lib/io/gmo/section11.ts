// GMO API 11 as the reference has it, row by row: code, "retry GET", "resend order POST", "action". Not our table: what
// ours is compared with.
export const SECTION_11: readonly (readonly [code: string, retryGet: string, resendPost: string, action: string])[] = [
  ["ERR-70", "-", "NO", "bug: flip side"],
  ["ERR-151", "yes", "UNKNOWN", "query the order"],
  ["ERR-189", "-", "NO", "refresh positions"],
  ["ERR-200", "-", "NO", "cancel the other close order first"],
  ["ERR-201", "-", "NO", "refresh balance, reduce size"],
  ["ERR-208", "-", "NO", "check resting orders"],
  ["ERR-254", "-", "NO (once after ~200 ms if just opened)", "probably closed already: refresh"],
  ["ERR-422", "-", "NO", "refresh; local state stale"],
  ["ERR-423", "-", "NO", "refresh"],
  ["ERR-430", "no", "-", "bug"],
  ["ERR-554", "yes, backoff", "UNKNOWN", "reconcile"],
  ["ERR-626", "yes, backoff", "UNKNOWN", "reconcile"],
  ["ERR-635", "-", "NO until cancels", "cancel some"],
  ["ERR-682", "-", "NO", "halt trading, alert"],
  ["ERR-683", "-", "NO (later)", "wait"],
  ["ERR-754", "-", "-", ""],
  ["ERR-846", "no", "-", "bug"],
  ["ERR-913", "-", "NO", ""],
  ["ERR-5003", "yes, after >= 2 s", "SAFE after pause [I: refused at the gateway]", "slow down"],
  ["ERR-5007", "no", "SAFE after fix", "bug"],
  ["ERR-5008", "yes, re-sign", "SAFE, once, fresh timestamp", "resync clock"],
  ["ERR-5009", "yes, re-sign", "SAFE, once", "resync clock"],
  ["ERR-5010", "no", "NO", "bug: query signed? body bytes? PUT body signed?"],
  ["ERR-5011", "no", "NO", "config"],
  ["ERR-5012", "no", "NO", "config; stop and alert"],
  ["ERR-5014", "no", "NO", "human"],
  ["ERR-5016", "yes", "-", "narrow range"],
  ["ERR-5106", "no", "NO (exception: close right after open, retry after ~200 ms)", "bug"],
  ["ERR-5111", "no", "NO", "bug"],
  ["ERR-5114", "no", "NO", "round"],
  ["ERR-5118", "no", "NO", "bug"],
  ["ERR-5121", "no", "NO", "reprice"],
  ["ERR-5122", "-", "-", "query the order; success for cancel idempotency"],
  ["ERR-5123", "-", "-", "query"],
  ["ERR-5125", "no", "NO", "halt, alert"],
  ["ERR-5126", "no", "NO", "fix size"],
  ["ERR-5127", "no", "NO", "halt, alert"],
  ["ERR-5129", "-", "NO", "use MARKET or another price"],
  ["ERR-5133", "-", "-", ""],
  ["ERR-5135", "-", "-", ""],
  ["ERR-5201", "after maintenance", "SAFE later (not executed)", "pause"],
  ["ERR-5202", "after maintenance", "SAFE later; verify open orders first", "pause"],
  ["ERR-5203", "-", "SAFE after OPEN", "wait for OPEN"],
  ["ERR-5204", "no", "NO", "bug"],
  ["ERR-5206", "-", "NO", "cancel and re-create"],
  ["ERR-5207", "no", "-", "treat as empty for backfill"],
  ["ERR-5208", "no", "-", "bug"],
];

const getOf = (words: string): string => {
  if (words === "-" || words === "no") return "no";
  if (words === "yes" || words === "yes, backoff") return "soon";
  if (words === "yes, after >= 2 s") return "pause";
  if (words === "yes, re-sign") return "resign";
  // Hours: the queue waits, not the connector.
  if (words === "after maintenance") return "no";
  throw new Error(`nobody said what ${JSON.stringify(words)} means for a read`);
};
const postOf = (words: string): string => {
  if (words.startsWith("UNKNOWN")) return "unknown";
  if (words === "NO (later)") return "later";
  // Safe after a fix of the program, so not by the program.
  if (words === "SAFE after fix") return "never";
  if (words.startsWith("SAFE")) return "later";
  // "-": no order gets this answer. What is not said to be safe is not sent again.
  if (words.startsWith("NO") || words === "-") return "never";
  throw new Error(`nobody said what ${JSON.stringify(words)} means for a write`);
};
/** A halt, a person or the settings: nothing goes on by itself. A bad signature is our bug, and no call passes. */
const verdictOf = (code: string, action: string, get: string, post: string): string =>
  /halt|human|config/.test(action) || code === "ERR-5010"
    ? "alert"
    : get.startsWith("yes") || get === "after maintenance" || postOf(post) === "later"
      ? "retry"
      : "permanent";

/** What the reference's words ask of us: what a read does, whether a write may be repeated, who is alerted. */
export const meaningOf = (code: string) => {
  const row = SECTION_11.find(([name]) => name === code);
  if (!row) throw new Error(`section 11 has no ${code}`);
  const [, get, post, action] = row;
  return { retryGet: getOf(get), resendPost: postOf(post), verdict: verdictOf(code, action, get, post) };
};
