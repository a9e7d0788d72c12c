/**
 * Texts that PostgreSQL prints, without what depends on the session that asked: instants in constants are told in its time zone,
 * and pg_dump runs in whatever time zone the database has.
 */

/** Quoted names, so that their quotes are not taken for others; and constants, with the type where it holds instants. */
const QUOTED =
  /"[^"]*(?:""[^"]*)*"|'[^']*(?:''[^']*)*'(?:::(timestamp(?:\(\d\))? with time zone|tstzrange|tstzmultirange))?/g;

const INSTANT =
  /(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?/g;

/**
 * The text with instants in UTC, without blanks around it.
 *
 *     '2001-02-03 09:50:06+05:45'::timestamp with time zone   '2001-02-03 04:05:06+00'::timestamp with time zone
 */
export function normalizeText(text: string): string {
  // CASE is printed on a line of its own, even as the first word.
  const trimmed = text.trim();
  if (!/'::t(?:imestamp|stz)/.test(trimmed)) return trimmed;
  return trimmed.replace(QUOTED, (quoted, type) =>
    type === undefined ? quoted : quoted.replace(INSTANT, inUtc),
  );
}

function inUtc(instant: string, ...fields: (string | undefined)[]): string {
  const [year = "", month, day, hour, minute, second, fraction = "", sign, ...rest] = fields;
  const [offsetHours, offsetMinutes, offsetSeconds, era] = rest;
  const offset =
    Number(offsetHours) * 3600 + Number(offsetMinutes ?? 0) * 60 + Number(offsetSeconds ?? 0);
  const date = new Date(0);
  date.setUTCFullYear(era ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  date.setTime(date.getTime() - (sign === "-" ? -offset : offset) * 1000);
  // PostgreSQL knows later years than JavaScript.
  if (Number.isNaN(date.getTime())) return instant;
  const utcYear = date.getUTCFullYear();
  const before = utcYear <= 0;
  const shown = String(before ? 1 - utcYear : utcYear).padStart(4, "0");
  const [, monthAndDay = "", time = ""] =
    /-(\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(date.toISOString()) ?? [];
  return `${shown}-${monthAndDay} ${time}${fraction}+00${before ? " BC" : ""}`;
}
