// Whether the audit log still has the end that was witnessed outside of it. The chain of hashes shows a changed or removed row
// only when a later one is left; the witnesses show what is missing at the end, or that a chain was written anew:
// progress.json, the daily reports (audit_heads and the owner's chat), and the restored copies that a worker has found.
//
// A witness is written after the commit of the event it names. So the log may be ahead of every witness, by up to 10 s of
// events and by what was committed before a crash; it is never behind one.

import { META } from "../../db/tables/meta.ts";
import { jstText } from "../../lib/core/time.ts";
import type { Database } from "../../queue/types.ts";
import { HEAD_CHARS } from "../report/reportText.ts";
import { keptProgress } from "./restoredBackup.ts";

/** The number and hash of an event that the log has held. */
interface Witness {
  readonly seq: number;
  /** A witness from a text holds its first characters; a progress.json of an older version has none: empty. */
  readonly hash: string;
  /** "progress.json", "the daily report of 2026-12-01 00:05 JST". */
  readonly source: string;
}

interface AuditVerdict {
  readonly events: number;
  readonly head: string | undefined;
  /** The first event whose hash does not follow from the one before. */
  readonly firstBroken: number | undefined;
  /** Events known to be missing at the end; undefined: none, or the number cannot be known. */
  readonly missing: number | undefined;
  /** What is wrong, one sentence each; empty: the log is whole. */
  readonly problems: readonly string[];
  /** Losses that a worker has found and told, and that no `trader restore` explains. They stay: the events are gone. */
  readonly lost: readonly string[];
  /** What a reader should know and is no problem. */
  readonly notes: readonly string[];
}

/** `given`: a head that the owner has read in a daily report. Reads the whole log. */
export const verifyAudit = (db: Database, varDir: string, given?: Witness): AuditVerdict => {
  // Before the log: events committed between the two reads put the log ahead, never behind.
  const kept = keptProgress(varDir);
  const { read } = db;
  const firstBroken = read.audit.firstBroken();
  const last = read.audit.last();
  const events = last?.seq ?? 0;
  const problems: string[] = [];
  const lost: string[] = [];
  const notes: string[] = [];
  if (firstBroken !== undefined)
    problems.push(`the hash chain is broken at event ${firstBroken}: the log was changed after it was written`);
  const witnesses: Witness[] = [
    ...read.auditHeads.all().map((h) => ({ ...h, source: `the daily report of ${jstText(h.atMs)}` })),
    ...(given === undefined ? [] : [given]),
  ];
  if (kept === "unreadable") problems.push("progress.json, which witnesses the log's end, cannot be read");
  else if (kept === "none") {
    if (read.meta.get(META.progressKept) !== undefined)
      problems.push("progress.json, which witnesses the log's end, is missing");
    else notes.push("no worker has written progress.json beside it: only daily reports witness its end");
  } else if (kept.databaseId !== read.meta.get(META.databaseId))
    problems.push("progress.json, which witnesses the log's end, belongs to another database");
  else if (kept.auditEvents > 0)
    witnesses.push({ seq: kept.auditEvents, hash: kept.auditHash ?? "", source: "progress.json" });
  const hashAt = (seq: number): string | undefined => read.progress.at({ jobs: 0, auditEvents: seq }).auditHash;
  const agrees = (w: Witness): boolean => hashAt(w.seq)?.startsWith(w.hash) === true;
  const highest = witnesses.reduce<Witness | undefined>((a, b) => (a && a.seq >= b.seq ? a : b), undefined);
  const missing = highest !== undefined && highest.seq > events ? highest.seq - events : undefined;
  if (highest !== undefined && missing !== undefined) {
    const since = last === undefined ? "its beginning" : `event ${events} of ${jstText(last.atMs)}`;
    problems.push(
      `${missing} events are missing at the end, since ${since}: ${highest.source} witnessed event ${highest.seq}${highest.hash === "" ? "" : ` (${short(highest.hash)})`}`,
    );
  }
  const other = witnesses.filter((w) => w.seq <= events && !agrees(w)).sort((a, b) => a.seq - b.seq)[0];
  if (other !== undefined) {
    const before = witnesses.filter((w) => w.seq < other.seq && agrees(w)).reduce((seq, w) => Math.max(seq, w.seq), 0);
    problems.push(
      `event ${other.seq} is not the one that ${other.source} witnessed (${short(other.hash)}, found ${short(hashAt(other.seq) ?? "none")}): events after ${before} were removed or written anew`,
    );
  }
  for (const { seq, atMs, data } of read.audit.ofKind("database.quarantined")) {
    const { held, witnessed, rewritten, restored, reason } = data as Partial<Record<string, unknown>>;
    if (typeof held !== "number" || typeof witnessed !== "number" || (witnessed <= held && rewritten !== true))
      continue;
    const what =
      witnessed > held
        ? `${witnessed - held} events after event ${held} were missing`
        : `event ${witnessed} was not the one that progress.json witnessed`;
    const text = `${what} when a worker started (${jstText(atMs)}, event ${seq}: ${String(reason)})`;
    if (restored === true) notes.push(`${text}; trader restore put a backup in place`);
    else lost.push(`${text}; no trader restore explains it: compare with a backup`);
  }
  return { events, head: last?.hash, firstBroken, missing, problems, lost, notes };
};

const short = (hash: string): string => hash.slice(0, HEAD_CHARS);
