/**
 * `rowpatch inspect`: what one dump or database holds; its schema as DBML; the rows of one table.
 */
import { tmpdir } from "node:os";
import { ExpectedError } from "../../errors.ts";
import { formatName } from "../../names.ts";
import { openSource } from "../../sources/open.ts";
import type { Outcome } from "../exit.ts";
import { type OpenedSource, openContents, readContents } from "../inspect/contents.ts";
import { writeRows } from "../inspect/rows.ts";
import { contentsJson, contentsText } from "../inspect/text.ts";
import { type Io, runTime } from "../io.ts";
import { type ProgressDisplay, progressDisplay } from "../progress.ts";
import type { RawSettings } from "../setting-reader.ts";

export async function runInspect(name: string, flags: RawSettings, io: Io): Promise<Outcome> {
  const asked = ["json", "rows", "dbml"].filter((flag) => flags[flag] !== undefined);
  if (asked.length > 1) {
    const message = `${asked.map((flag) => `--${flag}`).join(" and ")} each write something else: give one`;
    throw new ExpectedError({ code: "usage", message });
  }
  const progress = await progressDisplay(io, flags["quiet"] === true || flags["json"] === true);
  progress.show("opening the source");
  try {
    const database = flags["database"];
    await using source = await openSource(name, {
      env: io.env,
      tempDirectory: io.env["TMPDIR"] ?? tmpdir(),
      ...(typeof database === "string" ? { database } : {}),
      ...(io.signal ? { signal: io.signal } : {}),
    });
    await show(await openContents(source), { flags, io, progress });
  } finally {
    progress.clear();
  }
  return { kind: "done" };
}

interface Showing {
  readonly flags: RawSettings;
  readonly io: Io;
  readonly progress: ProgressDisplay;
}

async function show(opened: OpenedSource, { flags, io, progress }: Showing): Promise<void> {
  const { rows } = flags;
  if (typeof rows === "string") {
    progress.clear();
    return writeRows(opened, rows, io);
  }
  if (flags["dbml"] === true) {
    const { schemaDbml } = await import("../../catalog/dbml.ts");
    const dbml = await schemaDbml(opened.catalog);
    progress.clear();
    io.stdout.write(dbml);
    return;
  }
  const contents = await readContents(opened, (table) => {
    io.signal?.throwIfAborted();
    progress.show(`counting ${formatName(table)}`);
  });
  progress.clear();
  io.stdout.write(
    flags["json"] === true ? contentsJson(contents) : contentsText(contents, runTime(io).time),
  );
}
