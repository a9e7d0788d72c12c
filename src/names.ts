/**
 * Names of database objects: values, never dotted strings. Knows how people read them, nothing of SQL scripts.
 */

/** Schema and name of a table, sequence, type or collation, unquoted. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** A table's name. */
export type TableName = QualifiedName;

/** A key for `Map` and `Set`, the same exactly for equal names: no name holds a zero byte. */
export function nameKey({ schema, name }: QualifiedName): string {
  return `${schema}\0${name}`;
}

/**
 * The name as PostgreSQL prints it in messages: parts are quoted where they are not plain lower-case identifiers.
 *
 *     {schema: "public", name: "film"}  public.film
 *     {schema: "a.b", name: "C"}        "a.b"."C"
 *
 * Line breaks and other control characters become blanks, so that the text is safe in comments and on terminals.
 */
export function formatName({ schema, name }: QualifiedName): string {
  return `${formatIdentifier(schema)}.${formatIdentifier(name)}`;
}

/** One identifier for people: quoted unless it is plain; control characters become blanks. */
export function formatIdentifier(identifier: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(identifier)) return identifier;
  return `"${printable(identifier).replaceAll('"', '""')}"`;
}

/** Text on one line: control, bidirectional and line-separator characters become blanks. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    " ",
  );
}

/** `1 row`, `2 rows`; `many` where the plural takes more than an s: `1 row shares`, `2 rows share`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Orders by schema, then name, in code-point order whatever the locale. */
export function compareNames(a: QualifiedName, b: QualifiedName): number {
  return compareText(a.schema, b.schema) || compareText(a.name, b.name);
}

/** Code-point order, the order of UTF-8 bytes and of `COLLATE "C"`; `<` on strings differs outside the BMP. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** An identifier for SQL, always quoted: reserved words differ between versions. */
export function quoteIdentifier(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** A schema-qualified name for SQL. */
export function quoteName({ schema, name }: QualifiedName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
