/**
 * Puts the compiled command line into a few files, dist/bundle: to find and read 200 takes as long as a small comparison.
 * dist/ stays as the compiler wrote it, for programs that import it, for threads, and for who looks into it.
 */
import { readFile } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { build } from "rolldown";

const dist = resolve("dist");
const folder = resolve(dist, "bundle");

const COMMON = /^(?:names|errors|outputs\/file-errors|cli\/(?:exit|version|io))\.js$/;
const COMPARISON =
  /^(?:(?:sources|compare|changeset|order)\/|catalog\/(?!ddl|dbml|parser)|(?:pipeline|findings|progress)\.js)/;

/** What every run needs, and what every comparison needs, is one file each; the rest goes where it is needed. */
const groups = [
  { name: "common", test: (id) => COMMON.test(placeIn(dist, id)), priority: 1 },
  { name: "comparison", test: (id) => COMPARISON.test(placeIn(dist, id)) },
];

function placeIn(from, id) {
  return relative(from, id).replaceAll(sep, "/");
}

/** What lies beside a module, such as templates and threads, stays where it is. Lines are those of src/. */
const inPlace = {
  name: "in-place",
  async transform(code, id) {
    // The bundler's own module.
    if (!isAbsolute(id)) return;
    const map = JSON.parse(await readFile(`${id}.map`, "utf8"));
    const place = JSON.stringify(placeIn(folder, id));
    const url = `new URL(${place}, import.meta.url).href`;
    return { code: code.replaceAll("import.meta.url", url), map };
  },
};

await build({
  input: { main: resolve(dist, "cli/main.js") },
  platform: "node",
  // Packages stay packages.
  external: (id) => !id.startsWith(".") && !isAbsolute(id),
  plugins: [inPlace],
  output: {
    dir: folder,
    cleanDir: true,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    codeSplitting: { groups },
    sourcemap: true,
    sourcemapExcludeSources: true,
    sourcemapPathTransform: (path) => path.replace(/^\.\./, "../../src").replace(/js$/, "ts"),
  },
});
