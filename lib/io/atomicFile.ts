// Small files that must never be seen half written: written beside, synced, renamed, and the folder synced.
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Durable when it resolves. Rejects with the system's error; the old content is there then. */
export const writeFileDurably = async (path: string, text: string): Promise<void> => {
  const beside = `${path}.new`;
  const file = await open(beside, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};
