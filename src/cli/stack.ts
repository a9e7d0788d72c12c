/**
 * Stack traces with the places of the sources, by the source maps that lie beside compiled and bundled files.
 */
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";

/** The error's stack trace. Places without a map stay as they are. Never fails. */
export function sourceStack({ stack, message }: Error): string {
  const maps = new Map<string, SourceMap | undefined>();
  const text = stack ?? message;
  return text.replace(/(file:\/\/[^\s()]+\.js):(\d+):(\d+)/g, (place, file, line, column) => {
    if (!maps.has(file)) maps.set(file, readMap(file));
    return sourcePlace(file, maps.get(file)?.findEntry(line - 1, column - 1)) ?? place;
  });
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${file}.map`), "utf8")));
  } catch {
    // Not every package has maps.
    return undefined;
  }
}

type Entry = ReturnType<SourceMap["findEntry"]>;

function sourcePlace(file: string, entry: Entry | undefined): string | undefined {
  if (!entry || !("originalSource" in entry)) return undefined;
  const { originalSource, originalLine, originalColumn } = entry;
  return `${new URL(originalSource, file)}:${originalLine + 1}:${originalColumn + 1}`;
}
