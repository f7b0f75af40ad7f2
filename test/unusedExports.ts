// Finds exports that no other file imports: what only its own file uses needs no `export`, and what nobody uses is dead. Part of
// `npm run lint`; `npm run lint:exports -- --fix` drops the word. Names are found by pattern, which is enough because every
// export of this project is named and declared where it is exported; test/tidy.test.ts checks that unused ones are found.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Text by path from the project's root. */
export type Sources = ReadonlyMap<string, string>;

const EXPORT = /^export (?:declare |abstract |async )*(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm;
/** `import { a, type B as C } from "./x.ts"`, `import * as x`, `(await import("./x.ts")).a`, `export { a } from`. */
const IMPORT = /(?:^(?:import|export)\s+(?:type\s+)?([^;"]*?)\s+from\s*|import\()"(\.[^"]+)"\)?\)?(?:\.(\w+))?/gm;
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");

export interface Export {
  readonly file: string;
  readonly name: string;
}
/** Each export of `declared` that neither another file of `declared` nor one of `users` imports. */
export const unusedExports = (declared: Sources, users: Sources): readonly Export[] => {
  const used = new Set<string>();
  for (const [file, text] of [...declared, ...users])
    for (const [, names, path = "", member] of withoutComments(text).matchAll(IMPORT)) {
      const target = join(dirname(file), path);
      if (member !== undefined) used.add(`${target}: ${member}`);
      // A namespace, or a dynamic import without a member, may use every name.
      else if (names === undefined || names.startsWith("*")) used.add(target);
      else
        for (const [, name = ""] of names.matchAll(/(?:^|[{,])\s*(?:type\s+)?(\w+)/g)) used.add(`${target}: ${name}`);
    }
  return [...declared].flatMap(([file, text]) =>
    used.has(file)
      ? []
      : [...withoutComments(text).matchAll(EXPORT)]
          .map(([, name = ""]) => ({ file, name }))
          .filter(({ name }) => !used.has(`${file}: ${name}`)),
  );
};
/** The text without the word `export` in front of the name. */
const withoutExport = (text: string, name: string): string =>
  text.replaceAll(new RegExp(`^export (?=(?:declare |abstract |async )*[a-z*]+ ${name}\\b)`, "gm"), "");

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name === "node_modules") return [];
    return entry.isDirectory() ? filesBelow(path) : entry.name.endsWith(".ts") ? [path] : [];
  });
const read = (folders: readonly string[]): Sources =>
  new Map(
    folders.flatMap(filesBelow).map((path) => [relative(".", path), readFileSync(join(ROOT, path), "utf8")] as const),
  );

export const unusedInProject = (): readonly Export[] =>
  unusedExports(read(["handlers", "queue", "lib", "models", "db"]), read(["test"]));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = unusedInProject();
  const fix = process.argv.includes("--fix");
  for (const { file, name } of found) {
    process.stderr.write(`unused export: ${file}: ${name}\n`);
    if (fix) writeFileSync(join(ROOT, file), withoutExport(readFileSync(join(ROOT, file), "utf8"), name));
  }
  process.exitCode = found.length === 0 || fix ? 0 : 1;
}
