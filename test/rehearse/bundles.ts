/** Bundles of the demo's shop for tests: written once, copied, broken, and rehearsed. */
import { createHash } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Rehearsal, type RehearseRequest, rehearse } from "../../src/rehearse/rehearse.ts";
import { run } from "../cli/run.ts";
import { createLocal, type Folder, PRODUCTION } from "../cli/shop.ts";

/** Writes the demo's bundle into the folder. */
export async function writeDemoBundle(
  folder: Folder,
  flags: readonly string[] = [],
): Promise<string> {
  await using local = await createLocal();
  const path = folder.at("bundle");
  const sides = ["--production", PRODUCTION, "--local", local.url];
  const answers = ["--deletes", "apply", "--triggers", "disable"];
  const { code, stderr } = await run(
    ["script", ...sides, ...answers, "--ticket", "demo", "--out", path, "--force", ...flags],
    { env: folder.env },
  );
  if (code !== 0) throw new Error(stderr);
  return path;
}

/** A copy of a bundle with one file edited, and a MANIFEST that takes it for right. */
export function brokenCopy(
  bundle: string,
  to: string,
  file: string,
  edit: (text: string) => string,
): string {
  cpSync(bundle, to, { recursive: true });
  const before = readFileSync(join(to, file), "utf8");
  const after = edit(before);
  if (after === before) throw new Error("the edit changes nothing");
  writeFileSync(join(to, file), after);
  const digest = createHash("sha256").update(after).digest("hex");
  const manifest = join(to, "MANIFEST");
  const lines = readFileSync(manifest, "utf8").split("\n");
  const renewed = lines.map((line) => (line.slice(66) === file ? `${digest}  ${file}` : line));
  writeFileSync(manifest, renewed.join("\n"));
  return to;
}

/** Rehearses with the demo's production, unless told otherwise. */
export function rehearseBundle(
  bundle: string,
  options: Partial<RehearseRequest> = {},
): Promise<Rehearsal> {
  return rehearse({
    bundle,
    production: PRODUCTION,
    keep: false,
    version: "0.0.0",
    now: () => new Date(0),
    env: process.env,
    tempDirectory: tmpdir(),
    memory: 64 * 1024 * 1024,
    ...options,
  });
}
