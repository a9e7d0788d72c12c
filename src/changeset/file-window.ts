/**
 * A file that is read once from front to back, a block of it in memory. Knows nothing of what is in it.
 */
import { type FileHandle, open } from "node:fs/promises";
import { reading } from "./file-failure.ts";

/** What is in memory of a file: bytes that were read and not taken yet. */
export interface FileWindow {
  /** How many there are. */
  readonly bytes: () => number;
  /** Where they lie; another buffer, and another place, after `fill`. */
  readonly block: () => Buffer;
  readonly position: () => number;
  /** Goes on by so many bytes and returns where they lie. */
  readonly take: (bytes: number) => number;
  /** Reads on until there are so many. False where the file ends before. Opens the file when it is asked first. */
  readonly fill: (bytes: number) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/** Memory: as many bytes as are read at a time, or asked for at once. @throws ExpectedError `file_system` */
export function fileWindow(path: string, blockBytes: number): FileWindow {
  let file: FileHandle | undefined;
  let block = Buffer.allocUnsafeSlow(0);
  let at = 0;
  let end = 0;
  return {
    bytes: () => end - at,
    block: () => block,
    position: () => at,
    take(bytes) {
      const position = at;
      at += bytes;
      return position;
    },
    async fill(bytes) {
      if (end - at >= bytes) return true;
      file ??= await open(path).catch(reading(path));
      const size = Math.max(bytes, blockBytes);
      // One that grew for a long line is not kept.
      const isFit = block.length >= size && block.length <= 4 * size;
      const target = isFit ? block : Buffer.allocUnsafeSlow(size);
      block.copy(target, 0, at, end);
      block = target;
      end -= at;
      at = 0;
      while (end < size) {
        const { bytesRead } = await file.read(block, end, size - end).catch(reading(path));
        if (bytesRead === 0) break;
        end += bytesRead;
      }
      return end >= bytes;
    },
    async close() {
      await file?.close();
    },
  };
}
