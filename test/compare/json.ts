/** Answers of a server that are more than a text. */
import { execute } from "../support/postgres.ts";

/** Runs statements, of which the last gives one JSON value. */
export async function askJson(url: string, sql: string): Promise<unknown> {
  const [[value] = []] = await execute(url, sql);
  return JSON.parse(value ?? "null");
}
