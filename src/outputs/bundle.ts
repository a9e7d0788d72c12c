/**
 * The bundle: which files lie in the folder of a ticket, and in which order they are written.
 */
import { totalOf } from "../changeset/types.ts";
import { catalogText, changesText, withheldText } from "./changes-file.ts";
import { type FolderRequest, type OutputFile, type WrittenFile, writeFolder } from "./folder.ts";
import { type ReportFacts, reportText } from "./report.ts";
import { summaryText } from "./summary.ts";

/** What a bundle is made of. */
export interface BundleFacts extends ReportFacts {
  readonly scripts: Readonly<
    Record<"deploy" | "revert" | "verify" | "preflight", () => AsyncIterable<string>>
  >;
  /** The schema as DBML, where it is wanted. */
  readonly dbml?: () => AsyncIterable<string>;
}

/**
 * Writes the bundle whole or not at all. Equal facts give equal bytes. Memory: bounded, whatever the changeset's size.
 *
 * @throws ExpectedError `output_exists`, `output_foreign`, `file_system`, `interrupted`.
 */
export function writeBundle(
  facts: BundleFacts,
  folder: FolderRequest,
): Promise<readonly WrittenFile[]> {
  return writeFolder(folder, bundleFiles(facts));
}

function bundleFiles(facts: BundleFacts): readonly OutputFile[] {
  const { changeset, catalog, scripts } = facts;
  const withheld = changeset.tables.some((table) => totalOf(table.withheld) > 0);
  return [
    { name: "deploy.sql", text: scripts.deploy },
    { name: "revert.sql", text: scripts.revert },
    { name: "verify.sql", text: scripts.verify },
    { name: "preflight.sql", text: scripts.preflight },
    { name: "changes.jsonl", text: () => changesText(changeset, catalog) },
    ...(withheld ? [{ name: "withheld.jsonl", text: () => withheldText(changeset, catalog) }] : []),
    { name: "catalog.json", text: () => catalogText(catalog) },
    ...(facts.dbml ? [{ name: "schema.dbml", text: facts.dbml }] : []),
    { name: "summary.json", text: () => once(summaryText(facts)) },
    { name: "report.md", text: () => reportText(facts) },
  ];
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
