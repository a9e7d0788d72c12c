/**
 * pg_dump's own comment before the data of each table: the only trace of a table that is empty and was dumped as INSERT statements.
 */
import type { TableName } from "../../names.ts";
import { decodeText } from "../encoding.ts";
import { type Pass, slice } from "./pass.ts";

/**
 * Notes what a line comment says:
 *
 *     --
 *     -- Data for Name: film; Type: TABLE DATA; Schema: public; Owner: shop
 *     --
 *
 * Nothing else counts, and only in a file with pg_dump's header. Names are not escaped there and line breaks in them became blanks, so
 * one with a blank or a semicolon tells nothing.
 */
export function announceData(
  pass: Pass,
  { start, end, text }: { readonly start: number; readonly end: number; readonly text: string },
): void {
  const framed = pass.frame === start;
  pass.frame = text === "--" ? end : undefined;
  if (!/^-- (Data for )?Name: /.test(text)) return;
  pass.announced = undefined;
  if (!framed || !pass.section.headed) return;
  const table = announcedTable(decodeText(pass.settings.encoding, slice(pass, start, end)));
  if (!table) return;
  pass.announced = table;
  pass.section.announced.push(table);
}

function announcedTable(text: string): TableName | undefined {
  const [, name, schema] =
    /^-- Data for Name: ([^\s;\ufffd]+); Type: TABLE DATA; Schema: ([^\s;\ufffd]+); Owner: [^\n]*\s*$/.exec(
      text,
    ) ?? [];
  return name !== undefined && schema !== undefined ? { schema, name } : undefined;
}
