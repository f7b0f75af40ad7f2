// Small files that must never be read half written: written to a temporary file, synced, renamed, and the folder
// synced.
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Durable when it resolves. Rejects with the system's error; the old content is kept then. */
export const writeFileDurably = async (path: string, text: string): Promise<void> => {
  const beside = `${path}.new`;
  const file = await open(beside, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await renameDurably(beside, path);
};

/** One step, durable when it resolves: a crash leaves the old file or the new one. The file must be synced before. */
export const renameDurably = async (from: string, to: string): Promise<void> => {
  await rename(from, to);
  await sync(dirname(to));
};

/** Makes a file's content, or a folder's list of names, survive a power failure. */
export const sync = async (path: string): Promise<void> => {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
