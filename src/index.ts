/**
 * The public API: what programs may rely on. Everything else may change.
 */
export type { Catalog } from "./catalog/types.ts";
export type { LongTexts } from "./changeset/long-texts.ts";
export type { ChangedTable, Changeset, SequenceTarget } from "./changeset/types.ts";
export type { Change, ChangeKind, Counts, Datum, LongText } from "./compare/change.ts";
export { ExpectedError, type Failure } from "./errors.ts";
export type { Severity } from "./findings/severity.ts";
export type { Finding, FindingFacts } from "./findings.ts";
export type { QualifiedName, TableName } from "./names.ts";
export {
  type ComparedTable,
  type CompareRequest,
  type Comparison,
  compare,
  makeScripts,
  type ScriptOptions,
  type ScriptSet,
} from "./pipeline.ts";
export type { ProgressEvent } from "./progress.ts";
export type { Provenance } from "./sources/source.ts";
