/**
 * Reads single settings out of flags and file, and collects what is wrong with them. Knows forms, not meanings.
 */

/** Under the names of their flags. Flags come as commander collects them, a file's values as YAML has them. */
export type RawSettings = Readonly<Record<string, unknown>>;

/** What a file may hold: every setting about the comparison and its scripts, none about a single run. */
export const SETTING_NAMES = [
  "production",
  "local",
  "include",
  "exclude",
  "key",
  "ignore-column",
  "where",
  "deletes",
  "triggers",
  "rules",
  "memory",
  "jobs",
  "database",
  "ticket",
  "out",
  "expect-database",
  "lock-timeout",
  "statement-timeout",
  "lock",
  "ledger",
  "backup-schema",
  "bulk-threshold",
  "temp-tables",
  "trigger-writes",
] as const;

export type SettingName = (typeof SETTING_NAMES)[number];

/** A reader returns `undefined`, or nothing in a list, for what is missing and for what it has noted as a mistake. */
export interface SettingReader {
  /** One sentence each, with the place. */
  readonly mistakes: string[];
  /** The flag's value if it was given, else the file's. A list of flags replaces the file's list. */
  value(name: SettingName): unknown;
  text(name: SettingName): string | undefined;
  choice<T extends string | boolean>(name: SettingName, choices: readonly T[]): T | undefined;
  matching(name: SettingName, form: RegExp, expected: string): string | undefined;
  list(name: SettingName): readonly string[];
  /** `table=value` flags, or a mapping from table to value in the file. */
  byTable(name: SettingName, expected: string): readonly (readonly [string, string])[];
}

/** A reader over both; names in the file that mean nothing are mistakes already. */
export function settingReader(
  flags: RawSettings,
  file: RawSettings,
  fileName: string,
): SettingReader {
  const known = new Set<string>(SETTING_NAMES);
  const mistakes = Object.keys(file)
    .filter((name) => !known.has(name))
    .map((name) => `${fileName}: there is no setting ${JSON.stringify(name)}`);
  const value = (name: SettingName): unknown => flags[name] ?? file[name] ?? undefined;
  const mistake = (name: SettingName, expected: string): undefined => {
    const place = flags[name] === undefined ? `${fileName}: ${name}` : `--${name}`;
    mistakes.push(`${place} ${expected}`);
  };
  const text = (name: SettingName): string | undefined => {
    const given = value(name);
    if (given === undefined) return undefined;
    if (typeof given === "string" && given !== "") return given;
    return mistake(name, "must be a text that is not empty");
  };
  const list = (name: SettingName): readonly string[] => {
    const given = value(name) ?? [];
    const items: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (items.every(isFilled)) return items;
    mistake(name, "must be a text or a list of texts");
    return [];
  };
  return {
    mistakes,
    value,
    text,
    list,
    choice(name, choices) {
      const given = value(name);
      const chosen = choices.find((choice) => choice === given);
      if (chosen !== undefined || given === undefined) return chosen;
      return mistake(name, `must be ${choices.join(" or ")}`);
    },
    matching(name, form, expected) {
      const given = text(name);
      return given === undefined || form.test(given) ? given : mistake(name, expected);
    },
    byTable(name, expected) {
      const given = value(name);
      const pairs = isMapping(given)
        ? Object.entries(given).map(([table, item]) => [table, joined(item)] as const)
        : list(name).map(splitAtEquals);
      if (pairs.every(([table, item]) => table !== "" && item !== "")) return pairs;
      mistake(name, expected);
      return [];
    },
  };
}

/** Splits at the first `=` outside double quotes: `"a=b".t=id` is table `"a=b".t`. */
function splitAtEquals(text: string): readonly [string, string] {
  const [, table = "", value = ""] = /^((?:"(?:[^"]|"")*"|[^"=])*)=(.*)$/s.exec(text) ?? [];
  return [table.trim(), value.trim()];
}

/** A file may list columns. */
function joined(value: unknown): string {
  if (Array.isArray(value) && value.every(isFilled)) return value.join(",");
  return typeof value === "string" ? value : "";
}

function isFilled(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
