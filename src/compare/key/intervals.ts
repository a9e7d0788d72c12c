/**
 * interval as a key: interval_cmp reckons a month as 30 days and a day as 24 hours.
 */

const TIME = /^([+-]?)(\d{1,19}):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;
const DAYS = new Map([
  ["year", 360n],
  ["mon", 30n],
  ["day", 1n],
]);

/**
 * All of it in microseconds: `1 mon`, `30 days` and `720:00:00` give `2592000000000`. Infinities (17 and later) stay.
 *
 * @returns undefined when the text is no interval in postgres style.
 */
export function intervalKey(text: string): string | undefined {
  if (text === "infinity" || text === "-infinity") return text;
  const words = text.split(" ");
  let total = 0n;
  for (let at = 0; at < words.length; at += 2) {
    const [word = "", unit] = words.slice(at, at + 2);
    const amount = unit === undefined ? timeOfDay(word) : inDays(word, unit);
    if (amount === undefined) return undefined;
    total += amount;
  }
  return String(total);
}

function inDays(count: string, unit: string): bigint | undefined {
  const days = DAYS.get(unit.replace(/s$/, ""));
  if (days === undefined || !/^[+-]?\d{1,19}$/.test(count)) return undefined;
  return BigInt(count.replace("+", "")) * days * 86_400_000_000n;
}

function timeOfDay(text: string): bigint | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [, sign, hours = "", minutes = "", seconds = "", fraction = ""] = match;
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const total = whole * 1_000_000n + BigInt(fraction.padEnd(6, "0"));
  return sign === "-" ? -total : total;
}
