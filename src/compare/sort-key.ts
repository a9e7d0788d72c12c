/**
 * Bytes that order rows by key for people: numbers as numbers, all else by UTF-8 bytes. Says nothing about equality of keys.
 */
import type { Catalog } from "../catalog/types.ts";
import { canonicalOfBytes } from "./canonical/not-utf8.ts";
import { canonicalizer } from "./canonical.ts";
import { type Datum, isLong } from "./change.ts";
import { shapeOf, type Typed } from "./shape.ts";

const NUMBERS = new Set(["int2", "int4", "int8", "oid", "xid8", "numeric", "float4", "float8"]);

/** One key value: text, bytes that are not UTF-8, or NULL. */
export type KeyValue = Datum;

/**
 * Gives for the key values of a row, in the order of `columns`, bytes whose `Buffer.compare` orders rows: first column first; integers,
 * numeric and floats by value (-Infinity first, Infinity, then NaN last, as PostgreSQL sorts); others by the UTF-8 bytes of their
 * canonical text, whatever form a dump printed; NULL last. Bytes are equal only for equal numbers and equal canonical texts.
 */
export function sortKeyOf(
  columns: readonly Typed[],
  catalog: Catalog,
): (values: readonly KeyValue[]) => Buffer {
  const encoders = columns.map((column) => encoderOf(column, catalog));
  const [first] = encoders;
  if (first && encoders.length === 1) return ([value = null]) => first(value);
  return (values) => Buffer.concat(encoders.map((encode, index) => encode(values[index] ?? null)));
}

function encoderOf(column: Typed, catalog: Catalog): (value: KeyValue) => Buffer {
  const shape = shapeOf(column, catalog);
  const isNumber = shape.kind === "base" && NUMBERS.has(shape.name);
  const canonical = canonicalizer(column.type, catalog) ?? ((text) => text);
  return (value) => {
    if (value === null) return Buffer.from([CLASS.null]);
    if (typeof value === "string") {
      return isNumber ? encodeNumber(value) : encodeText(canonical(value));
    }
    if (isLong(value)) return encodeText(value.long.sha256);
    const bytes = Buffer.from(value.base64, "base64");
    return encodeText(canonicalOfBytes(bytes, canonical) ?? bytes);
  };
}

/** First byte of a value: order of the classes. In a column of numbers, text that is no number comes after them. */
const CLASS = {
  "-Infinity": 1,
  negative: 2,
  zero: 3,
  positive: 4,
  Infinity: 5,
  NaN: 6,
  text: 7,
  null: 8,
} as const;

/** PostgreSQL text holds no zero byte, so one ends it: shorter texts sort before those that they begin. */
function encodeText(text: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([CLASS.text]), Buffer.from(text), Buffer.alloc(1)]);
}

const ZERO = "0".charCodeAt(0);
const MINUS = "-".charCodeAt(0);
const INTEGER = /^-?[1-9]\d{0,17}$/;

/** As `encodeNumber` does it, faster, for the integers that most keys are. */
function encodeInteger(text: string): Buffer {
  const isNegative = text.charCodeAt(0) === MINUS;
  const start = isNegative ? 1 : 0;
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end -= 1;
  const turned = isNegative ? 0xff : 0;
  const bytes = Buffer.allocUnsafe(6 + end - start);
  bytes[0] = isNegative ? CLASS.negative : CLASS.positive;
  bytes[1] = 0x80 ^ turned;
  bytes[2] = turned;
  bytes[3] = turned;
  bytes[4] = (text.length - start) ^ turned;
  for (let at = start; at < end; at += 1) bytes[5 + at - start] = text.charCodeAt(at) ^ turned;
  bytes[5 + end - start] = turned;
  return bytes;
}

/** Class, then exponent of ten in four bytes, then digits and an end; of negative numbers with all bits turned round. */
function encodeNumber(text: string): Buffer {
  if (INTEGER.test(text)) return encodeInteger(text);
  if (text === "NaN" || text === "Infinity" || text === "-Infinity") {
    return Buffer.from([CLASS[text]]);
  }
  const match = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/.exec(text);
  if (!match) return encodeText(text);
  const [, sign, whole = "", fraction = "", shift = "0"] = match;
  const all = whole + fraction;
  const leading = all.search(/[1-9]/);
  if (leading < 0) return Buffer.from([CLASS.zero]);
  const digits = all.slice(leading).replace(/(?<!0)0+$/, "");
  const magnitude = Buffer.from(`    ${digits}\0`);
  magnitude.writeInt32BE(whole.length - leading + Number(shift));
  // Turns the sign bit, so that negative exponents sort first as unsigned bytes.
  magnitude[0] = (magnitude[0] ?? 0) ^ 0x80;
  if (sign !== "-") return Buffer.concat([Buffer.from([CLASS.positive]), magnitude]);
  return Buffer.concat([Buffer.from([CLASS.negative]), magnitude.map((byte) => 255 - byte)]);
}
