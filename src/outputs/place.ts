/**
 * The place of a folder of files: whether it is free, and how a finished folder takes it. Knows nothing of how files are written.
 */
import { randomBytes } from "node:crypto";
import { readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { leftBehind, processTag, removeLeftBehind } from "../changeset/left-behind.ts";
import { ExpectedError } from "../errors.ts";
import { guardFiles } from "./file-errors.ts";

export interface Place {
  readonly path: string;
  /** Whether a bundle that is there already may be replaced. */
  readonly force: boolean;
}

/** Lists a folder's files with their digests, in the form that `sha256sum -c` reads. */
export const MANIFEST = "MANIFEST";

/** What later commands add to a bundle. */
const ADDED_LATER: readonly string[] = ["rehearsal.json"];

/**
 * Refuses early what `writeFolder` would refuse late: a place that is taken. A bundle that a killed run had moved out of its place
 * is back in it.
 *
 * @throws ExpectedError `output_exists`; with `force`, or for a file, only if something other than a bundle lies there: `output_foreign`.
 */
export async function checkFree({ path, force }: Place): Promise<void> {
  await settle(await placeOf(path));
  const entries = await entriesOf(path);
  if (entries === undefined) return;
  if (entries === "not a folder") {
    throw new ExpectedError({ code: "output_foreign", path, names: [basename(path)] });
  }
  if (!force) throw new ExpectedError({ code: "output_exists", path });
  const listed = entries.includes(MANIFEST) ? await manifestNames(join(path, MANIFEST)) : [];
  const own = new Set([MANIFEST, ...ADDED_LATER, ...listed]);
  const names = entries.filter((name) => !own.has(name)).sort();
  if (names.length > 0) throw new ExpectedError({ code: "output_foreign", path, names });
}

/** The folder itself where the path is a link to it: that is what a new one replaces, not the link. */
export async function placeOf(path: string): Promise<string> {
  return await realpath(path).catch(() => resolve(path));
}

/**
 * Gives a finished folder its name; what had the name before is gone afterwards.
 *
 * @throws ExpectedError `output_exists` if the place has been taken meanwhile and may not be replaced. Other errors are those of the
 *   file system; the former folder is back then.
 */
export async function moveIntoPlace(
  { path, force }: Place,
  partial: string,
  target: string,
): Promise<void> {
  const taken = (await entriesOf(target)) !== undefined;
  if (!taken) return rename(partial, target);
  if (!force) throw new ExpectedError({ code: "output_exists", path });
  const former = besides(target, "former");
  await rename(target, former);
  try {
    await rename(partial, target);
  } catch (error) {
    await rename(former, target);
    throw error;
  }
  // A former folder is whole, as long as it has that name.
  const unwanted = besides(target, "partial");
  await rename(former, unwanted);
  await rm(unwanted, { recursive: true, force: true });
}

type Beside = "partial" | "former";

/** A path beside the place, for what is not ready or no longer wanted. Its name tells whose it is. */
export function besides(target: string, what: Beside): string {
  // Process numbers are not enough: two containers that share a folder often have the same.
  const unique = randomBytes(3).toString("hex");
  return join(dirname(target), `${prefixOf(target, what)}${processTag()}-${unique}`);
}

/** What such names begin with, whoever made them. */
function prefixOf(target: string, what: Beside): string {
  return `.${basename(target)}.${what}-`;
}

/**
 * Settles what killed runs have left beside the place: a former bundle gets it back where it is empty, and goes where a bundle is there;
 * beside anything else it stays. What was never finished goes.
 */
async function settle(target: string): Promise<void> {
  await removeLeftBehind(dirname(target), prefixOf(target, "partial"));
  for (const path of await leftBehind(dirname(target), prefixOf(target, "former"))) {
    const entries = await entriesOf(target);
    if (entries === undefined) {
      await guardFiles("restoring", target, () => rename(path, target));
    } else if (entries !== "not a folder" && entries.includes(MANIFEST)) {
      // Another run may remove it at the same time.
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/** `undefined` where there is nothing. */
async function entriesOf(path: string): Promise<readonly string[] | "not a folder" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? await readdir(path) : "not a folder";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    return guardFiles("reading", path, () => Promise.reject(error));
  }
}

async function manifestNames(path: string): Promise<readonly string[]> {
  const text = await guardFiles("reading", path, () => readFile(path, "utf8"));
  return [...text.matchAll(/^[0-9a-f]{64} {2}(.+)$/gm)].map(([, name = ""]) => name);
}
