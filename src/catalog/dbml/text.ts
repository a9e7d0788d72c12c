/** How names and texts are written in DBML. */

/** For double quotes. */
export function escapeName(name: string): string {
  return escapeLines(name.replace(/[\\"]/g, "\\$&"));
}

/** For single quotes. */
export function escapeText(text: string): string {
  return escapeLines(text.replace(/[\\']/g, "\\$&"));
}

/** Whether an expression can stand between backticks, where nothing is escaped. */
export function isCode(expression: string): boolean {
  return !expression.includes("`");
}

function escapeLines(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
}

/** A type or schema where the exporter quotes only what holds white space or brackets. */
export function quoteWhereExporterDoesNot(name: string): string {
  const escaped = escapeName(name);
  if (/^\w+(\([\d,]+\))?$/.test(name) || /[\s[\]]/.test(escaped)) return escaped;
  return `"${escaped}"`;
}
