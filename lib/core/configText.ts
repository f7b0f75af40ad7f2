// A setting as it may be shown.

import { type Config, isSecret, SETTINGS, type SettingName } from "./config.ts";
import { formatE8, toNumber } from "./money.ts";
import { HIDDEN, redact } from "./redact.ts";

const plain = (value: unknown): string | number | boolean | null =>
  value === undefined
    ? null
    : typeof value === "bigint"
      ? formatE8(value)
      : Array.isArray(value)
        ? value.join(",")
        : typeof value === "string"
          ? redact(value) // An address may carry a password.
          : (value as number | boolean);
/** A setting as it may be shown; null: not set. */
export const shownSetting = (config: Config, name: SettingName): string | number | boolean | null =>
  isSecret(name) && config[name] !== undefined ? HIDDEN : plain(config[name]);
/** The same for `--json`: amounts and shares as numbers. */
export const settingJson = (config: Config, name: SettingName): string | number | boolean | null => {
  const value = config[name];
  return typeof value === "bigint" ? toNumber(value) : shownSetting(config, name);
};
const fallbackValue = (name: SettingName): unknown => {
  const { schema, fallback } = SETTINGS[name];
  return fallback === undefined ? undefined : schema.parse(fallback);
};
export const isDefault = (config: Config, name: SettingName): boolean =>
  String(shownSetting(config, name)) ===
  String(SETTINGS[name].fallback === undefined ? null : plain(fallbackValue(name)));
