// Which file a path leads to: device and inode. A database that was deleted, renamed or replaced while it is open stays
// open under its old identity, and nothing written to it is found again by the path.
import { fstatSync, readdirSync, statSync } from "node:fs";

/** "device:inode". */
export type FileIdentity = string;

const ofStat = ({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): FileIdentity => `${dev}:${ino}`;

/**
 * The identity of what is at the path now; "missing" when nothing is. undefined: it cannot be told (no permission, a
 * failing disk), which is no evidence of a replacement.
 */
export const identityAt = (path: string): FileIdentity | "missing" | undefined => {
  try {
    return ofStat(statSync(path, { bigint: true }));
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? "missing" : undefined;
  }
};

/** The files that this process has open; undefined where the system does not list them. */
export const openHere = (): ReadonlySet<FileIdentity> | undefined => {
  let names: readonly string[];
  try {
    names = readdirSync("/dev/fd");
  } catch {
    return undefined; // Not Linux or macOS.
  }
  const open = new Set<FileIdentity>();
  for (const name of names)
    try {
      open.add(ofStat(fstatSync(Number(name), { bigint: true })));
    } catch {
      // The descriptor of the listing itself is closed by now.
    }
  return open;
};

/** Size in bytes and time of the last write of a file; undefined when it cannot be read. */
export const writtenAt = (path: string): { readonly bytes: number; readonly ms: number } | undefined => {
  try {
    const { size, mtimeMs } = statSync(path);
    return { bytes: size, ms: mtimeMs };
  } catch {
    return undefined;
  }
};
