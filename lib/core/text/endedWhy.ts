// Why the exchange ended an order, in words, for the command line and the replay's story.

/** The exchange's `cancelType` (GMO API 7.3) in words. USER says only that some client of this account cancelled it. */
const ENDED_WORDS: Readonly<Record<string, string>> = {
  POSITION_LOSSCUT: "the exchange closed the position by loss cut",
  INSUFFICIENT_BALANCE: "the balance was too small",
  INSUFFICIENT_MARGIN: "the margin was too small",
  ACCOUNT_LOSSCUT: "the exchange closed the account's positions by loss cut",
  MARGIN_CALL: "margin call",
  MARGIN_CALL_LOSSCUT: "loss cut after a margin call",
  EXPIRED_FAK: "the rest found no match at once",
  EXPIRED_FOK: "it could not be filled whole at once",
  EXPIRED_SOK: "it would have been taker, not maker",
  SOK_TAKER: "it would have been taker, not maker",
  EXPIRED_SELFTRADE: "it would have met another order of this account",
  CLOSED_ORDER: "its position was closed",
  PRICE_LIMIT: "outside the exchange's price limits",
};
/** Why an order ended, in words; `asked`: we asked for its cancel. An unknown word of the exchange stays as it is. */
export const endedWhy = (detail: string, asked: boolean): string =>
  detail === "USER"
    ? asked
      ? "cancelled by us"
      : "not by us: on the exchange's page, or by another program of this account"
    : (ENDED_WORDS[detail] ?? detail);
