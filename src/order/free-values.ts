/**
 * Values of a type that no row is likely to hold, each spelled as PostgreSQL prints it. Knows no table.
 */
import { createHash } from "node:crypto";
import type { Column } from "../catalog/types.ts";

/** Another value for every `n`, from 1; `seed` tells tables and rows apart. */
export type FreeValue = (seed: string, n: number) => string;

/** Between numbers, so that an index on a part of them (n / 10) still tells them apart. */
const STRIDE = 101;

/** Gives such values for a column whose type is of this kind (catalog/lookup.ts); undefined where the type has none to spare. */
export function freeValue({ type }: Column, kind: string): FreeValue | undefined {
  if (type.array) return arrayPlace(type);
  if (kind !== "base" && kind !== "range") return undefined;
  if (type.schema !== "pg_catalog") return type.name === "citext" ? token : undefined;
  const length = Number(/\((\d+)/.exec(type.formatted)?.[1] ?? Number.POSITIVE_INFINITY);
  switch (type.name) {
    case "text":
      return token;
    case "varchar":
    case "bpchar":
      return length >= 6 ? (seed, n) => token(seed, n).slice(-Math.min(length, 23)) : undefined;
    case "int2":
      return (_, n) => String(-32768 + ((n * 7) % 65521));
    case "int4":
      return (_, n) => String(-2147483648 + n * STRIDE);
    case "int8":
      return (_, n) => String(-9223372036854775808n + BigInt(n) * BigInt(STRIDE));
    case "numeric":
      return numericPlace(type.formatted);
    case "float8":
      // Spelled as PostgreSQL prints it, for floats are compared by their text.
      return (_, n) => `-1.${String(n).padStart(9, "0").replace(/0+$/, "")}e+300`;
    case "float4":
      return (_, n) =>
        `-1.${String(1 + (n % 999_998))
          .padStart(6, "0")
          .replace(/0+$/, "")}e+30`;
    case "oid":
      return (_, n) => String(4294967295 - n * STRIDE);
    case "interval":
      return /^interval(?:\(\d\))?$/.test(type.formatted)
        ? (_, n) => `-${n * STRIDE} days`
        : undefined;
    case "name":
      return (seed, n) => token(seed, n).slice(-60);
    case "varbit":
      return Number.isFinite(length) ? undefined : (seed) => bits(digest(seed));
    case "jsonb":
      return (seed, n) => JSON.stringify(token(seed, n));
    case "uuid":
      return (seed) =>
        digest(seed).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
    case "bytea":
      return (seed) => `\\x${digest(seed)}`;
    case "date":
      return (_, n) =>
        `${String(4700 - (n % 4000)).padStart(4, "0")}-01-${String(1 + (Math.floor(n / 4000) % 28)).padStart(2, "0")} BC`;
    case "timestamp":
      return (_, n) => `${secondOf(n)} BC`;
    case "timestamptz":
      return (_, n) => `${secondOf(n)}+00 BC`;
    case "int4range":
      return (_, n) => `[${-2147483648 + n * 2},${-2147483647 + n * 2})`;
    case "int8range":
      return (_, n) => `[${-9000000000000000 + n * 2},${-8999999999999999 + n * 2})`;
    default:
      return undefined;
  }
}

/** The end of the text differs for every row: short columns keep it. So does its length, for an index on that, as far as rows are few. */
function token(seed: string, n: number): string {
  const filled = "parked ".padEnd(7 + (n % 500), ".");
  return `rowpatch ${filled}${digest(seed).slice(0, 16)} ${n.toString(36).padStart(5, "0")}`;
}

/** One element that no other array has. */
function arrayPlace(type: Column["type"]): FreeValue | undefined {
  if (type.schema !== "pg_catalog") return undefined;
  switch (type.name) {
    case "int2":
      return (_, n) => `{${-32768 + ((n * 7) % 65521)}}`;
    case "int4":
      return (_, n) => `{${-2147483648 + n * STRIDE}}`;
    case "int8":
      return (_, n) => `{${-9223372036854775808n + BigInt(n) * BigInt(STRIDE)}}`;
    case "text":
      return (seed, n) => `{"${token(seed, n)}"}`;
    default:
      return undefined;
  }
}

function bits(hex: string): string {
  return BigInt(`0x${hex}`).toString(2).padStart(128, "0");
}

function digest(seed: string): string {
  return createHash("sha256").update(seed).digest("hex").slice(0, 32);
}

/** Numbers from the lower end of what the precision allows. */
function numericPlace(formatted: string): FreeValue | undefined {
  const [, precision, scale = "0"] = /\((\d+)(?:,(-?\d+))?\)/.exec(formatted) ?? [];
  if (precision === undefined) return (_, n) => `-9${"0".repeat(40)}${n}`;
  const whole = Number(precision) - Math.max(0, Number(scale));
  if (whole < 4 || Number(scale) < 0) return undefined;
  const decimals = Number(scale) > 0 ? `.${"0".repeat(Number(scale))}` : "";
  return (_, n) => `${-(10n ** BigInt(whole)) + BigInt(n)}${decimals}`;
}

/** Another whole second for every n up to some millions: a column may have no room for parts of one. */
function secondOf(n: number): string {
  const [minutes, seconds] = [Math.floor(n / 60) % 60, n % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  const year = String(4700 - (Math.floor(n / 3600) % 4000)).padStart(4, "0");
  return `${year}-01-01 00:${minutes}:${seconds}`;
}
