/**
 * Which blocks of a dump hold the rows of which table, without looking through all of them each time.
 */
import { nameKey } from "../names.ts";
import type { DataBlock, LinesRequest } from "./source.ts";

/** Blocks with their place in the dump, by `nameKey` of the table that they are loaded into. */
export type BlockIndex<Block> = ReadonlyMap<string, readonly Placed<Block>[]>;

interface Placed<Block> {
  readonly block: Block;
  readonly place: number;
}

/** The index of blocks that hold rows; those seen to be `empty` are left out. */
export function indexBlocks<Block extends DataBlock & { readonly empty?: true }>(
  blocks: readonly Block[],
): BlockIndex<Block> {
  const index = new Map<string, Placed<Block>[]>();
  for (const [place, block] of blocks.entries()) {
    // Of an empty table's INSERT statements nothing tells the columns.
    if (block.empty) continue;
    const key = nameKey(block.table);
    const placed = index.get(key) ?? [];
    placed.push({ block, place });
    index.set(key, placed);
  }
  return index;
}

/** The blocks that hold rows of what is asked for, in the order of the dump. */
export function blocksOf<Block>(
  index: BlockIndex<Block>,
  { parts }: LinesRequest,
): readonly Block[] {
  const keys = new Set(parts.map(nameKey));
  return [...keys]
    .flatMap((key) => index.get(key) ?? [])
    .sort((a, b) => a.place - b.place)
    .map(({ block }) => block);
}
