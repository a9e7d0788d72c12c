/**
 * Custom archives (`pg_dump -Fc`): one file with header, table of contents and data blocks.
 */
import { ExpectedError } from "../../errors.ts";
import { type Bytes, Window } from "../bytes.ts";
import type { Damage } from "../copy-text.ts";
import type { DumpSource } from "../source.ts";
import { archiveSource } from "./archive.ts";
import { type Block, type BlockFormat, blockBytes, walkBlocks } from "./blocks.ts";
import { type Algorithm, decompress, prepareToDecompress, takesLent } from "./decompress.ts";
import type { Compression } from "./header.ts";
import { entryPlace, readToc, type Toc } from "./toc.ts";

/** What `openCustom` needs. */
export interface CustomRequest {
  readonly bytes: Bytes;
  readonly file: { readonly bytes: number; readonly wrapping: string };
  readonly digest: () => Promise<string | undefined>;
}

/** What custom archives call gzip is a zlib stream without gzip's header. */
const STREAMS = {
  none: "none",
  gzip: "zlib",
  lz4: "lz4",
  zstd: "zstd",
} as const satisfies Record<Compression, Algorithm>;

/**
 * Reads the table of contents and walks over all data. Closes `bytes` when disposed.
 *
 * @throws ExpectedError `dump_damaged` if data are missing, `dump_unsupported`.
 */
export async function openCustom({ bytes, file, digest }: CustomRequest): Promise<DumpSource> {
  const { path } = bytes;
  await using window = new Window(bytes);
  const damage =
    (where: string): Damage =>
    (reason) =>
      new ExpectedError({ code: "dump_damaged", path, where, reason });
  const unknownEncoding = (name: string): Error => unsupportedEncoding(path, name);
  const otherFormat = (): Error => looseToc(path);
  const toc = await readToc({ window, custom: true, damage, otherFormat, unknownEncoding });
  const format: BlockFormat = {
    intSize: toc.header.intSize,
    damage: (position) => damage(`byte ${position}`),
  };
  const algorithm = STREAMS[toc.header.compression];
  prepareToDecompress(algorithm, file.bytes);
  const blocks = await walkBlocks(window, toc.next, format);
  const places = indexBlocks(toc, blocks, damage);
  // Awaited here: the window must not be closed while the promise is on its way.
  return await archiveSource({
    path,
    toc,
    name: `${file.wrapping}custom archive`,
    bytes: file.bytes,
    seekable: bytes.seekable,
    largeObjects: blocks.reduce((sum, block) => sum + block.largeObjects, 0),
    data: (entry) => {
      const read = { ...format, lent: takesLent(algorithm) };
      return decompress({
        algorithm,
        bytes: blockBytes(bytes, places.get(entry.id) ?? NOWHERE, read),
        damage: damage(entryPlace(entry)),
        lent: true,
      });
    },
    digest,
    close: bytes.close,
  });
}

const NOWHERE = { start: 0, end: 0 };

/** Each entry's block. A file cut off at the border of a block shows by what is missing here. */
function indexBlocks(
  toc: Toc,
  blocks: readonly Block[],
  damage: (where: string) => Damage,
): ReadonlyMap<number, Block> {
  const expected = new Map(
    toc.entries.filter((entry) => entry.hasData).map((entry) => [entry.id, entry]),
  );
  const found = new Map<number, Block>();
  for (const block of blocks) {
    const { entry, start } = block;
    if (found.has(entry)) throw damage(`byte ${start}`)(`a second block of TOC entry ${entry}`);
    if (!expected.has(entry)) {
      throw damage(`byte ${start}`)(`a block of TOC entry ${entry}, which has no data`);
    }
    found.set(entry, block);
  }
  const missing = [...expected.values()].filter((entry) => !found.has(entry.id));
  const [first] = missing;
  if (first) {
    const others = missing.length > 1 ? ` and of ${missing.length - 1} others` : "";
    throw damage("the end of the file")(`the data of ${entryPlace(first)}${others} are missing`);
  }
  return found;
}

function looseToc(path: string): ExpectedError {
  return new ExpectedError({
    code: "dump_unsupported",
    path,
    what: "the toc.dat of a directory or tar archive",
    remedy: "name the directory or the tar file itself",
  });
}

/** The failure for an encoding that is not known. */
export function unsupportedEncoding(path: string, name: string): ExpectedError {
  return new ExpectedError({
    code: "dump_unsupported",
    path,
    what: `a dump in the encoding ${name}`,
    remedy: "make it with --encoding=UTF8",
  });
}
