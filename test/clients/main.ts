// `npm run client`: a client of GMO Coin written by others against the simulated venue, over real HTTP and WebSocket.
// It is installed into its own folder, outside the lock file, which needs the network: so it is a command of its own
// and no part of `npm test`.
import { fileURLToPath } from "node:url";
import { openVenue } from "../../lib/sim/server/openVenue.ts";
import { startVenueServer } from "../../lib/sim/server/server.ts";
import { installIn } from "../bench/queue/install.ts";
import { drive } from "./gmo-coin-sdk/drive.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const folder = fileURLToPath(new URL("./gmo-coin-sdk/", import.meta.url));
const problem = await installIn(folder, "gmo-coin-sdk", say);
if (problem !== undefined) {
  process.stderr.write(`gmo-coin-sdk could not be installed: ${problem}\n`);
  process.exitCode = 1;
} else {
  const venue = openVenue({ seed: 42, synchronous: "OFF" });
  const server = await startVenueServer({ ...venue, speed: 10 });
  try {
    await drive(server, (name) => say(`ok  ${name}`));
    say("gmo-coin-sdk 1.6.0 works against the simulated venue");
  } catch (e) {
    process.stderr.write(`${(e as Error).stack ?? String(e)}\n`);
    process.exitCode = 1;
  } finally {
    await server.close();
    // Its sockets' timers would keep the process after a failure.
    process.exit();
  }
}
