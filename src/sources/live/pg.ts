/**
 * The client library, without what it loads for nothing. The only file that loads `pg` for reading sources.
 */
import { createRequire } from "node:module";

type Library = typeof import("pg");

const library: Library = withoutFetch(() => createRequire(import.meta.url)("pg"));

/** As `pg` exports it. */
export const Client: Library["Client"] = library.Client;
export type Client = InstanceType<Library["Client"]>;

/** As `pg` exports it. */
export const DatabaseError: Library["DatabaseError"] = library.DatabaseError;
export type DatabaseError = InstanceType<Library["DatabaseError"]>;

/**
 * Where there is no `navigator`, before Node 21, `pg` tries a `Response` to find out whether it runs on Cloudflare: that alone has
 * Node load all of fetch. `load` is synchronous, so nobody else misses it.
 */
function withoutFetch<T>(load: () => T): T {
  const own = Object.getOwnPropertyDescriptor(globalThis, "Response");
  if (own?.configurable !== true || "navigator" in globalThis) return load();
  Reflect.deleteProperty(globalThis, "Response");
  try {
    return load();
  } finally {
    Object.defineProperty(globalThis, "Response", own);
  }
}
