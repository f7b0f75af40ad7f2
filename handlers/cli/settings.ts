// `trader config`: every setting with its value, default and meaning.
import type { Command } from "commander";
import { type Config, HIDDEN, isSecret, SETTINGS, type SettingName } from "../../lib/core/config.ts";
import { formatE8 } from "../../lib/core/money.ts";

const plain = (value: unknown): string | number | boolean | null =>
  value === undefined
    ? null
    : typeof value === "bigint"
      ? formatE8(value)
      : Array.isArray(value)
        ? value.join(",")
        : (value as string | number | boolean);
/** A setting as it may be shown; null: not set. */
export const shownSetting = (config: Config, name: SettingName): string | number | boolean | null =>
  isSecret(name) && config[name] !== undefined ? HIDDEN : plain(config[name]);

export const isDefault = (config: Config, name: SettingName): boolean =>
  String(shownSetting(config, name)) ===
  String(SETTINGS[name].fallback === undefined ? null : plain(fallbackValue(name)));

export const registerSettings = (
  program: Command,
  deps: { readonly config: () => Config; readonly out: (text: string) => void },
): void => {
  program
    .command("config")
    .description("print every setting: value, default, meaning")
    .option("--json", "one JSON object")
    .action((options: { json?: boolean }) => {
      const config = deps.config();
      const names = Object.keys(SETTINGS) as SettingName[];
      if (options.json) {
        deps.out(JSON.stringify(Object.fromEntries(names.map((name) => [name, shownSetting(config, name)]))));
        return;
      }
      for (const name of names) {
        const value = shownSetting(config, name);
        const fallback = SETTINGS[name].fallback;
        deps.out(
          `${name} = ${value ?? "(not set)"}${!isDefault(config, name) ? `   (default ${fallback ?? "not set"})` : ""}`,
        );
        deps.out(`    ${SETTINGS[name].doc}`);
      }
    });
};

const fallbackValue = (name: SettingName): unknown => {
  const { schema, fallback } = SETTINGS[name];
  return fallback === undefined ? undefined : schema.parse(fallback);
};
