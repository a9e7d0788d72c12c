/**
 * A plain dump as a source of DDL and rows. Rows are read by their place in the file when they are asked for.
 */
import { ExpectedError } from "../../errors.ts";
import { compareNames } from "../../names.ts";
import { blocksOf, indexBlocks } from "../block-index.ts";
import { blockLines } from "../block-lines.ts";
import type { Bytes } from "../bytes.ts";
import type { Damage } from "../copy-text.ts";
import type { DumpSource, LinesRequest, Provenance } from "../source.ts";
import { readContents } from "./contents.ts";
import { emptyBlocks, type PlainBlock, type Section } from "./section.ts";

/** What `openPlain` needs. */
export interface PlainRequest {
  readonly bytes: Bytes;
  /** Which database of a pg_dumpall file. */
  readonly database?: string;
  /** Size and compression of the file itself. */
  readonly file: Pick<Provenance, "bytes"> & { readonly wrapping: string };
  readonly digest: () => Promise<string | undefined>;
}

/**
 * Reads the file once and offers what it found. Closes `bytes` when disposed.
 *
 * @throws ExpectedError as `readContents` does, `several_databases`, and `dump_unsupported` for dumps that nothing tells apart.
 */
export async function openPlain(request: PlainRequest): Promise<DumpSource> {
  const { bytes } = request;
  const { sections, crlf } = await readContents(bytes);
  const section = chooseSection(bytes.path, sections, request.database);
  const blocks = [...section.blocks, ...emptyBlocks(section)];
  const byTable = indexBlocks(section.blocks);
  const sequences = section.sequences.toSorted((a, b) => compareNames(a.name, b.name));
  return {
    kind: "dump",
    provenance: describe(request, section),
    ddl: section.ddl,
    blocks,
    largeObjects: Math.max(section.createdObjects.size, section.openedObjects.size),
    lines: (wanted) => readLines({ bytes, blocks: blocksOf(byTable, wanted), crlf }, wanted),
    sequences: async () => sequences,
    digest: request.digest,
    [Symbol.asyncDispose]: () => bytes.close(),
  };
}

/** The section of the database asked for, or the only one. */
function chooseSection(
  path: string,
  sections: readonly Section[],
  database: string | undefined,
): Section {
  const headed = sections.filter((section) => section.headed);
  const named = sections.filter((section) => section.database !== undefined);
  const [candidates = []] = [headed, named, sections].filter((list) => list.length > 0);
  const [single] = candidates;
  if (single && candidates.length === 1 && !single.cluster) return single;
  const found = candidates.filter(
    (section) => database === undefined || section.database === database,
  );
  const [only] = found;
  if (only && found.length === 1) return only;
  const databases = [...new Set(candidates.flatMap((section) => section.database ?? []))];
  const alike = found.length > 1 && new Set(found.map((section) => section.database)).size === 1;
  if (alike || databases.length === 0) throw notOneDump(path);
  throw new ExpectedError({
    code: "several_databases",
    path,
    databases,
    ...(database === undefined ? {} : { wanted: database }),
  });
}

/** The failure for dumps behind each other that no name tells apart. */
function notOneDump(path: string): ExpectedError {
  return new ExpectedError({
    code: "dump_unsupported",
    path,
    what: "several dumps in one file that no database name tells apart",
    remedy: "split it, or make each dump with pg_dump --create",
  });
}

function describe({ bytes, file }: PlainRequest, section: Section): Provenance {
  const { database, serverVersion, dumpVersion } = section;
  const writer = dumpVersion ? `dump by pg_dump ${dumpVersion.split(" ")[0]}` : "SQL script";
  return {
    kind: "dump",
    display: bytes.path,
    ...(database === undefined ? {} : { database }),
    ...(serverVersion === undefined ? {} : { serverVersion }),
    format: `${file.wrapping}plain ${writer}`,
    encoding: section.encoding.name,
    ...(file.bytes === undefined ? {} : { bytes: file.bytes }),
  };
}

/** What the rows are read from. */
interface RowsOf {
  readonly bytes: Bytes;
  readonly blocks: readonly PlainBlock[];
  readonly crlf: boolean;
}

async function* readLines(
  { bytes, blocks, crlf }: RowsOf,
  request: LinesRequest,
): AsyncGenerator<Buffer, void, undefined> {
  for (const block of blocks) {
    const damage: Damage = (reason) =>
      new ExpectedError({ code: "dump_damaged", path: bytes.path, where: block.place, reason });
    const chunks = bytes.read(block.start, block.end, "lent");
    const text = { ...block, block, chunks, marked: false, crlf, damage };
    yield* blockLines(text, request);
  }
}
