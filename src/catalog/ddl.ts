/**
 * The catalog of a dump, from its statements: which of them matter, and who reads them. PostgreSQL's parser does the reading.
 */
import { ExpectedError } from "../errors.ts";
import type { DdlStatement } from "../sources/source.ts";
import { alterTable } from "./ddl/alter.ts";
import { emptyDraft } from "./ddl/draft.ts";
import { finishDraft } from "./ddl/finish.ts";
import { createExtension, createFromQuery, refuseChange } from "./ddl/other.ts";
import { alterPublication, createPublication } from "./ddl/publication.ts";
import { alterSequence, createSequence } from "./ddl/sequence.ts";
import { sqlText, trimStatement } from "./ddl/sql-text.ts";
import type { Statement } from "./ddl/statement.ts";
import { createTable } from "./ddl/table.ts";
import { createPolicy, createRule, createTrigger } from "./ddl/trigger.ts";
import { attachIndex, createIndex } from "./ddl/unique-index.ts";
import {
  alterDomain,
  alterEnum,
  createComposite,
  createDomain,
  createEnum,
  createRange,
  define,
} from "./ddl/user-type.ts";
import { type AlterTableStmt, loadParser, type Node, parseStatements } from "./parser.ts";
import type { Catalog } from "./types.ts";

/**
 * The catalog that the statements of a dump define; `where` names the dump in messages. Statements that define nothing of a
 * catalog (functions, views, comments, privileges ...) are passed over unread.
 *
 * @throws ExpectedError `ddl_unreadable` for a statement that matters and cannot be read.
 */
export async function catalogFromDdl(
  statements: readonly DdlStatement[],
  where: string,
): Promise<Catalog> {
  await loadParser();
  const draft = emptyDraft();
  for (const { text, place, defaultSchema = "public" } of statements) {
    const trimmed = trimStatement(text);
    if (!matters(trimmed)) continue;
    readStatement({ sql: sqlText(trimmed), draft, where, place, defaultSchema });
  }
  return finishDraft(draft, where);
}

/** Statements that may define a part of the catalog, by their first words. */
const DEFINING =
  /^(?:CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|FOREIGN|UNIQUE|CONSTRAINT|MATERIALIZED)\s+)*(?:TABLE|INDEX|SEQUENCE|TYPE|DOMAIN|COLLATION|EXTENSION|TRIGGER|RULE|POLICY|PUBLICATION|VIEW)|ALTER\s+(?:FOREIGN\s+)?(?:TABLE|INDEX|SEQUENCE|TYPE|DOMAIN|PUBLICATION))\s/i;

/** Of those, what defines nothing after all, and is too frequent to be parsed for nothing. */
const PASSED_OVER =
  /^CREATE\s+(?:OR\s+REPLACE\s+)?(?:INDEX|VIEW)\s|^ALTER\s[^']*\sOWNER\s+TO\s+(?:"(?:[^"]|"")+"|[\w$]+)$/i;

function matters(text: string): boolean {
  return DEFINING.test(text) && !PASSED_OVER.test(text);
}

function readStatement(statement: Statement): void {
  for (const node of parse(statement)) readNode(statement, node);
}

function parse(statement: Statement): Node[] {
  try {
    return parseStatements(statement.sql.text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const { where, place } = statement;
    throw new ExpectedError({ code: "ddl_unreadable", path: where, place, reason }, { cause });
  }
}

function readNode(statement: Statement, node: Node): void {
  if ("CreateStmt" in node) createTable(statement, node.CreateStmt, "table");
  else if ("CreateForeignTableStmt" in node) {
    createTable(statement, node.CreateForeignTableStmt.base ?? {}, "foreign");
  } else if ("AlterTableStmt" in node) readAlterTable(statement, node.AlterTableStmt);
  else if ("IndexStmt" in node) createIndex(statement, node.IndexStmt);
  else if ("CreateSeqStmt" in node) createSequence(statement, node.CreateSeqStmt);
  else if ("AlterSeqStmt" in node) alterSequence(statement, node.AlterSeqStmt);
  else if ("CreateTrigStmt" in node) createTrigger(statement, node.CreateTrigStmt);
  else if ("RuleStmt" in node) createRule(statement, node.RuleStmt);
  else if ("CreatePolicyStmt" in node) createPolicy(statement, node.CreatePolicyStmt);
  else if ("CreateTableAsStmt" in node) createFromQuery(statement, node.CreateTableAsStmt);
  else if ("RenameStmt" in node) refuseChange(statement, node.RenameStmt);
  else if ("AlterObjectSchemaStmt" in node) refuseChange(statement, node.AlterObjectSchemaStmt);
  else readOther(statement, node);
}

function readAlterTable(statement: Statement, node: AlterTableStmt): void {
  if (node.objtype === "OBJECT_INDEX") attachIndex(statement, node);
  else if (node.objtype === "OBJECT_TABLE" || node.objtype === "OBJECT_FOREIGN_TABLE") {
    alterTable(statement, node);
  }
}

function readOther(statement: Statement, node: Node): void {
  if ("CreateEnumStmt" in node) createEnum(statement, node.CreateEnumStmt);
  else if ("AlterEnumStmt" in node) alterEnum(statement, node.AlterEnumStmt);
  else if ("CompositeTypeStmt" in node) createComposite(statement, node.CompositeTypeStmt);
  else if ("CreateRangeStmt" in node) createRange(statement, node.CreateRangeStmt);
  else if ("DefineStmt" in node) define(statement, node.DefineStmt);
  else if ("CreateDomainStmt" in node) createDomain(statement, node.CreateDomainStmt);
  else if ("AlterDomainStmt" in node) alterDomain(statement, node.AlterDomainStmt);
  else if ("CreateExtensionStmt" in node) createExtension(statement, node.CreateExtensionStmt);
  else if ("CreatePublicationStmt" in node) {
    createPublication(statement, node.CreatePublicationStmt);
  } else if ("AlterPublicationStmt" in node) {
    alterPublication(statement, node.AlterPublicationStmt);
  }
}
