// `trader config`: every setting with its value, default and meaning.

import type { Command } from "commander";
import { type Config, SETTINGS, type SettingName } from "../../../lib/core/config.ts";
import { isDefault, settingJson, shownSetting } from "../../../lib/core/configText.ts";

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
        deps.out(JSON.stringify(Object.fromEntries(names.map((name) => [name, settingJson(config, name)]))));
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
