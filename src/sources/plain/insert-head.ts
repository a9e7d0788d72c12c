/**
 * The head of an INSERT statement: where its rows go, and where the first of them starts.
 */
import { decodeText } from "../encoding.ts";
import type { Settings } from "./section.ts";
import { type RowTarget, readColumnList } from "./statement.ts";
import { readTokens } from "./tokens.ts";

/** A head that was read. */
export interface InsertHead {
  readonly target: RowTarget;
  /** Bytes up to and including VALUES. */
  readonly length: number;
  /** True for DEFAULT VALUES: a row without columns. */
  readonly defaults: boolean;
}

/**
 * Reads `INSERT INTO table [(columns)] [OVERRIDING SYSTEM VALUE] VALUES` or `... DEFAULT VALUES` at the start of the
 * bytes; absent if they are anything else.
 */
export function readInsertHead(bytes: Buffer, settings: Settings): InsertHead | undefined {
  const text = decodeText(settings.encoding, bytes);
  const reader = readTokens(text, settings.standardStrings);
  if (!reader.take("insert", "into")) return;
  const table = reader.qualified(settings.defaultSchema);
  if (!table) return;
  const columns = readColumnList(reader);
  if (columns === "unreadable") return;
  if (reader.take("overriding")) {
    if (!reader.take("system", "value") && !reader.take("user", "value")) return;
  }
  const defaults = reader.take("default");
  const values = reader.next();
  if (values?.kind !== "word" || values.text !== "values") return;
  const target: RowTarget = columns ? { table, columns } : { table };
  return { target, defaults, length: byteLength(settings, bytes, text.slice(0, values.end)) };
}

/** How many bytes of the dump make this text, which they start with. */
function byteLength({ encoding }: Settings, bytes: Buffer, text: string): number {
  if (!encoding.decode) return Buffer.byteLength(text);
  // VALUES is ASCII and the text ends with it; a name that contains it makes the text longer than what is looked at.
  for (let from = 0; ; ) {
    const index = bytes.indexOf(text.slice(-6), from, "latin1");
    if (index < 0) return bytes.length;
    if (decodeText(encoding, bytes.subarray(0, index + 6)) === text) return index + 6;
    from = index + 1;
  }
}
