// Files from outside are read whole, so their size is checked before, and what a gzip unpacks to while it unpacks: a few
// megabytes of gzip may hold gigabytes. Nothing larger than its cap is ever in memory.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export const MEGABYTE = 1_000_000;
const sizeText = (bytes: number): string =>
  bytes >= MEGABYTE ? `${Math.ceil(bytes / MEGABYTE)} MB` : `${Math.ceil(bytes / 1_000)} kB`;

/** The file is larger than its cap; the message says both. */
export class FileTooBig extends Error {}

/**
 * The bytes of a file of at most `capBytes`. Throws FileTooBig, or the error of the system (no such file, no permission).
 * A file without a size of its own (a pipe, /dev/zero) is read up to the cap.
 */
export const readCapped = (path: string, capBytes: number): Buffer => {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    if (size > capBytes) throw tooBig(`${sizeText(size)}`, capBytes);
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const part = Buffer.allocUnsafe(Math.min(capBytes + 1 - total, Math.max(size + 1 - total, 65_536)));
      const read = readSync(file, part, 0, part.length, null);
      if (read === 0) return Buffer.concat(parts, total);
      parts.push(part.subarray(0, read));
      total += read;
      if (total > capBytes) throw tooBig("more", capBytes);
    }
  } finally {
    closeSync(file);
  }
};

/** The same; a gzip, recognised by its first bytes, unpacked to at most `capBytes`. */
export const readCappedText = (path: string, capBytes: number): Buffer => {
  const bytes = readCapped(path, capBytes);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: capBytes });
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooBig("more once unpacked", capBytes);
    throw e;
  }
};

const tooBig = (found: string, capBytes: number): FileTooBig =>
  new FileTooBig(`${found}, of which at most ${sizeText(capBytes)} are read; split the file`);
