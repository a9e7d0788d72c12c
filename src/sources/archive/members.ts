/**
 * Archives of several files: directories, and tars of them. What a file is called says which entry's data it holds.
 */
import { ExpectedError } from "../../errors.ts";
import { type Bytes, Window } from "../bytes.ts";
import type { Damage } from "../copy-text.ts";
import { foreignFolder } from "../foreign.ts";
import type { DumpSource } from "../source.ts";
import { archiveSource } from "./archive.ts";
import { unsupportedEncoding } from "./custom.ts";
import { type Algorithm, decompress, takesLent } from "./decompress.ts";
import { entryPlace, readToc, type Toc } from "./toc.ts";
import { unwrap } from "./unwrap.ts";

/** The files of an archive. */
export interface Members {
  readonly path: string;
  /** For people: `directory archive`, `tar archive`. */
  readonly name: string;
  /** Size of the whole. */
  readonly bytes: number;
  /** Files are reached without reading others. */
  readonly seekable: boolean;
  /** Names of all files, without folders. */
  readonly names: ReadonlySet<string>;
  /** The bytes of the file with this name; to be closed by the caller. */
  readonly open: (name: string) => Promise<Bytes>;
  readonly digest: () => Promise<string | undefined>;
  readonly close: () => Promise<void>;
}

/** Endings of file names, in the order in which pg_restore looks for them. */
const SUFFIXES: readonly (readonly [string, Algorithm])[] = [
  ["", "none"],
  [".gz", "gzip"],
  [".lz4", "lz4"],
  [".zst", "zstd"],
];

/** How the content of a file with this name is compressed. */
export function algorithmOf(name: string): Algorithm {
  return SUFFIXES.find(([suffix]) => suffix !== "" && name.endsWith(suffix))?.[1] ?? "none";
}

/**
 * Reads the table of contents and sees that each entry's file is there. Closes `members` when disposed.
 *
 * @throws ExpectedError `dump_damaged`, `dump_unsupported`, `not_a_dump`.
 */
export async function openMembers(members: Members): Promise<DumpSource> {
  const { path } = members;
  const damage =
    (where: string): Damage =>
    (reason) =>
      new ExpectedError({ code: "dump_damaged", path, where, reason });
  const toc = await readTocFile(members, damage);
  const files = new Map<number, Stored>();
  for (const entry of toc.entries) {
    if (entry.kind !== "TABLE DATA" || !entry.hasData) continue;
    const place = damage(entryPlace(entry));
    if (!/^\d+\.dat$/.test(entry.file))
      throw place(`it names the file ${JSON.stringify(entry.file)}`);
    const stored = findMember(members, entry.file);
    if (!stored) throw place(`the file ${entry.file} with its rows is missing`);
    files.set(entry.id, stored);
  }
  const largeObjects = await countLargeObjects(members);
  return archiveSource({
    path,
    toc,
    name: members.name,
    bytes: members.bytes,
    seekable: members.seekable,
    largeObjects,
    data: (entry) => readMember(members, files.get(entry.id), damage(entryPlace(entry))),
    digest: members.digest,
    close: members.close,
  });
}

interface Stored {
  readonly name: string;
  readonly algorithm: Algorithm;
}

function findMember(members: Members, name: string): Stored | undefined {
  for (const [suffix, algorithm] of SUFFIXES) {
    if (members.names.has(name + suffix)) return { name: name + suffix, algorithm };
  }
  return undefined;
}

async function readTocFile(members: Members, damage: (where: string) => Damage): Promise<Toc> {
  const { path } = members;
  const stored = findMember(members, "toc.dat");
  if (!stored) {
    throw new ExpectedError({ code: "not_a_dump", path, ...foreignFolder(members.names) });
  }
  const file = await members.open(stored.name);
  const { algorithm } = stored;
  const bytes =
    algorithm === "none" ? file : unwrap({ file, algorithm, damage: damage("toc.dat") });
  try {
    await using window = new Window(bytes);
    await window.hold(0, 5);
    if (window.bytes.toString("latin1", 0, 5) !== "PGDMP") {
      throw damage("toc.dat")("it does not start as archives do");
    }
    const unknownEncoding = (name: string): Error => unsupportedEncoding(path, name);
    const otherFormat = (): Error => damage("toc.dat")("it is that of a custom archive");
    return await readToc({ window, custom: false, damage, otherFormat, unknownEncoding });
  } finally {
    await bytes.close();
  }
}

async function* readMember(
  members: Members,
  stored: Stored | undefined,
  damage: Damage,
): AsyncGenerator<Buffer, void, undefined> {
  if (!stored) throw damage("the file with its rows is missing");
  const file = await members.open(stored.name);
  try {
    const { algorithm } = stored;
    const bytes = file.read(0, undefined, takesLent(algorithm) ? "lent" : undefined);
    yield* decompress({ algorithm, bytes, damage, lent: true });
  } finally {
    await file.close();
  }
}

/** The lists of large objects, `OID name` a line, are never compressed. */
async function countLargeObjects(members: Members): Promise<number> {
  let count = 0;
  for (const name of members.names) {
    if (!/^blobs(?:_\d+)?\.toc$/.test(name)) continue;
    const file = await members.open(name);
    for await (const chunk of file.read(0)) {
      for (const byte of chunk) if (byte === 0x0a) count += 1;
    }
    await file.close();
  }
  return count;
}
