/**
 * Which evidence a bundle holds after one more rehearsal: a proof on the production that was reviewed is not lost to one on another.
 */
import type { Provenance } from "../sources/source.ts";
import type { Evidence } from "./evidence.ts";

/** `rehearsal.json`: the rehearsal on the production that the bundle was made from, else the last one. */
export interface KeptEvidence extends Evidence {
  /** The last rehearsal on each other production, the newest first; absent where there is none. */
  readonly others?: readonly Evidence[];
}

/** What the bundle holds from now on. An earlier rehearsal on the same production is replaced, whatever came of it. */
export function addEvidence(former: KeptEvidence | undefined, added: Evidence): KeptEvidence {
  const earlier = former === undefined ? [] : [withoutOthers(former), ...(former.others ?? [])];
  const place = placeOf(added.production);
  const all = [added, ...earlier.filter(({ production }) => placeOf(production) !== place)];
  const first = all.find(({ asReviewed }) => asReviewed === true) ?? added;
  const others = all.filter((one) => one !== first);
  return others.length === 0 ? first : { ...first, others };
}

/** Reads `rehearsal.json`; `undefined` for what is none, or of another version. */
export function parseEvidence(json: string): KeptEvidence | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null) return undefined;
    const isOurs = "format" in value && value.format === "rowpatch.rehearsal";
    const isKnown = isOurs && "version" in value && value.version === 1;
    // Format and version were checked, and MANIFEST vouches for the bytes.
    return isKnown ? (value as KeptEvidence) : undefined;
  } catch {
    return undefined;
  }
}

function withoutOthers({ others: _, ...evidence }: KeptEvidence): Evidence {
  return evidence;
}

/** The same for the same dump, whatever its path, and for the same live database. */
function placeOf(production: Provenance): string {
  const { kind, sha256, systemIdentifier, database, display, createdAt } = production;
  if (sha256 !== undefined) return `${kind} ${sha256}`;
  if (systemIdentifier !== undefined) return `${kind} ${systemIdentifier} ${database}`;
  // Of dumps in a folder: that of another day is another one.
  return `${kind} ${display} ${kind === "dump" ? createdAt : ""}`;
}
