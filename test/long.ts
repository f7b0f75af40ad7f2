// TEST_LONG=1 (npm run test:long) asks for the long versions: more kills, more runs, more rows.
export const LONG: boolean = process.env["TEST_LONG"] === "1";
