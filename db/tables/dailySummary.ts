// daily_summary: the owner's table, one row per JST day, in yen. Recomputed on every request; the last result replaces
// it.
import type { Funnel } from "../../lib/core/performance.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface DailySummary {
  /** YYYY-MM-DD, JST. */
  readonly date: string;
  /** Trades closed in the day. */
  readonly totalTrades: number;
  readonly winningTrades: number;
  readonly losingTrades: number;
  /** Yen, net of fees; the loss as a positive number: net = profit - loss. */
  readonly grossProfit: number;
  readonly grossLoss: number;
  readonly netPnl: number;
  /** Maximum drawdown of the equity within the day, yen; undefined without equity points. */
  readonly maxDrawdown: number | undefined;
  /** Daily returns of the trailing 30 JST days, × √365; undefined below two days. */
  readonly sharpeRatio: number | undefined;
  /** Mean break-even win rate of the day's trades, 0..1. */
  readonly breakEvenRate: number | undefined;
  readonly profitFactor: number | undefined;
  readonly fees: number;
  /** Equity at the day's end, yen. */
  readonly equityEnd: number | undefined;
  readonly funnel: Funnel | undefined;
}

interface Row {
  date: string;
  total_trades: number;
  winning_trades: number;
  losing_trades: number;
  gross_profit: number;
  gross_loss: number;
  net_pnl: number;
  max_drawdown: number | null;
  sharpe_ratio: number | null;
  break_even_rate: number | null;
  profit_factor: number | null;
  fees: number;
  equity_end: number | null;
  funnel: string | null;
}
const toSummary = (row: Row): DailySummary => ({
  date: row.date,
  totalTrades: row.total_trades,
  winningTrades: row.winning_trades,
  losingTrades: row.losing_trades,
  grossProfit: row.gross_profit,
  grossLoss: row.gross_loss,
  netPnl: row.net_pnl,
  maxDrawdown: row.max_drawdown ?? undefined,
  sharpeRatio: row.sharpe_ratio ?? undefined,
  breakEvenRate: row.break_even_rate ?? undefined,
  profitFactor: row.profit_factor ?? undefined,
  fees: row.fees,
  equityEnd: row.equity_end ?? undefined,
  funnel: row.funnel === null ? undefined : (JSON.parse(row.funnel) as Funnel),
});

export const dailySummaryReads = (sql: Sqlite) => {
  const one = sql.prepare<[string], Row>("SELECT * FROM daily_summary WHERE date = ?");
  const all = sql.prepare<[], Row>("SELECT * FROM daily_summary ORDER BY date");
  return {
    of: (date: string): DailySummary | undefined => {
      const row = one.get(date);
      return row && toSummary(row);
    },
    all: (): readonly DailySummary[] => all.all().map(toSummary),
  };
};

export const dailySummaryWrites = (sql: Sqlite) => {
  const upsert = sql.prepare(
    `INSERT INTO daily_summary (date, total_trades, winning_trades, losing_trades, gross_profit, gross_loss, net_pnl, max_drawdown,
       sharpe_ratio, break_even_rate, profit_factor, fees, equity_end, funnel)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (date) DO UPDATE SET total_trades = excluded.total_trades, winning_trades = excluded.winning_trades,
       losing_trades = excluded.losing_trades, gross_profit = excluded.gross_profit, gross_loss = excluded.gross_loss,
       net_pnl = excluded.net_pnl, max_drawdown = excluded.max_drawdown, sharpe_ratio = excluded.sharpe_ratio,
       break_even_rate = excluded.break_even_rate, profit_factor = excluded.profit_factor, fees = excluded.fees,
       equity_end = excluded.equity_end, funnel = excluded.funnel`,
  );
  return {
    upsert: (s: DailySummary): void =>
      void upsert.run(
        s.date,
        s.totalTrades,
        s.winningTrades,
        s.losingTrades,
        s.grossProfit,
        s.grossLoss,
        s.netPnl,
        s.maxDrawdown ?? null,
        s.sharpeRatio ?? null,
        s.breakEvenRate ?? null,
        s.profitFactor ?? null,
        s.fees,
        s.equityEnd ?? null,
        s.funnel ? JSON.stringify(s.funnel) : null,
      ),
  };
};
