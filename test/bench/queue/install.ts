// Installs the rivals, each into its own folder, never into the project: exact versions, no lock file, and
// better-sqlite3 of the project where a rival can use it. What cannot be installed is reported; an offline machine
// measures ours alone.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lastLines } from "./orders.ts";

/** Two of them compile SQLite where no prebuilt can be downloaded: minutes on a small machine, once. */
const INSTALL_LIMIT_MS = 300_000;

const folderOf = (rival: string): string => fileURLToPath(new URL(`../rivals/${rival}/`, import.meta.url));
const readJson = (path: string): { version?: string; dependencies?: Record<string, string> } =>
  JSON.parse(readFileSync(path, "utf8"));

const dependenciesOf = (folder: string): Readonly<Record<string, string>> =>
  readJson(join(folder, "package.json")).dependencies ?? {};
export const versionsOf = (rival: string): Readonly<Record<string, string>> => dependenciesOf(folderOf(rival));

const isInstalled = (folder: string): boolean =>
  Object.entries(dependenciesOf(folder)).every(([name, version]) => {
    const manifest = join(folder, "node_modules", name, "package.json");
    return existsSync(manifest) && readJson(manifest).version === version;
  });

/** Resolves with undefined when it is there, else with the reason why not. */
export const install = (rival: string, tell: (line: string) => void): Promise<string | undefined> =>
  installIn(folderOf(rival), rival, tell);

/** What the package.json of the folder names, into that folder. */
export const installIn = async (
  folder: string,
  name: string,
  tell: (line: string) => void,
): Promise<string | undefined> => {
  if (isInstalled(folder)) return undefined;
  tell(`installing ${name} (once; it may compile for some minutes)`);
  const flags = ["--no-audit", "--no-fund", "--no-package-lock", "--legacy-peer-deps", "--fetch-retries=1"];
  const child = spawn("npm", ["install", ...flags], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4_000);
  });
  return new Promise((resolve) => {
    const limit = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), INSTALL_LIMIT_MS);
    const end = (why: string | undefined): void => {
      clearTimeout(limit);
      resolve(why);
    };
    child.on("error", (error) => end(`npm could not be started: ${error.message}`));
    child.on("close", (code, signal) => {
      if (code === 0 && isInstalled(folder)) end(undefined);
      else if (signal) end(`npm install was ended after ${INSTALL_LIMIT_MS / 1_000} s`);
      else end(`npm install ended with ${code}: ${lastLines(stderr)}`);
    });
  });
};
