import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { META } from "../../../../db/tables/meta.ts";
import { registerEvents } from "../../../../handlers/cli/setup/events.ts";
import { UsageError } from "../../../../lib/core/errors.ts";
import { eventId, newsGate } from "../../../../lib/core/events.ts";
import { parseInstant } from "../../../../lib/core/time.ts";
import { type Book, openBook } from "../../report/book.ts";

const HEADER = "time_utc,currency,importance,title";
let book: Book;
let folder: string;
let lines: string[];
let notes: string[];
beforeEach(() => {
  book = openBook(parseInstant("2025-07-30T00:00:00Z"));
  folder = mkdtempSync(join(tmpdir(), "events-"));
  lines = [];
  notes = [];
});
afterEach(() => {
  book.close();
  rmSync(folder, { recursive: true });
});

const trader = (...words: string[]): readonly string[] => {
  lines = [];
  const program = new Command("trader").exitOverride();
  const open = () => ({ db: book.db, clock: book.clock, close: () => undefined });
  registerEvents(program, {
    open,
    look: open,
    out: (text) => lines.push(text),
    err: (text) => notes.push(text),
  });
  program.parse(["node", "trader", "events", ...words]);
  return lines;
};
const file = (text: string | Uint8Array): string => {
  const path = join(folder, "events.csv");
  writeFileSync(path, text);
  return path;
};
const rows = () => book.db.sql.prepare("SELECT count(*) FROM economic_events").pluck().get();
const GOOD = `${HEADER}\n2025-07-30T18:00:00Z,USD,high,FOMC Decision\n2025-07-31T03:00:00Z,JPY,high,BOJ Statement on Monetary Policy\n`;

describe("trader events import", () => {
  test("a folder without a database is reported: the path may be mistyped", () => {
    trader("import", file(GOOD), "--json");
    expect(notes).toEqual([
      expect.stringMatching(/^note: .*trader\.db has never been used by a worker; .*this --var folder$/),
    ]);
    notes = [];
    book.db.transaction((tx) => tx.meta.set(META.mode, "paper"));
    trader("import", file(GOOD));
    expect(notes).toEqual([]);
  });
  test("a calendar without a future event is reported: the news gate is blind", () => {
    book.db.transaction((tx) => tx.meta.set(META.mode, "paper"));
    trader("import", file(`${HEADER}\n2025-07-29T18:00:00Z,USD,high,FOMC Decision\n`));
    expect(notes).toEqual([
      expect.stringMatching(
        /^note: .*: ENDED 2025-07-30 03:00 JST, the news gate sees no events: .* with events to come$/,
      ),
    ]);
    notes = [];
    trader("import", file(GOOD));
    expect(notes).toEqual([expect.stringMatching(/"FOMC Decision" stands at/)]); // no gap any more
  });
  test("adds, then changes nothing, then changes what changed; each real change is audited", () => {
    const path = file(GOOD);
    expect(JSON.parse(trader("import", path, "--json")[0]!)).toEqual({
      file: path,
      added: 2,
      changed: 0,
      unchanged: 0,
      withdrawn: 0,
      dryRun: false,
      firstAt: "2025-07-30T18:00:00.000Z",
      lastAt: "2025-07-31T03:00:00.000Z",
    });
    expect(trader("import", path)[0]).toMatch(
      /0 added, 0 changed, 2 unchanged; 2025-07-31 03:00 JST to 2025-07-31 12:00 JST$/,
    );
    file(GOOD.replace("USD,high", "USD,low"));
    expect(trader("import", path)[0]).toContain("0 added, 1 changed, 1 unchanged");
    expect(rows()).toBe(2);
    const audit = book.db.read.audit.after(0);
    expect(audit.map((a) => [a.kind, a.data["added"], a.data["changed"]])).toEqual([
      ["events.imported", 2, 0],
      ["events.imported", 0, 1],
    ]);
    expect(book.db.read.audit.firstBroken()).toBeUndefined();
  });

  test("one bad line refuses the whole file and leaves the table as it was", () => {
    trader("import", file(GOOD));
    const bad = file(`${GOOD}2025-08-01T12:30:00Z,USD,high,NFP\n2025-08-01,USD,high,CPI\n`);
    expect(() => trader("import", bad)).toThrow(/line 5: time_utc/);
    expect(rows()).toBe(2);
  });

  test.each<[string, () => string, string]>([
    ["a missing file", () => join(folder, "none.csv"), "EVENTS_FILE"],
    ["a folder", () => folder, "EVENTS_FILE"],
    ["bytes that are no UTF-8", () => file(Uint8Array.of(0xff, 0xfe, 0x00)), "EVENTS_FILE"],
    ["another CSV", () => file("a,b\n1,2\n"), "EVENTS_INVALID"],
  ])("%s is one clear error", (_, path, code) => {
    expect(() => trader("import", path())).toThrow(expect.objectContaining({ code, verdict: "permanent" }));
    expect(rows()).toBe(0);
  });

  test("what was imported is what the news gate sees, BOJ with its wide window", () => {
    trader("import", file(GOOD));
    const blockedAt = (time: string) => {
      const at = parseInstant(time);
      return newsGate(book.db.read.events.near(at), at, 30).event?.title;
    };
    expect(blockedAt("2025-07-30T17:30:00Z")).toBe("FOMC Decision");
    expect(blockedAt("2025-07-30T17:29:59Z")).toBeUndefined();
    expect(blockedAt("2025-07-31T04:30:00Z")).toBe("BOJ Statement on Monetary Policy");
    expect(blockedAt("2025-07-31T04:30:01Z")).toBeUndefined();
  });
});

