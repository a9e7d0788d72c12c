/** Placeholder. */
import { ExpectedError } from "../../errors.ts";
import type { ScratchRequest } from "./choose.ts";
import type { ScratchServer } from "./server.ts";

export async function startPglite(_request: ScratchRequest): Promise<ScratchServer> {
  throw new ExpectedError({ code: "usage", message: "not yet" });
}
