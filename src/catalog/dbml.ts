/**
 * A catalog as DBML. The library that writes it costs 0.7 s and 365 MB to load, so it runs in a process of its own, and only when
 * DBML is asked for. The only user of @dbml/core.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { dbmlModel } from "./dbml/model.ts";
import type { Catalog } from "./types.ts";

/** What the child runs: a model comes in, DBML goes out. A text, so that it is the same whether this file is compiled or not. */
const CHILD = `
const { ModelExporter } = require(process.argv[1]);
process.once("message", (model) => {
  process.send(ModelExporter.export(model, "dbml", { includeRecords: false }), () => process.disconnect());
});
`;

/** The schema: tables, enums, keys, foreign keys. What DBML cannot express stands in notes. Ends in a line end. */
export async function schemaDbml(catalog: Catalog): Promise<string> {
  const library = createRequire(import.meta.url).resolve("@dbml/core");
  const child = spawn(process.execPath, ["-e", CHILD, library], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const written: { dbml?: string } = {};
  child.once("message", (message) => {
    written.dbml = String(message);
  });
  const ended = once(child, "close");
  // A child that dies before tells why on stderr.
  child.send(dbmlModel(catalog), () => undefined);
  const [complaint] = await Promise.all([child.stderr && text(child.stderr), ended]);
  if (written.dbml === undefined) throw new Error(`the DBML writer failed: ${complaint}`);
  return written.dbml.endsWith("\n") ? written.dbml : `${written.dbml}\n`;
}
