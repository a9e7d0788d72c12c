/**
 * The table of contents of an archive: one entry for each object and each table's data.
 */
import type { Window } from "../bytes.ts";
import type { Damage } from "../copy-text.ts";
import { decodeText, type Encoding, findEncoding } from "../encoding.ts";
import { type FieldReader, littleEndian, readFields } from "./fields.ts";
import { type ArchiveHeader, readHeader } from "./header.ts";

/** What a reader of rows needs of an entry. */
export interface TocEntry {
  readonly id: number;
  /** True if the archive holds data for it: a block, a file or a tar member. */
  readonly hasData: boolean;
  /** Name of the object, unquoted. */
  readonly tag: string;
  /** Kind of the entry, e.g. `TABLE DATA`. */
  readonly kind: string;
  /** SQL text. */
  readonly definition: Buffer;
  /** Of data written for COPY. */
  readonly copyStatement?: string;
  readonly schema: string;
  /** Of directories and tars: the file that holds the data, without compression suffix; empty if there is none. */
  readonly file: string;
}

export interface Toc {
  readonly header: ArchiveHeader;
  readonly entries: readonly TocEntry[];
  readonly encoding: Encoding;
  /** False if a backslash escapes in plain literals. */
  readonly standardStrings: boolean;
  /** Where the table of contents ends. */
  readonly next: number;
}

/** What `readToc` needs. */
export interface TocRequest {
  readonly window: Window;
  /** True for custom archives: entries end with a file position, not with a file's name. */
  readonly custom: boolean;
  readonly damage: (where: string) => Damage;
  /** Makes the failure for the other kind of archive. */
  readonly otherFormat: () => Error;
  /** Makes the failure for an encoding that is not known. */
  readonly unknownEncoding: (name: string) => Error;
}

/** Entries as they come, their strings not decoded yet. */
interface RawEntry {
  readonly id: number;
  readonly hadDumper: number;
  readonly tag: Buffer;
  readonly kind: string;
  readonly definition: Buffer;
  readonly copyStatement: Buffer | undefined;
  readonly schema: Buffer;
  readonly file: string;
}

const MAX_ENTRIES = 10_000_000;
const MAX_TOC_BYTES = 2 ** 30;
const OFFSET_FLAGS = new Set([1, 2, 3]);

/** Reads header and table of contents. @throws ExpectedError `dump_damaged`, `dump_unsupported`. */
export async function readToc(request: TocRequest): Promise<Toc> {
  const { window, damage } = request;
  const { header, entries: count, next } = await readHeader(window, damage("the header"));
  if ((header.format === "custom") !== request.custom) throw request.otherFormat();
  if (count < 0 || count > MAX_ENTRIES) throw damage("the header")(`it claims ${count} entries`);
  const raw: RawEntry[] = [];
  const ids = new Set<number>();
  let at = next;
  for (let index = 0; index < count; index += 1) {
    const damageHere = damage(`entry ${index + 1} of ${count} in the table of contents`);
    const place = { window, at, intSize: header.intSize, damage: damageHere };
    const entry = await readFields(place, (reader) => readEntry(reader, header, request.custom));
    const { id } = entry.value;
    if (id <= 0 || ids.has(id)) throw damageHere(`its number ${id} is impossible`);
    if (entry.next > MAX_TOC_BYTES) throw damageHere("the table of contents is over 1 GiB");
    ids.add(id);
    raw.push(entry.value);
    at = entry.next;
  }
  const encodingName = setting(raw, "ENCODING") ?? "UTF8";
  const encoding = findEncoding(encodingName);
  if (!encoding) throw request.unknownEncoding(encodingName);
  return {
    header,
    encoding,
    standardStrings: setting(raw, "STDSTRINGS") !== "off",
    entries: raw.map((entry) => decodeEntry(entry, encoding)),
    next: at,
  };
}

function readEntry(reader: FieldReader, header: ArchiveHeader, custom: boolean): RawEntry {
  const text = (): Buffer => reader.text() ?? Buffer.alloc(0);
  const id = reader.int();
  const hadDumper = reader.int();
  reader.skip(); // OID of the catalog
  reader.skip(); // OID of the object
  const tag = text();
  const kind = text().toString("latin1");
  reader.int(); // section
  const definition = text();
  reader.skip(); // DROP statement
  const copyStatement = reader.text();
  const schema = text();
  reader.skip(); // tablespace
  if (header.minor >= 14) reader.skip(); // table access method
  if (header.minor >= 16) reader.int(); // relkind
  reader.skip(); // owner
  reader.skip(); // WITH OIDS
  while (reader.skip()); // ids of dependencies
  const file = custom ? readOffset(reader, header.offSize) : text().toString("latin1");
  return { id, hadDumper, tag, kind, definition, copyStatement, schema, file };
}

/** The position of the data is not used: blocks are found by walking over them. */
function readOffset(reader: FieldReader, size: number): string {
  const flag = reader.byte();
  littleEndian(reader.bytes(size));
  return OFFSET_FLAGS.has(flag) ? "" : "?";
}

/** The value of `SET name = 'value';` in the entry of this kind. */
function setting(entries: readonly RawEntry[], kind: string): string | undefined {
  const entry = entries.find((candidate) => candidate.kind === kind);
  return /'([^']*)'/.exec(entry?.definition.toString("latin1") ?? "")?.[1];
}

function decodeEntry(entry: RawEntry, encoding: Encoding): TocEntry {
  const { copyStatement } = entry;
  return {
    id: entry.id,
    hasData: entry.hadDumper !== 0,
    tag: decodeText(encoding, entry.tag),
    kind: entry.kind,
    definition: entry.definition,
    ...(copyStatement ? { copyStatement: decodeText(encoding, copyStatement) } : {}),
    schema: decodeText(encoding, entry.schema),
    file: entry.file,
  };
}

/** Where something about an entry went wrong, for messages. */
export function entryPlace(entry: TocEntry): string {
  return `TOC entry ${entry.id} (${entry.kind} ${entry.tag})`;
}
