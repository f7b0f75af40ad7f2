// The contract: one test per statement of the GMO Coin reference that is documented [D], measured [M] or both [DM] and
// concerns us, through our own connector over real HTTP and WebSocket against the simulated venue. The statements are
// in the rows*.ts files.
import { afterEach, describe, expect, test } from "vitest";
import { ACCOUNT_ROWS } from "./rowsAccount.ts";
import { ENGINE_CODE_ROWS } from "./rowsCodes.ts";
import { GATEWAY_CODE_ROWS } from "./rowsGatewayCodes.ts";
import { LIFE_ROWS } from "./rowsLife.ts";
import { ORDER_ROWS } from "./rowsOrders.ts";
import { PUBLIC_ROWS } from "./rowsPublic.ts";
import { SIGNING_ROWS } from "./rowsSigning.ts";
import { SOCKET_ROWS } from "./rowsSockets.ts";
import { STREAM_ROWS } from "./rowsStreams.ts";
import { openWorld, type Row, type World } from "./world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const ROWS: readonly Row[] = [
  ...PUBLIC_ROWS,
  ...SIGNING_ROWS,
  ...ACCOUNT_ROWS,
  ...ORDER_ROWS,
  ...LIFE_ROWS,
  ...ENGINE_CODE_ROWS,
  ...GATEWAY_CODE_ROWS,
  ...STREAM_ROWS,
  ...SOCKET_ROWS,
];
const sections = [...new Set(ROWS.map(({ section }) => section.split(".")[0]!))].toSorted(
  (a, b) => Number(a) - Number(b),
);

describe.each(sections)("GMO API %s", (section) => {
  const rows = ROWS.filter((row) => row.section.split(".")[0] === section);
  test.each(rows.map((row) => [`${row.section} [${row.tag}] ${row.says}`, row] as const))("%s", async (_, row) => {
    world = await openWorld(row.venue);
    await row.check(world);
  });
});
test("every statement is named once", () => {
  const names = ROWS.map((row) => `${row.section} ${row.says}`);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