/** The calendar as "MM-DD HH:MM currency title", UTC. */
const calendar = () =>
  book.db.read.events
    .all()
    .map((e) => `${new Date(e.atMs).toISOString().slice(5, 16).replace("T", " ")} ${e.currency} ${e.title}`);
const blocks = (time: string): string | undefined => {
  const at = parseInstant(time);
  return newsGate(book.db.read.events.near(at), at, 30).event?.title;
};
const idOf = (title: string): string => {
  const found = book.db.read.events.all().find((e) => e.title === title);
  return found === undefined ? "" : eventId(found);
};

describe("a rescheduled event", () => {
  const MOVED = `${HEADER}\n2025-07-29T12:30:00Z,USD,high,GDP\n2025-07-30T19:00:00Z,USD,high,FOMC Decision\n2025-07-31T03:00:00Z,JPY,high,BOJ Statement on Monetary Policy\n`;
  const kept = "2025-08-12T12:30:00Z,USD,high,CPI (Consumer Price Index)";
  beforeEach(() => {
    book.db.transaction((tx) => tx.meta.set(META.mode, "paper"));
    trader("import", file(`${GOOD}${kept}\n`));
  });

  test("truth 8: --replace withdraws it in the file's span and leaves what lies outside; it no longer blocks", () => {
    expect(blocks("2025-07-30T18:00:00Z")).toBe("FOMC Decision");
    const [first, ...changes] = trader("import", file(MOVED), "--replace");
    expect(first).toContain("2 added, 0 changed, 1 unchanged, 1 withdrawn");
    expect(changes[0]).toMatch(/^ {2}- 2025-07-31 03:00 JST {2}USD {2}high {4}FOMC Decision/);
    expect(changes).toHaveLength(3);
    expect(calendar()).toEqual([
      "07-29 12:30 USD GDP",
      "07-30 19:00 USD FOMC Decision",
      "07-31 03:00 JPY BOJ Statement on Monetary Policy",
      "08-12 12:30 USD CPI (Consumer Price Index)",
    ]);
    expect(blocks("2025-07-30T17:45:00Z")).toBeUndefined();
    expect(blocks("2025-07-30T19:00:00Z")).toBe("FOMC Decision");
    const [event] = book.db.read.audit.after(0).slice(-1);
    expect(event).toMatchObject({
      kind: "events.imported",
      data: { withdrawn: 1, withdrawnEvents: [{ title: "FOMC Decision", currency: "USD" }] },
    });
    // The same again changes nothing and is no event of the audit log.
    const events = book.db.read.audit.after(0).length;
    expect(trader("import", file(MOVED), "--replace")[0]).toContain("0 added, 0 changed, 3 unchanged, 0 withdrawn");
    expect(book.db.read.audit.after(0)).toHaveLength(events);
  });

  test("truth 8: without --replace both times stay, both block, and a note says so", () => {
    trader("import", file(MOVED));
    expect(calendar()).toHaveLength(5);
    expect(blocks("2025-07-30T17:31:00Z")).toBe("FOMC Decision");
    expect(notes).toEqual([
      expect.stringMatching(
        /^note: USD "FOMC Decision" stands at 2025-07-31 03:00 JST \[[0-9a-f]{8}\] and at 2025-07-31 04:00 JST \[[0-9a-f]{8}\], within 6 days: both block entries; if it was moved, trader events remove/,
      ),
    ]);
  });

  test("truth 8: a dry run says the same and changes nothing", () => {
    const before = calendar();
    const audited = book.db.read.audit.after(0).length;
    const dry = trader("import", file(MOVED), "--replace", "--dry-run");
    expect(dry[0]).toMatch(/2 added, 0 changed, 1 unchanged, 1 withdrawn; .*; dry run, nothing was changed$/);
    expect(JSON.parse(trader("import", file(MOVED), "--replace", "--dry-run", "--json")[0]!)).toMatchObject({
      withdrawn: 1,
      dryRun: true,
    });
    expect(calendar()).toEqual(before);
    expect(book.db.read.audit.after(0)).toHaveLength(audited);
    const real = trader("import", file(MOVED), "--replace");
    expect(real.slice(1)).toEqual(dry.slice(1));
  });

  test("truth 8: a bad file withdraws nothing, and neither does an error inside the transaction", () => {
    const before = calendar();
    expect(() => trader("import", file(`${MOVED}nonsense,USD,high,x\n`), "--replace")).toThrow(/EVENTS|line 5/);
    book.db.sql.exec(
      "CREATE TRIGGER no_audit BEFORE INSERT ON audit_events BEGIN SELECT raise(ABORT, 'disk is full'); END",
    );
    expect(() => trader("import", file(MOVED), "--replace")).toThrow(/disk is full/);
    expect(() => trader("remove", idOf("FOMC Decision"))).toThrow(/disk is full/);
    expect(calendar()).toEqual(before);
  });

  test("truth 8: a currency that the file does not have is withdrawn too, and that is said; --currency keeps it", () => {
    const usd = file(
      `${HEADER}\n2025-07-29T12:30:00Z,USD,high,GDP\n2025-08-12T12:30:00Z,USD,high,CPI (Consumer Price Index)\n`,
    );
    trader("import", usd, "--replace", "--currency", "USD");
    expect(calendar()).toEqual([
      "07-29 12:30 USD GDP",
      "07-31 03:00 JPY BOJ Statement on Monetary Policy",
      "08-12 12:30 USD CPI (Consumer Price Index)",
    ]);
    expect(notes).toEqual([]);
    trader("import", usd, "--replace");
    expect(calendar()).toHaveLength(2);
    expect(notes).toEqual([expect.stringMatching(/every JPY event of the span was withdrawn \(1\)/)]);
    expect(() => trader("import", usd, "--currency", "USD")).toThrow(UsageError);
    expect(() => trader("import", usd, "--replace", "--currency", "usd")).toThrow(/three capital letters/);
  });

  test("truth 8: remove withdraws by id, all or none, and is audited with what it took", () => {
    const before = calendar();
    expect(() => trader("remove", idOf("FOMC Decision"), "00000000")).toThrow(
      expect.objectContaining({
        code: "EVENT_MISSING",
        message: expect.stringContaining('"00000000"; nothing was withdrawn'),
      }),
    );
    expect(calendar()).toEqual(before);
    const [id] = trader("list").flatMap((line) => /FOMC.*\[([0-9a-f]{8})\]$/.exec(line)?.[1] ?? []);
    expect(trader("remove", id!, id!)).toEqual([
      expect.stringMatching(/^withdrawn: 2025-07-31 03:00 JST .*FOMC Decision/),
    ]);
    expect(blocks("2025-07-30T18:00:00Z")).toBeUndefined();
    expect(book.db.read.audit.after(0).at(-1)).toMatchObject({
      kind: "events.removed",
      data: { events: [{ title: "FOMC Decision", importance: "high" }] },
    });
    expect(JSON.parse(trader("remove", idOf("CPI (Consumer Price Index)"), "--json")[0]!)).toMatchObject({
      withdrawn: [{ title: "CPI (Consumer Price Index)", kind: "cpi" }],
    });
    expect(() => trader("remove", id!)).toThrow(/EVENT_MISSING|expected ids of events/);
  });
});

