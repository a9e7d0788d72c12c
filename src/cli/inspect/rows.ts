/**
 * The rows of one table as COPY text on stdout, as fast as it is taken.
 */
import { matchesTable } from "../../catalog/patterns.ts";
import { ExpectedError } from "../../errors.ts";
import { formatName } from "../../names.ts";
import type { Io, ProductStream } from "../io.ts";
import { listNames, type OpenedSource, readableTables, type TableRows } from "./contents.ts";

/**
 * Writes the rows of the table that a pattern names: all columns but generated ones, in table order.
 *
 * @throws ExpectedError `usage` where it names none or several, or the dump has not all of its rows.
 */
export async function writeRows(opened: OpenedSource, pattern: string, io: Io): Promise<void> {
  const { name, parts, columns, gap } = choose(readableTables(opened), pattern);
  if (gap !== undefined) throw usage(`${gap} in this dump (--rows ${formatName(name)})`);
  if (!columns) {
    throw usage(
      `the rows of ${formatName(name)} come without column names, and nothing in this dump names them`,
    );
  }
  for await (const chunk of opened.source.lines({ table: name, parts, columns })) {
    io.signal?.throwIfAborted();
    // The chunk is used again for the next lines, and the stream may keep it until it is written.
    await write(io.stdout, Buffer.from(chunk));
  }
}

function choose(tables: readonly TableRows[], pattern: string): TableRows {
  const found = tables.filter(({ name }) => matchesTable(pattern, name));
  const [only, ...others] = found;
  if (!only) throw usage(`--rows names ${JSON.stringify(pattern)}, but no table matches`);
  if (others.length > 0) {
    const shown = `${listNames(found.slice(0, 5))}${found.length > 5 ? ", ..." : ""}`;
    throw usage(`--rows names ${JSON.stringify(pattern)}, which matches several tables: ${shown}`);
  }
  return only;
}

function usage(message: string): ExpectedError {
  return new ExpectedError({ code: "usage", message });
}

/** Waits while the stream holds more than it likes to. */
async function write(stream: ProductStream, chunk: Buffer): Promise<void> {
  const wait = stream.write(chunk) === false && stream.once;
  if (wait) await new Promise<void>((resolve) => void stream.once?.("drain", resolve));
}
