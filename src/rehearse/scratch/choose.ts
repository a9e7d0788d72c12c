/**
 * Which scratch server a rehearsal uses: the one named, else binaries, else Docker, else PGlite.
 */
import { ExpectedError } from "../../errors.ts";
import type { Provenance } from "../../sources/source.ts";
import type { Watchdog } from "../watchdog.ts";
import { findBinaries, startCluster } from "./cluster.ts";
import { localImages, startDocker, whyNoDocker } from "./docker.ts";
import { startPglite } from "./pglite.ts";
import type { ScratchKind, ScratchServer } from "./server.ts";
import { useServer } from "./url.ts";

export interface ScratchRequest {
  readonly scratch?: string;
  readonly scratchKind?: ScratchKind;
  readonly image?: string;
  readonly tempDirectory: string;
  /** For working files; removed by who made it. */
  readonly directory: string;
  readonly production: { readonly provenance: Provenance };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly watchdog: Watchdog;
  readonly signal?: AbortSignal;
}

/** Starts or reaches it; the caller disposes of it. @throws ExpectedError `scratch`, `connection` */
export async function startScratch(request: ScratchRequest): Promise<ScratchServer> {
  const { scratch, env } = request;
  if (scratch !== undefined) return useServer({ ...request, scratch });
  const wanted = request.scratchKind;
  const binaries = findBinaries(env);
  switch (wanted ?? (await firstKind(binaries, env))) {
    case "binaries":
      if (binaries !== undefined) return startCluster({ ...request, binaries });
      throw missing("there are no PostgreSQL server binaries on this machine");
    case "docker": {
      const reason = await whyNoDocker(env);
      if (reason === undefined) return startDocker(request);
      throw missing(`Docker cannot be used: ${reason}`);
    }
    case "pglite":
      return startPglite(request);
    case "url":
      throw missing("no server was named");
  }
}

/** What is at hand: needs nothing that is not on the machine already. */
export async function firstKind(
  binaries: string | undefined,
  env: ScratchRequest["env"],
): Promise<ScratchKind> {
  if (binaries !== undefined) return "binaries";
  // Nobody asked for a download.
  return (await localImages(env)).length > 0 ? "docker" : "pglite";
}

function missing(reason: string): ExpectedError {
  return new ExpectedError({
    code: "scratch",
    reason,
    remedy: "name a server with --scratch, or another --scratch-kind",
  });
}
