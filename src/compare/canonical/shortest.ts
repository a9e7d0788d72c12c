/**
 * The shortest decimal of a float, by exact arithmetic: slow, and right where quicker ways are not.
 */

/** 0.d1d2d3... times 10 to the power of `exponent` + 1: `digits` without trailing zeros, `exponent` that of the first one. */
export interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

/**
 * The decimal of fewest digits strictly between the middles to both neighbours of `value`, the nearest of them, of two the even one: PostgreSQL's choice
 * (it never takes a middle itself, so that a reader of any rounding gets the value back).
 *
 * @param value positive, and of the format's precision.
 */
export function shortestDecimal(value: number, format: "float4" | "float8"): Decimal {
  const { mantissa, binary, lowerIsNearer } = partsOfFloat(value, format);
  // In quarters of the last bit.
  const middle = 4n * mantissa;
  const low = middle - (lowerIsNearer ? 1n : 2n);
  const high = middle + 2n;
  const first = Number(value.toExponential().split("e")[1]);
  for (let count = 1; ; count += 1) {
    const power = first - count + 1;
    // A quarter times up / down is in units of 10^power.
    const up = 2n ** BigInt(Math.max(binary - 2, 0)) * 10n ** BigInt(Math.max(-power, 0));
    const down = 2n ** BigInt(Math.max(2 - binary, 0)) * 10n ** BigInt(Math.max(power, 0));
    const below = (middle * up) / down;
    const beyondHalf = 2n * middle * up - (2n * below + 1n) * down;
    const upward = beyondHalf > 0n || (beyondHalf === 0n && below % 2n === 1n);
    const nearestFirst = upward ? [below + 1n, below] : [below, below + 1n];
    const found = nearestFirst.find((n) => low * up < n * down && n * down < high * up);
    if (found !== undefined) {
      const digits = String(found);
      return { digits: digits.replace(/0+$/, ""), exponent: power + digits.length - 1 };
    }
  }
}

/** The value as mantissa times 2 to the power of `binary`; at a power of two the lower neighbour is half as far as the upper. */
function partsOfFloat(
  value: number,
  format: "float4" | "float8",
): { readonly mantissa: bigint; readonly binary: number; readonly lowerIsNearer: boolean } {
  const view = new DataView(new ArrayBuffer(8));
  if (format === "float4") view.setFloat32(0, value);
  else view.setFloat64(0, value);
  const bits = format === "float4" ? BigInt(view.getUint32(0)) : view.getBigUint64(0);
  const width = format === "float4" ? 23 : 52;
  const bias = format === "float4" ? 150 : 1075;
  const exponent = Number(bits >> BigInt(width));
  const fraction = BigInt.asUintN(width, bits);
  return {
    mantissa: exponent > 0 ? fraction + (1n << BigInt(width)) : fraction,
    binary: Math.max(exponent, 1) - bias,
    lowerIsNearer: fraction === 0n && exponent > 1,
  };
}
