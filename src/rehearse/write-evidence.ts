/**
 * Puts the evidence into the bundle: `rehearsal.json`, the section of the reports, and a `MANIFEST` that lists them.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, open, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { compareText } from "../names.ts";
import { guardFiles } from "../outputs/file-errors.ts";
import { MANIFEST } from "../outputs/place.ts";
import { readManifest } from "./bundle.ts";
import { type Evidence, evidenceText } from "./evidence.ts";
import { addEvidence, parseEvidence } from "./kept-evidence.ts";
import { withHtmlSection, withMarkdownSection } from "./report-section.ts";

const REPORTS = [
  { name: "report.md", insert: withMarkdownSection },
  { name: "report.html", insert: withHtmlSection },
];

const PARTIAL = ".rowpatch-partial-";

const EVIDENCE = "rehearsal.json";

/** Refuses early what `writeEvidence` would refuse after the whole rehearsal; who opens the bundle tells that it is missing. @throws ExpectedError `file_system` */
export async function demandWritable(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  // Permissions alone do not tell: file systems may be read-only, or their own.
  await guardFiles("writing", folder, async () => rmdir(await mkdtemp(join(folder, PARTIAL))));
}

/**
 * Renews the bundle. Evidence of the production that it was made from is kept where this is of another one. Everything is on disk
 * beside its place before the first file is replaced, `MANIFEST` last.
 *
 * @throws ExpectedError `bundle`, `file_system`; the bundle is then as it was.
 */
export async function writeEvidence(folder: string, evidence: Evidence): Promise<void> {
  const listed = new Map(await readManifest(folder));
  const former = listed.has(EVIDENCE)
    ? parseEvidence(await readFile(join(folder, EVIDENCE), "utf8"))
    : undefined;
  const kept = addEvidence(former, evidence);
  const files = new Map([[EVIDENCE, evidenceText(kept)]]);
  for (const { name, insert } of REPORTS) {
    if (!listed.has(name)) continue;
    files.set(name, insert(await readFile(join(folder, name), "utf8"), kept));
  }
  for (const [name, text] of files) {
    listed.set(name, createHash("sha256").update(text).digest("hex"));
  }
  const lines = [...listed].sort(([a], [b]) => compareText(a, b));
  files.set(MANIFEST, lines.map(([name, digest]) => `${digest}  ${name}\n`).join(""));
  await guardFiles("writing", folder, () => replaceFiles(folder, files));
}

async function replaceFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  // Of a run that was killed while it wrote.
  await removePartial(folder);
  try {
    for (const [name, text] of files) await writeSynced(join(folder, PARTIAL + name), text);
    for (const name of files.keys()) {
      await rename(join(folder, PARTIAL + name), join(folder, name));
    }
  } catch (error) {
    await removePartial(folder);
    throw error;
  }
}

async function removePartial(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(PARTIAL));
  for (const name of names) await rm(join(folder, name), { force: true });
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
