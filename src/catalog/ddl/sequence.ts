/**
 * Sequences: CREATE SEQUENCE, ALTER SEQUENCE ... OWNED BY, and those of identity and serial columns.
 */
import { nameKey, type QualifiedName } from "../../names.ts";
import { sequenceTypeOf } from "../codes.ts";
import type { DefElem, Node, RangeVar } from "../parser.ts";
import type { Sequence } from "../types.ts";
import { definitions, relationName, type Statement, strings } from "./statement.ts";

type SequenceOwner = NonNullable<Sequence["ownedBy"]>;

/** CREATE SEQUENCE. */
export function createSequence(
  statement: Statement,
  { sequence, options }: { readonly sequence?: RangeVar; readonly options?: readonly Node[] },
): void {
  if (sequence?.relpersistence === "t") return;
  const named = definitions(options);
  addSequence(statement, {
    name: relationName(statement, sequence),
    type: sequenceType(named),
    options: named,
  });
}

/** ALTER SEQUENCE: its owner and its numbers; anything else leaves the catalog as it is. */
export function alterSequence(
  statement: Statement,
  { sequence, options }: { readonly sequence?: RangeVar; readonly options?: readonly Node[] },
): void {
  const named = definitions(options);
  const owner = sequenceOwner(statement, named);
  const name = relationName(statement, sequence);
  const known = statement.draft.sequences.get(nameKey(name));
  if (known && owner) {
    statement.draft.sequences.set(nameKey(name), { ...known, ownedBy: owner });
  }
}

/** What a sequence is made from. */
export interface SequenceParts {
  readonly name: QualifiedName;
  readonly type: Sequence["type"];
  readonly options: ReadonlyMap<string, DefElem>;
  readonly ownedBy?: SequenceOwner;
}

/** Adds a sequence, defaults spelled out as in pg_sequence. */
export function addSequence(statement: Statement, parts: SequenceParts): void {
  const { name, type, options } = parts;
  const increment = numberOption(options, "increment") ?? "1";
  const down = increment.startsWith("-");
  const { least, greatest } = RANGES[type];
  const min = numberOption(options, "minvalue") ?? (down ? least : "1");
  const max = numberOption(options, "maxvalue") ?? (down ? "-1" : greatest);
  const ownedBy = parts.ownedBy ?? sequenceOwner(statement, options);
  statement.draft.sequences.set(nameKey(name), {
    name,
    type,
    start: numberOption(options, "start") ?? (down ? max : min),
    increment,
    min,
    max,
    cache: numberOption(options, "cache") ?? "1",
    cycle: isTrue(options.get("cycle")),
    ...(ownedBy ? { ownedBy } : {}),
  });
}

const RANGES = {
  smallint: { least: "-32768", greatest: "32767" },
  integer: { least: "-2147483648", greatest: "2147483647" },
  bigint: { least: "-9223372036854775808", greatest: "9223372036854775807" },
} as const satisfies Record<Sequence["type"], { least: string; greatest: string }>;

function sequenceType(options: ReadonlyMap<string, DefElem>): Sequence["type"] {
  const type = options.get("as")?.arg;
  return sequenceTypeOf(
    type && "TypeName" in type ? (strings(type.TypeName.names).at(-1) ?? "") : "",
  );
}

function sequenceOwner(
  statement: Statement,
  options: ReadonlyMap<string, DefElem>,
): SequenceOwner | undefined {
  const owner = options.get("owned_by")?.arg;
  const [column = "", table, schema] =
    owner && "List" in owner ? strings(owner.List.items).reverse() : [];
  // OWNED BY NONE has one word.
  if (table === undefined) return undefined;
  const named = schema === undefined ? { relname: table } : { schemaname: schema, relname: table };
  return { table: relationName(statement, named), column };
}

function numberOption(options: ReadonlyMap<string, DefElem>, name: string): string | undefined {
  const value = options.get(name)?.arg;
  if (value && "Integer" in value) return String(value.Integer.ival ?? 0);
  return value && "Float" in value ? value.Float.fval : undefined;
}

function isTrue(option: DefElem | undefined): boolean {
  return (
    option?.arg !== undefined && "Boolean" in option.arg && option.arg.Boolean.boolval === true
  );
}