test("truth 8: an important JPY event of no known kind is said at import, with what it does", () => {
  book.db.transaction((tx) => tx.meta.set(META.mode, "paper"));
  trader(
    "import",
    file(
      `${HEADER}\n2025-08-03T00:00:00Z,JPY,high,衆議院選挙\n2025-08-04T00:00:00Z,JPY,low,祝日\n2025-08-05T00:00:00Z,JPY,high,日銀金融政策決定会合\n`,
    ),
  );
  expect(notes).toEqual([
    expect.stringMatching(
      /^note: JPY "衆議院選挙" \(2025-08-03 09:00 JST\) is important and of no known kind: it blocks for NEWS/,
    ),
  ]);
});

test("truth 8: a Japanese BOJ row stored by an older version blocks 90 minutes too", () => {
  book.db.sql
    .prepare("INSERT INTO economic_events VALUES (?, 'JPY', 'high', '日銀金融政策決定会合', NULL)")
    .run(parseInstant("2025-07-31T03:00:00Z"));
  expect(blocks("2025-07-31T04:30:00Z")).toBe("日銀金融政策決定会合");
  expect(blocks("2025-07-31T04:31:00Z")).toBeUndefined();
});

describe("trader events list", () => {
  beforeEach(() => {
    trader("import", file(GOOD));
  });
  test("by default the next 30 days, with the calendar's end", () => {
    expect(trader("list")).toEqual([
      "2025-07-31 03:00 JST  USD  high    FOMC Decision  [58e137b9]",
      "2025-07-31 12:00 JST  JPY  high    BOJ Statement on Monetary Policy  ±90 min  [02768be6]",
      "the calendar ends 2025-07-31 12:00 JST",
    ]);
  });
  test("a range of JST dates or instants, as one JSON array", () => {
    const json = (...words: string[]) =>
      (JSON.parse(trader("list", "--json", ...words).join("")) as { title: string }[]).map((event) => event.title);
    expect(json("--from", "2025-07-31", "--to", "2025-08-01")).toHaveLength(2);
    expect(json("--from", "2025-07-31T03:00:00Z")).toEqual(["BOJ Statement on Monetary Policy"]);
    expect(json("--from", "2025-07-30T18:00:00Z", "--to", "2025-07-31T03:00:00Z")).toEqual(["FOMC Decision"]);
    expect(json("--from", "2026-01-01")).toEqual([]);
  });
  test("nothing there is said, with where the calendar ends", () => {
    expect(trader("list", "--from", "2026-01-01")).toEqual([
      "no events from 2026-01-01 00:00 JST to 2026-01-31 00:00 JST",
      "the calendar ends 2025-07-31 12:00 JST",
    ]);
  });
  test.each([
    [["--from", "yesterday"], /--from: expected an ISO-8601 time/],
    [["--to", "2025-02-30"], /--to: expected a date/],
    [["--from", "2025-08-02", "--to", "2025-08-01"], /expected --to after --from/],
  ])("%j is wrong use", (words, message) => {
    expect(() => trader("list", ...words)).toThrow(UsageError);
    expect(() => trader("list", ...words)).toThrow(message);
  });
});
