/**
 * rowpatch.config.yaml: read, and handed on as untrusted settings.
 */
import { readFile } from "node:fs/promises";
import { ExpectedError } from "../errors.ts";
import { guardFiles } from "../outputs/file-errors.ts";
import type { RawSettings } from "./setting-reader.ts";

export const CONFIG_FILE = "rowpatch.config.yaml";

export interface ConfigFile {
  /** For messages. */
  readonly name: string;
  readonly settings: RawSettings;
}

/**
 * The file named by `--config`, else `rowpatch.config.yaml` of this folder, else no settings.
 *
 * @throws ExpectedError `usage` if it is no YAML mapping, `file_system` if a named file cannot be read.
 */
export async function readConfigFile(named: string | undefined): Promise<ConfigFile> {
  const name = named ?? CONFIG_FILE;
  const text = await guardFiles("reading", name, () => readIfThere(name, named === undefined));
  if (text === undefined) return { name, settings: {} };
  const { parse, YAMLError } = await import("yaml");
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    // An alias without an anchor is a ReferenceError, which repeats what stands there.
    if (!(error instanceof YAMLError || error instanceof ReferenceError)) throw error;
    const [line = ""] =
      error instanceof YAMLError ? error.message.split("\n") : ["an alias has no anchor"];
    throw new ExpectedError(
      { code: "usage", message: `${name} is not YAML: ${line}` },
      { cause: error },
    );
  }
  if (content === null) return { name, settings: {} };
  if (typeof content !== "object" || Array.isArray(content)) {
    throw new ExpectedError({
      code: "usage",
      message: `${name} must hold settings such as "local: postgres://localhost/shop"`,
    });
  }
  return { name, settings: { ...content } };
}

async function readIfThere(path: string, mayBeMissing: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (mayBeMissing && missing) return undefined;
    throw error;
  }
}
