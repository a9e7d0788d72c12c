/**
 * The session settings on which the text of values and the meaning of statements depend, for live reading and for the scripts.
 * Data only: who applies them, and when, is not known here.
 */

/** One setting with the value that rowpatch pins. */
export interface SessionSetting {
  readonly name: string;
  readonly value: string;
  /** What would go wrong under another value. */
  readonly why: string;
}

/**
 * Pinned whatever role, database or `PGOPTIONS` say; every role may set them. Some do not exist on every server
 * (`transaction_timeout` from 17, `idle_session_timeout` from 14): set those that `pg_settings` lists, since an unknown name
 * ends the transaction. The client encoding is not among them, because a SQL_ASCII database is read as it is.
 */
export const SESSION_SETTINGS: readonly SessionSetting[] = [
  {
    name: "search_path",
    value: "",
    why: "unqualified names could find someone else's objects; regclass and its kin print qualified names",
  },
  { name: "TimeZone", value: "UTC", why: "timestamptz prints in the zone of the session" },
  { name: "DateStyle", value: "ISO, YMD", why: "dates print and are read in the order it says" },
  { name: "IntervalStyle", value: "postgres", why: "intervals print in this style" },
  {
    name: "extra_float_digits",
    value: "1",
    why: "below 1 floats lose digits; from 1 on they print the shortest text that reads back exactly",
  },
  { name: "bytea_output", value: "hex", why: "bytea prints as hex or as escapes" },
  {
    name: "xmloption",
    value: "content",
    why: "as document, text that is no whole document is refused",
  },
  { name: "xmlbinary", value: "base64", why: "bytea inside XML functions prints in this form" },
  {
    name: "lc_monetary",
    value: "C",
    why: "money prints with the signs of a locale, and its fraction digits depend on it",
  },
  {
    name: "array_nulls",
    value: "on",
    why: "off would read an unquoted NULL in an array as the text",
  },
  {
    name: "transform_null_equals",
    value: "off",
    why: "on would turn x = NULL into x IS NULL",
  },
  {
    name: "standard_conforming_strings",
    value: "on",
    why: "off would read backslashes in plain literals as escapes",
  },
  {
    name: "quote_all_identifiers",
    value: "off",
    why: "on would quote every name in definitions that the server prints",
  },
  {
    name: "row_security",
    value: "off",
    why: "rows hidden by a policy would look deleted: off makes it an error",
  },
  { name: "statement_timeout", value: "0", why: "a timeout of the role would stop half-way" },
  {
    name: "lock_timeout",
    value: "0",
    why: "a timeout of the role would stop the read; scripts set their own",
  },
  {
    name: "idle_in_transaction_session_timeout",
    value: "0",
    why: "the transaction idles while the other side is read",
  },
  { name: "idle_session_timeout", value: "0", why: "a timeout of the role would end the session" },
  { name: "transaction_timeout", value: "0", why: "a timeout of the role would end the snapshot" },
  {
    name: "jit",
    value: "off",
    why: "queries over many tables or rows look costly enough to be compiled, which takes longer than running them",
  },
  {
    name: "synchronize_seqscans",
    value: "off",
    why: "on lets a scan start in the middle of a large table: rows come in another order each time",
  },
  {
    name: "client_min_messages",
    value: "warning",
    why: "notices would drown what has to be read",
  },
];

/** Pinned for reading only: a script has no order of rows to keep. */
export const READ_SETTINGS: readonly SessionSetting[] = [
  ...SESSION_SETTINGS,
  {
    name: "max_parallel_workers_per_gather",
    value: "0",
    why: "parallel workers would mix the order of the rows of a query",
  },
];
