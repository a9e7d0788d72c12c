/**
 * What a comparison of two states cannot know: which of them a difference comes from.
 */
import { type Finding, finding } from "../../findings.ts";
import type { Subject } from "./subject.ts";

/** A warning where production lives on, and rows are overwritten or deleted that it may have written since local was copied. */
export function liveProduction({ sources, changeset }: Subject): readonly Finding[] {
  if (sources.production.kind !== "database") return [];
  const rows = changeset.tables.reduce((sum, { counts }) => sum + counts.update + counts.delete, 0);
  return rows > 0 ? [finding({ code: "production_live", rows })] : [];
}
