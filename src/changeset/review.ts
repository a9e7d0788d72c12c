/**
 * The review of a changeset: everything that catalogs and data already show of what its scripts would meet in production.
 */
import { type Finding, finding } from "../findings.ts";
import { blastRadius } from "./review/blast-radius.ts";
import { changedKeys } from "./review/changed-keys.ts";
import { definitionFindings } from "./review/definitions.ts";
import { liveProduction } from "./review/live-production.ts";
import { parentFindings } from "./review/parents.ts";
import { partitionFindings } from "./review/partitions.ts";
import { replicationFindings } from "./review/replication.ts";
import { sameSource } from "./review/same-source.ts";
import { largeObjectsOf, serverFindings } from "./review/server.ts";
import type { Subject } from "./review/subject.ts";
import { valueFindings } from "./review/values.ts";

/** All findings; sources are read again where that is needed, and closed by who opened them. */
export async function reviewFindings(subject: Subject): Promise<readonly Finding[]> {
  const { production, local } = subject.sources;
  const largeObjects = Math.max(await largeObjectsOf(production), await largeObjectsOf(local));
  return [
    ...(await sameSource(subject)),
    ...liveProduction(subject),
    ...definitionFindings(subject),
    ...(await changedKeys(subject)),
    ...(await valueFindings(subject, largeObjects)),
    ...(await partitionFindings(subject)),
    ...(await blastRadius(subject)),
    ...(await parentFindings(subject)),
    ...(await replicationFindings(subject)),
    ...(await serverFindings(subject)),
    ...(largeObjects > 0 ? [finding({ code: "large_objects", count: largeObjects })] : []),
  ];
}
