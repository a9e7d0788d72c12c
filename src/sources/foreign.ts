/**
 * Files and folders that are no dumps: what they are instead, and what to do. Knows names and first bytes, reads nothing.
 */

/** For a failure. Without a remedy, a new dump is it. */
export interface Foreign {
  readonly reason: string;
  readonly remedy?: string;
}

const AGAIN = "make the dump again with pg_dump -f FILE, which needs no >";
const DUMP_IT =
  "start a server from it and dump that with pg_dump -Fc, or name the running server's URL";

interface Mark {
  /** Tested on the first bytes, one character a byte. */
  readonly pattern: RegExp;
  readonly foreign: Foreign;
}

const mark = (pattern: RegExp, reason: string, remedy?: string): Mark => ({
  pattern,
  foreign: { reason, ...(remedy === undefined ? {} : { remedy }) },
});

/** What no dump begins with. */
const FILES: readonly Mark[] = [
  mark(
    /^\xff\xfeP\0G\0D\0M\0P\0/,
    "it is a custom archive that PowerShell's > turned into text, which cannot be undone",
    AGAIN,
  ),
  mark(/^(?:\xff\xfe|\xfe\xff)/, "it is UTF-16 text, which PowerShell's > makes of a dump", AGAIN),
  mark(/^(?:-\0-\0|\0-\0-)/, "it is UTF-16 text without a byte order mark", AGAIN),
  mark(/^\x89PNG\r\n|^\xff\xd8\xff|^GIF8/, "it is an image"),
  mark(/^%PDF-/, "it is a PDF document"),
  mark(
    /^SQLite format 3\0/,
    "it is a SQLite database",
    "rowpatch compares PostgreSQL databases only",
  ),
  mark(
    /^(?:--|\/\*|#)[^\n]{0,200}(?:\n[^\n]{0,200}){0,3}(?:MySQL|MariaDB) dump /,
    "it is a dump of MySQL or MariaDB",
    "rowpatch compares PostgreSQL databases only",
  ),
  mark(/^PK\x03\x04/, "it is a zip file", "unpack it and name the dump inside"),
  mark(/^7z\xbc\xaf\x27\x1c/, "it is a 7z file", "unpack it and name the dump inside"),
  mark(
    /^\xfd7zXZ\0/,
    "it is compressed with xz",
    "decompress it with xz -d and name what it gives",
  ),
  mark(
    /^BZh[1-9]/,
    "it is compressed with bzip2",
    "decompress it with bzip2 -d and name what it gives",
  ),
  mark(
    /^version https:\/\/git-lfs\.github\.com\//,
    "it is a pointer of Git LFS and not the file itself",
    "fetch that with git lfs pull",
  ),
  mark(/^\0+$/, "it begins with nothing but zero bytes", "copy the file again"),
];

/** What a file with these first bytes is instead of a dump, if that is known. */
export function foreignFile(first: Buffer): Foreign | undefined {
  return findMark(FILES, first);
}

/** Texts that the reader of plain dumps failed to read. */
const TEXTS: readonly Mark[] = [
  mark(
    /^pg_(?:dump|dumpall|restore): /,
    "it begins with a message of the program that was to write it",
    "see what the message says, and make the dump again with pg_dump -f FILE",
  ),
  mark(/^\s*[[{]/, "it looks like JSON"),
  mark(
    /^\s*<(?:!doctype|html|\?xml)/i,
    "it is a web page or XML, as a download without permission gives",
    "download the dump again",
  ),
];

const SQL =
  /^(?:abort|alter|analyze|begin|call|checkpoint|close|cluster|comment|commit|copy|create|deallocate|declare|delete|discard|do|drop|end|execute|explain|fetch|grant|import|insert|listen|load|lock|merge|move|notify|prepare|reassign|refresh|reindex|release|reset|revoke|rollback|savepoint|security|select|set|show|start|table|truncate|unlisten|update|vacuum|values|with)\b/i;

/** What a text that could not be read is, if its beginning tells that it is no SQL. */
export function foreignText(first: Buffer): Foreign | undefined {
  const known = findMark(TEXTS, first);
  if (known) return known;
  const text = first.toString("latin1").replace(/^\xef\xbb\xbf/, "");
  const start = text.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))+/, "");
  if (start === "" || start.startsWith("\\") || SQL.test(start)) return undefined;
  return { reason: "it is a text that does not begin as SQL does" };
}

function findMark(marks: readonly Mark[], first: Buffer): Foreign | undefined {
  const text = first.toString("latin1");
  return marks.find(({ pattern }) => pattern.test(text))?.foreign;
}

/** What a folder or tar with these files, but no toc.dat, is instead of a directory dump. */
export function foreignFolder(names: ReadonlySet<string>): Foreign {
  const has = (pattern: RegExp): boolean => [...names].some((name) => pattern.test(name));
  if (has(/^(?:PG_VERSION|backup_label|backup_manifest|base\.tar(?:\.\w+)?)$/)) {
    const reason = "it is a copy of a server's files, as pg_basebackup makes it";
    return { reason, remedy: DUMP_IT };
  }
  if (has(/^toc\.glo$/)) {
    const reason = "it is a pg_dumpall in a format of its own";
    return { reason, remedy: "name one of the archives in its folder databases" };
  }
  if (has(/^(?:\d+\.dat|blobs(?:_\d+)?\.toc)(?:\.\w+)?$/)) {
    const reason = "it holds data of a directory dump, but no toc.dat";
    return { reason, remedy: "copy the whole folder again, or make a new dump" };
  }
  if (names.has("MANIFEST") && names.has("deploy.sql")) {
    const reason = "it is a bundle that rowpatch wrote";
    return { reason, remedy: "name the dump or database that it was made from" };
  }
  const reason = names.size === 0 ? "it holds no files" : "it holds no toc.dat";
  return { reason, remedy: "name the dump itself: a file, or the folder that has toc.dat" };
}
