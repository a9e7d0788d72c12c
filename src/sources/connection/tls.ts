/**
 * `sslmode` and its companions of libpq, as settings of TLS in Node. Reads certificate files, opens no connection.
 */
import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConnectionOptions, SecureVersion } from "node:tls";
import { homeFolder } from "./home.ts";
import type { Environment, Parameters } from "./parameters.ts";
import { unreadable } from "./string.ts";

/** How one attempt to connect is protected: TLS with these settings, or `false` for none. */
export type Protection = false | ConnectionOptions;

/**
 * What to try in this order. `prefer`, libpq's default, and `allow` have two ways; `require` encrypts and, if a root certificate
 * is there, checks it; `verify-ca` checks the certificate, `verify-full` also that it is the host's.
 *
 * @throws ExpectedError `connection_string` for an unknown mode or an unreadable certificate file.
 */
export async function protections(
  parameters: Parameters,
  env: Environment,
): Promise<readonly Protection[]> {
  const root = parameters.get("sslrootcert");
  // libpq takes the system's certificates only for the full check.
  const mode = parameters.get("sslmode") || (root === "system" ? "verify-full" : "prefer");
  switch (mode) {
    case "disable":
      return [false];
    case "allow":
      return [false, await encryption(parameters, env, mode)];
    case "prefer":
      return [await encryption(parameters, env, mode), false];
    case "require":
    case "verify-ca":
    case "verify-full":
      return [await encryption(parameters, env, mode)];
    default:
      throw unreadable(
        "sslmode is none of disable, allow, prefer, require, verify-ca and verify-full",
      );
  }
}

type EncryptedMode = "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

async function encryption(
  parameters: Parameters,
  env: Environment,
  mode: EncryptedMode,
): Promise<ConnectionOptions> {
  const host = parameters.get("hostaddr") ? parameters.get("host") : undefined;
  const options: ConnectionOptions = {
    ...(await trust(parameters, env, mode)),
    // The certificate is the host's, also where hostaddr says which address to use.
    ...(host ? { servername: host } : {}),
    ...versions(parameters),
  };
  const identity = await readIdentity(parameters, env);
  if (identity === undefined) return options;
  // Not enumerable, as pg itself keeps it: whoever prints the settings does not print the key.
  return Object.defineProperty({ ...options, cert: identity.cert }, "key", { value: identity.key });
}

/** Which certificates of servers are good. */
async function trust(
  parameters: Parameters,
  env: Environment,
  mode: EncryptedMode,
): Promise<ConnectionOptions> {
  const named = parameters.get("sslrootcert");
  const system = named === "system";
  if (system && mode !== "verify-full") {
    throw unreadable("sslrootcert=system asks for sslmode=verify-full");
  }
  const path = named || personal(env, "root.crt");
  const ca = system ? undefined : await readIfThere(path);
  const verifies = mode === "verify-ca" || mode === "verify-full";
  if (verifies && !system && ca === undefined) {
    throw unreadable(
      `sslmode=${mode} needs the root certificate file ${path}, which is not there; name one with sslrootcert, or write sslrootcert=system`,
    );
  }
  if (!verifies && (mode !== "require" || ca === undefined)) return { rejectUnauthorized: false };
  const crlPath = parameters.get("sslcrl") || personal(env, "root.crl");
  const crl = await readIfThere(crlPath);
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    ...(crl === undefined ? {} : { crl }),
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** The certificate that this client shows, where there is one. */
async function readIdentity(
  parameters: Parameters,
  env: Environment,
): Promise<{ readonly cert: string; readonly key: string } | undefined> {
  const path = parameters.get("sslcert") || personal(env, "postgresql.crt");
  const cert = await readIfThere(path);
  if (cert === undefined) return undefined;
  const keyPath = parameters.get("sslkey") || personal(env, "postgresql.key");
  const text = await readIfThere(keyPath);
  if (text === undefined) {
    throw unreadable(`the key of certificate ${path} is not in ${keyPath}; name it with sslkey`);
  }
  return { cert, key: decrypt(text, parameters, keyPath) };
}

function decrypt(text: string, parameters: Parameters, path: string): string {
  const passphrase = parameters.get("sslpassword");
  try {
    const key = createPrivateKey({ key: text, ...(passphrase ? { passphrase } : {}) });
    return key.export({ type: "pkcs8", format: "pem" }).toString();
  } catch {
    throw unreadable(
      `the key ${path} cannot be read; an encrypted one needs the right sslpassword`,
    );
  }
}

const VERSIONS: Readonly<Record<string, SecureVersion>> = {
  TLSv1: "TLSv1",
  "TLSv1.1": "TLSv1.1",
  "TLSv1.2": "TLSv1.2",
  "TLSv1.3": "TLSv1.3",
};

function versions(parameters: Parameters): ConnectionOptions {
  const lowest = version(parameters.get("ssl_min_protocol_version") || "TLSv1.2");
  const highest = version(parameters.get("ssl_max_protocol_version") || "TLSv1.3");
  return { minVersion: lowest, maxVersion: highest };
}

function version(name: string): SecureVersion {
  const found = VERSIONS[name];
  if (found === undefined) throw unreadable("a TLS version is none of TLSv1 to TLSv1.3");
  return found;
}

function personal(env: Environment, name: string): string {
  return join(homeFolder(env), ".postgresql", name);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}
