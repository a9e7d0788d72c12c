/**
 * Directory archives (`pg_dump -Fd`): a folder with toc.dat and one file for each table's data.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileError, openFile } from "../bytes.ts";
import type { DumpSource } from "../source.ts";
import { prepareToDecompress } from "./decompress.ts";
import { algorithmOf, openMembers } from "./members.ts";

/** Opens the folder at `path`. @throws ExpectedError as `openMembers` does, and `file_system`. */
export async function openDirectory(path: string): Promise<DumpSource> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    throw fileError(path, "reading", error);
  });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  let bytes = 0;
  let largest = { name: "", size: 0 };
  for (const name of names) {
    const { size } = await stat(join(path, name));
    bytes += size;
    if (size > largest.size) largest = { name, size };
  }
  prepareToDecompress(algorithmOf(largest.name), largest.size);
  return openMembers({
    path,
    name: "directory archive",
    bytes,
    seekable: true,
    names: new Set(names),
    open: (name) => openFile(join(path, name)),
    digest: async () => undefined,
    close: async () => undefined,
  });
}
