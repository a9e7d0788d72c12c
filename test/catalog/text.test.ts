import { describe, expect, test } from "vitest";
import { normalizeText } from "../../src/catalog/text.ts";

const INSTANT = "'2001-02-03 04:05:06+00'::timestamp with time zone";

describe("normalizeText", () => {
  const cases: [string, string, string][] = [
    ["instants are told in UTC", "'2001-02-03 09:50:06+05:45'::timestamp with time zone", INSTANT],
    ["west of Greenwich too", "'2001-02-02 23:05:06-05'::timestamp with time zone", INSTANT],
    [
      "offsets may have seconds",
      "'1883-11-18 12:03:57.25-04:56:02'::timestamp with time zone",
      "'1883-11-18 16:59:59.25+00'::timestamp with time zone",
    ],
    [
      "years may have five digits",
      "'12001-01-01 00:30:00+01'::timestamp(0) with time zone",
      "'12000-12-31 23:30:00+00'::timestamp(0) with time zone",
    ],
    [
      "years may be before Christ",
      "'0001-01-01 00:30:00+01'::timestamp with time zone < '0044-03-15 12:00:00+02 BC'::timestamp with time zone",
      "'0001-12-31 23:30:00+00 BC'::timestamp with time zone < '0044-03-15 10:00:00+00 BC'::timestamp with time zone",
    ],
    [
      "in arrays and ranges",
      `'{"2001-02-03 05:05:06+01",infinity}'::timestamp with time zone[] || '["2001-02-03 05:05:06+01",)'::tstzrange`,
      `'{"2001-02-03 04:05:06+00",infinity}'::timestamp with time zone[] || '["2001-02-03 04:05:06+00",)'::tstzrange`,
    ],
    [
      "not in other constants",
      "'2001-02-03 05:05:06+01'::text || '2001-02-03 05:05:06'::timestamp without time zone",
      "'2001-02-03 05:05:06+01'::text || '2001-02-03 05:05:06'::timestamp without time zone",
    ],
    [
      "not in texts that hold such constants",
      "'''2001-02-03 05:05:06+01''::timestamp with time zone'::text",
      "'''2001-02-03 05:05:06+01''::timestamp with time zone'::text",
    ],
    [
      "not where JavaScript has no such year",
      "'294276-12-31 23:59:59+01'::timestamp with time zone",
      "'294276-12-31 23:59:59+01'::timestamp with time zone",
    ],
    [
      "quotes of names are no quotes of constants",
      `"it's" > '2001-02-03 05:05:06+01'::timestamp with time zone`,
      `"it's" > '2001-02-03 04:05:06+00'::timestamp with time zone`,
    ],
    [
      "infinity stays",
      "'infinity'::timestamp with time zone",
      "'infinity'::timestamp with time zone",
    ],
    [
      "CASE loses the line break before it",
      "\nCASE\n    WHEN a THEN 1\nEND",
      "CASE\n    WHEN a THEN 1\nEND",
    ],
  ];
  test.each(cases)("%s", (_name, text, expected) => {
    expect(normalizeText(text)).toBe(expected);
  });
});
