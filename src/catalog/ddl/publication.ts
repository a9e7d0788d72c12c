/**
 * CREATE PUBLICATION and ALTER PUBLICATION ... ADD: which tables and schemas are published, and which writes.
 */
import { nameKey } from "../../names.ts";
import { WRITES } from "../codes.ts";
import type { CreatePublicationStmt, Node } from "../parser.ts";
import type { Publication } from "../types.ts";
import type { PublicationDraft } from "./draft.ts";
import { definitions, relationName, type Statement } from "./statement.ts";

/** CREATE PUBLICATION. */
export function createPublication(statement: Statement, node: CreatePublicationStmt): void {
  const publication: PublicationDraft = {
    name: node.pubname ?? "",
    allTables: node.for_all_tables === true,
    publishes: published(node),
    tables: new Map(),
    schemas: new Set(),
  };
  statement.draft.publications.set(publication.name, publication);
  addObjects(statement, publication, node.pubobjects);
}

/** ALTER PUBLICATION ... ADD TABLE and ADD TABLES IN SCHEMA; anything else leaves the catalog as it is. */
export function alterPublication(
  statement: Statement,
  node: { readonly pubname?: string; readonly pubobjects?: Node[]; readonly action?: string },
): void {
  const publication = statement.draft.publications.get(node.pubname ?? "");
  if (!publication || node.action !== "AP_AddObjects") return;
  addObjects(statement, publication, node.pubobjects);
}

function published(node: CreatePublicationStmt): Publication["publishes"] {
  const value = definitions(node.options).get("publish")?.arg;
  if (!value || !("String" in value)) return WRITES;
  const named = (value.String.sval ?? "").split(",").map((word) => word.trim());
  return WRITES.filter((write) => named.includes(write));
}

function addObjects(
  statement: Statement,
  publication: PublicationDraft,
  nodes: readonly Node[] | undefined,
): void {
  for (const node of nodes ?? []) {
    if (!("PublicationObjSpec" in node)) continue;
    const { pubobjtype, name, pubtable } = node.PublicationObjSpec;
    if (pubtable?.relation) {
      const table = relationName(statement, pubtable.relation);
      publication.tables.set(nameKey(table), table);
    } else if (pubobjtype === "PUBLICATIONOBJ_TABLES_IN_SCHEMA" && name !== undefined) {
      publication.schemas.add(name);
    }
  }
}
