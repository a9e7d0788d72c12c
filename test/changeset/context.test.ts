import { expect, test } from "vitest";
import { contextColumns } from "../../src/changeset/context.ts";
import { pairOf, schema } from "../support/schema.ts";

const tables = (
  type: string,
) => `CREATE TABLE public.t (a ${type} NOT NULL, b integer NOT NULL, v text);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (a, b);
CREATE TABLE public.c (a ${type}, b integer);
`;
const REFERENCE =
  "ALTER TABLE ONLY public.c ADD CONSTRAINT c_t FOREIGN KEY (a, b) REFERENCES public.t(a, b);\n";

test.each([
  ["a key with one spelling for each value never changes in an update", "integer", REFERENCE, []],
  ["numbers have several: the rest of the key is known too", "numeric", REFERENCE, ["a", "b"]],
  ["unless nobody refers to it", "numeric", "", []],
])("%s", async (_name, type, reference, expected) => {
  const catalog = await schema(`${tables(type)}${reference}`);
  expect(contextColumns(catalog, pairOf(catalog, "t"))).toEqual(expected);
});
