/**
 * float4 and float8: text of any server version printed as PostgreSQL 12 and later print it, the shortest that reads back as the same value.
 */
import { type Decimal, shortestDecimal } from "./shortest.ts";

const NUMBER = /^[+-]?(\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * A float8 in shortest form: `0.10000000000000001` gives `0.1`. Minus zero, NaN and infinities are kept.
 *
 * @returns undefined for no number, and for one that float8 cannot hold.
 */
export function rewriteFloat8(text: string): string | undefined {
  return rewriteFloat(text, (value) => value, float8Decimal, 15);
}

/** The same for float4; the text is read as float4, not through a rounded float8. */
export function rewriteFloat4(text: string): string | undefined {
  return rewriteFloat(text, toFloat4, float4Decimal, 6);
}

/** `decimalOf` gets positive values. From 10 to the power of `limit` on, and below 0.0001, text has an exponent. */
function rewriteFloat(
  text: string,
  round: (value: number) => number | undefined,
  decimalOf: (value: number) => Decimal,
  limit: number,
): string | undefined {
  if (text === "NaN" || text === "Infinity" || text === "-Infinity") return text;
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const value = round(Number(text));
  if (value === undefined || !Number.isFinite(value)) return undefined;
  if (value === 0) {
    const underflow = /[1-9]/.test(match[1] ?? "");
    return underflow ? undefined : Object.is(value, -0) ? "-0" : "0";
  }
  return (value < 0 ? "-" : "") + print(decimalOf(Math.abs(value)), limit);
}

function print({ digits, exponent }: Decimal, limit: number): string {
  if (exponent < -4 || exponent >= limit) {
    const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
    const sign = exponent < 0 ? "-" : "+";
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = digits.slice(exponent + 1);
  return rest ? `${whole}.${rest}` : whole;
}

/** Nearest float4; undefined where the float8 before it may have hidden on which side of the middle the text was. */
function toFloat4(value: number): number | undefined {
  const rounded = Math.fround(value);
  return isMiddle(value, rounded) ? undefined : rounded;
}

/** Whether `value` is exactly between the float4 `nearest` and one of its neighbours: mirrored, it is that neighbour. */
function isMiddle(value: number, nearest: number): boolean {
  const mirrored = 2 * value - nearest;
  return value !== nearest && Math.fround(mirrored) === mirrored;
}

/**
 * JavaScript's shortest digits are PostgreSQL's, but for one rule: PostgreSQL takes no text that lies exactly in the middle of two
 * floats, JavaScript does. Such a text of at most 17 digits is an integer between 2^53 and 10^41.
 */
function float8Decimal(value: number): Decimal {
  const decimal = parseExponential(value.toExponential());
  if (value < 2 ** 53 || value > 1e41) return decimal;
  const integer =
    BigInt(decimal.digits) * 10n ** BigInt(decimal.exponent - decimal.digits.length + 1);
  const inside = Number(integer - 1n) === value && Number(integer + 1n) === value;
  return inside ? decimal : shortestDecimal(value, "float8");
}

/**
 * Six digits always tell float4 values apart, nine always suffice: the first count that reads back is the shortest. Not so for
 * denormal values, nor for powers of two, whose lower neighbour is nearer.
 */
function float4Decimal(value: number): Decimal {
  const plain = value >= 2 ** -126 && !Number.isInteger(Math.log2(value));
  for (let count = 6; plain && count <= 9; count += 1) {
    const text = value.toExponential(count - 1);
    const read = Number(text);
    if (isMiddle(read, value)) break;
    if (Math.fround(read) !== value) continue;
    if (isHalfway(value, count)) break;
    return parseExponential(text);
  }
  return shortestDecimal(value, "float4");
}

/** Whether two decimals of `count` digits may be equally near: PostgreSQL takes the even one, toExponential() the greater. */
function isHalfway(value: number, count: number): boolean {
  const longer = value.toExponential(count);
  return longer.includes("5e") && Number(longer) === value;
}

function parseExponential(text: string): Decimal {
  const [mantissa = "", exponent] = text.split("e");
  const digits = mantissa.replace(".", "").replace(/0+$/, "");
  return { digits, exponent: Number(exponent) };
}
