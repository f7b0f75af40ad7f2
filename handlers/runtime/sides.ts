// The two sides a worker can trade on: prices of the exchange and an account simulated here (paper), or both the exchange's
// own (live). The one place where they are put together; everything else sees a Venue and an Account.

import type { Config } from "../../lib/core/config.ts";
import { AppError } from "../../lib/core/errors.ts";
import { symbolsOf } from "../../lib/core/product.ts";
import type { Venue } from "../../lib/core/venue.ts";
import type { Clock } from "../../lib/io/clock.ts";
import { createGmo, createGmoVenue, type GmoVenueOptions, venueOf } from "../../lib/io/gmo/gmoVenue.ts";
import { httpTransport } from "../../lib/io/gmo/httpTransport.ts";
import type { Timers } from "../../lib/io/gmo/timers.ts";
import { entropyHex, seededRandom } from "../../lib/io/random.ts";
import { SPOT_SYMBOL_RULES, SYMBOL_RULES } from "../../lib/sim/engine/symbolRules.ts";
import { QuoteMarket } from "../../lib/sim/market/quoteMarket.ts";
import { Simulator } from "../../lib/sim/simulator.ts";
import type { Account } from "./account.ts";
import type { Closing } from "./closing.ts";
import { liveAccount } from "./liveAccount.ts";
import { paperAccount, paperTransport } from "./paperAccount.ts";
import { venuePath } from "./stateFolder.ts";
import type { Folder } from "./workerFolder.ts";

interface SideParts {
  readonly closing: Closing;
  readonly folder: Folder;
  readonly config: Config;
  readonly clock: Clock;
  readonly timers: Timers;
  /** What both sides' connector is given. */
  readonly gmo: Omit<GmoVenueOptions, "transport" | "credentials">;
}
interface Side {
  readonly venue: Venue;
  readonly account: Account;
}

export const paperSide = ({ closing, folder, config, clock, gmo }: SideParts): Side => {
  const rules = config.PRODUCT === "spot" ? SPOT_SYMBOL_RULES : SYMBOL_RULES;
  const simulator = Simulator.open({
    path: venuePath(folder.varDir),
    market: new QuoteMarket(rules),
    seed: "paper",
    rules,
    startEquity: config.PAPER_EQUITY_JPY,
    startMs: clock.nowMs(),
    options: { authClock: () => clock.nowMs() },
  });
  // As the database (workerFolder.ts): nothing is closed in a folder that was replaced.
  closing.add(() => (folder.watch.isLost ? undefined : simulator.close()));
  folder.watch.follow(venuePath(folder.varDir));
  const http = httpTransport({ publicUrl: config.GMO_PUBLIC_URL });
  closing.add(() => http.close());
  const transport = paperTransport(http, simulator, clock, folder.watch.check);
  const venue = createGmoVenue({ ...gmo, transport, credentials: simulator.credentials() });
  const account = paperAccount(simulator, clock);
  closing.add(() => account.close());
  return { venue, account };
};

export const liveSide = ({ closing, folder, config, clock, timers, gmo }: SideParts): Side => {
  const { GMO_API_KEY: apiKey, GMO_API_SECRET: secret } = config;
  if (apiKey === undefined || secret === undefined)
    throw new AppError("permanent", "VENUE_NO_KEY", "expected GMO_API_KEY and GMO_API_SECRET, found them not set");
  const http = httpTransport({ publicUrl: config.GMO_PUBLIC_URL, privateUrl: config.GMO_PRIVATE_URL });
  closing.add(() => http.close());
  const { api, checks } = createGmo({ ...gmo, transport: http, credentials: { apiKey, secret } });
  const account = liveAccount({
    api,
    checks,
    urls: { wsPublic: config.GMO_WS_PUBLIC_URL, wsPrivate: config.GMO_WS_PRIVATE_URL },
    symbols: symbolsOf(config.PRODUCT),
    clock,
    timers,
    random: seededRandom(entropyHex()),
    log: folder.log,
  });
  closing.add(() => account.close());
  return { venue: venueOf(api), account };
};
