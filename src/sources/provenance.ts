/**
 * Where a side comes from, once it has been read.
 */
import type { Provenance, Source } from "./source.ts";

/** With the digest of a dump that is one file. Reads the file. */
export async function finalProvenance(source: Source): Promise<Provenance> {
  const sha256 = source.kind === "dump" ? await source.digest() : undefined;
  return sha256 === undefined ? source.provenance : { ...source.provenance, sha256 };
}
