/**
 * timestamptz: the instant in UTC, whatever time zone a dump printed it in. Proleptic Gregorian calendar, as PostgreSQL reckons.
 */

const TEXT =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d{1,6})?([+-])(\d\d)(?::(\d\d)(?::(\d\d))?)?( BC)?$/;

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
  const match = TEXT.exec(text);
  if (!match) return undefined;
  const [, y, mo, d, h, mi, s, fraction = "", sign, oh, om = 0, os = 0, bc] = match;
  const year = bc ? 1 - Number(y) : Number(y);
  const month = Number(mo);
  const day = Number(d);
  const [hour, minute, second] = [Number(h), Number(mi), Number(s)];
  const real =
    Number(y) > 0 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysInMonth(year, month) &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  if (!real) return undefined;
  // Offsets are whole seconds, so the fraction passes through as text and seconds stay far below 2^53.
  const offset = Number(oh) * 3600 + Number(om) * 60 + Number(os);
  const local = daysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return print(sign === "-" ? local + offset : local - offset, fraction);
}

/** Seconds since 1970 as text in UTC. */
function print(seconds: number, fraction: string): string {
  const days = Math.floor(seconds / 86400);
  const rest = seconds - days * 86400;
  const { year, month, day } = civilFromDays(days);
  const date = `${pad(year > 0 ? year : 1 - year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  const time = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60]
    .map((part) => pad(part, 2))
    .join(":");
  return `${date} ${time}${fraction}+00${year > 0 ? "" : " BC"}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
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
function civilFromDays(days: number): { year: number; month: number; day: number } {
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
