/**
 * timestamptz: the instant in UTC, whatever time zone a dump printed it in. Proleptic Gregorian calendar, as PostgreSQL reckons.
 * Read by position, not by pattern: where production's time zone is not UTC, every row of a table comes through here.
 */

/**
 * ISO text with any offset, printed with offset +00.
 *
 *     2024-01-01 05:45:00+05:45     2024-01-01 00:00:00+00
 *     0001-01-01 00:19:31.5+00:19:32    0001-12-31 23:59:59.5+00 BC
 *
 * @returns undefined when the text is no timestamp in ISO style.
 */
export function rewriteTimestamptz(text: string): string | undefined {
  if (text === "infinity" || text === "-infinity") return text;
  const dash = text.indexOf("-");
  const point = dash + 15;
  const sign = text[point] === "." ? endOfDigits(text, point + 1) : point;
  const zoneEnd = endOfZone(text, sign);
  const bc = text.endsWith(" BC");
  const sound =
    dash >= 4 &&
    dash <= 6 &&
    text[dash + 3] === "-" &&
    text[dash + 6] === " " &&
    text[dash + 9] === ":" &&
    text[dash + 12] === ":" &&
    sign !== point + 1 &&
    sign <= point + 7 &&
    zoneEnd === text.length - (bc ? 3 : 0);
  if (!sound) return undefined;
  // Offsets are whole seconds, so the fraction passes through as text and seconds stay far below 2^53. NaN: no such day or time.
  const utc = secondsOf(text, dash, bc) - offsetOf(text, sign, zoneEnd);
  return Number.isNaN(utc) ? undefined : print(utc, text.slice(point, sign));
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

/** After `+HH`, `+HH:MM` or `+HH:MM:SS`; digits are checked where they are read. */
function endOfZone(text: string, sign: number): number {
  const minutes = text[sign + 3] === ":";
  const seconds = minutes && text[sign + 6] === ":";
  return sign + (seconds ? 9 : minutes ? 6 : 3);
}

/** Seconds since 1970 of date and time, which begin at `dash` less the year's digits; NaN if they do not exist. */
function secondsOf(text: string, dash: number, bc: boolean): number {
  const year = digits(text, 0, dash);
  const month = digits(text, dash + 1, dash + 3);
  const day = digits(text, dash + 4, dash + 6);
  const hour = digits(text, dash + 7, dash + 9);
  const minute = digits(text, dash + 10, dash + 12);
  const second = digits(text, dash + 13, dash + 15);
  const astronomical = bc ? 1 - year : year;
  const exists =
    year > 0 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysInMonth(astronomical, month) &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  if (!exists) return Number.NaN;
  return daysFromCivil(astronomical, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

/** Seconds that the zone is ahead of UTC; NaN if it is no zone. */
function offsetOf(text: string, sign: number, end: number): number {
  const size =
    digits(text, sign + 1, sign + 3) * 3600 +
    (end > sign + 3 ? digits(text, sign + 4, sign + 6) * 60 : 0) +
    (end > sign + 6 ? digits(text, sign + 7, sign + 9) : 0);
  if (text[sign] === "+") return size;
  return text[sign] === "-" ? -size : Number.NaN;
}

/** The number that the digits from `from` up to `to` make; NaN if there is anything else. */
function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (!isDigit(code)) return Number.NaN;
    value = value * 10 + code - 48;
  }
  return value;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Seconds since 1970 as text in UTC. */
function print(seconds: number, fraction: string): string {
  const days = Math.floor(seconds / 86400);
  const rest = seconds - days * 86400;
  const time = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  const { year, month, day } = civilFromDays(days);
  const shown = year > 0 ? year : 1 - year;
  const padded = shown > 999 ? shown : String(shown).padStart(4, "0");
  return `${padded}-${two(month)}-${two(day)} ${time}${fraction}+00${year > 0 ? "" : " BC"}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01; year 0 is 1 BC. Years are counted from March, so that the leap day ends them; 400 of them are 146097 days. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

/** The inverse of daysFromCivil. */
function civilFromDays(days: number): {
  readonly year: number;
  readonly month: number;
  readonly day: number;
} {
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36524) -
      Math.floor(dayOfEra / 146096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}
