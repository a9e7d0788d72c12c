/**
 * The folder for what a run keeps on disk. Whoever was killed leaves one behind, with production's rows in it: the next run removes it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileFailure } from "./file-failure.ts";
import { processTag, removeLeftBehind } from "./left-behind.ts";

/** A new folder, readable by its owner only. */
export interface WorkFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes a folder in `parent`, named by the process; disposing removes it with all that it holds. Removes folders of processes of this
 * machine and user that are no more.
 *
 * @throws ExpectedError `file_system`
 */
export async function workFolder(parent: string): Promise<WorkFolder> {
  try {
    const path = await mkdtemp(join(parent, `rowpatch-${processTag()}-`));
    await removeLeftBehind(parent, "rowpatch-");
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  } catch (error) {
    throw fileFailure(parent, "making a folder in", error);
  }
}
