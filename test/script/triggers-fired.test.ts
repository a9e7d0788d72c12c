/**
 * Which triggers `--triggers disable` switches off: those that the script's statements would fire, and no others.
 */
import { randomBytes } from "node:crypto";
import { describe, test } from "vitest";
import { stateOf } from "../support/content.ts";
import { execute, hasServer, psql, urlOf } from "../support/postgres.ts";
import { settingOf } from "../support/setting.ts";

/** The trigger refuses what a script does; edits are let through. */
const REFUSE = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF current_setting('application_name') LIKE 'rowpatch%' THEN RAISE EXCEPTION 'fired'; END IF; RETURN coalesce(NEW, OLD); END $$;`;
const on = (events: string, table: string, level = "ROW") =>
  `CREATE TRIGGER fires BEFORE ${events} ON ${table} FOR EACH ${level} EXECUTE FUNCTION refuse();`;

const NODES = `${REFUSE} CREATE TABLE node (id int PRIMARY KEY, code text UNIQUE, next int REFERENCES node, twice int GENERATED ALWAYS AS (next * 2) STORED, n int, place text UNIQUE);
CREATE TABLE leaf (id int PRIMARY KEY, code text REFERENCES node (code) ON UPDATE CASCADE, n int);
INSERT INTO node (id, code, place) VALUES (1, 'a', 'a'), (2, 'b', 'b'), (3, 'c', 'c'); INSERT INTO leaf VALUES (1, 'c', 1);`;
const PARTS = `${REFUSE} CREATE TABLE part (id int, k int, v text, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);
CREATE TABLE low PARTITION OF part FOR VALUES FROM (0) TO (10); CREATE TABLE high PARTITION OF part DEFAULT;
CREATE TABLE loose (id int, k int, v text) PARTITION BY LIST (k); CREATE TABLE one PARTITION OF loose FOR VALUES IN (1); CREATE TABLE two PARTITION OF loose FOR VALUES IN (2);
INSERT INTO part VALUES (1, 1, 'a'); INSERT INTO loose VALUES (1, 1, 'a'), (2, 1, 'b');`;

describe
  .skipIf(!hasServer)
  .concurrent("triggers that statements fire", { timeout: 120_000 }, () => {
    const cases: [string, string, string, { key: string }?][] = [
      [
        "by parking values that change hands",
        `${NODES} ${on("UPDATE OF place", "node")}`,
        "UPDATE node SET place = NULL WHERE id = 1; UPDATE node SET place = 'a' WHERE id = 2; UPDATE node SET place = 'b' WHERE id = 1",
      ],
      [
        "by closing a circle of inserted rows",
        `${NODES} ${on("UPDATE OF next", "node", "STATEMENT")}`,
        "INSERT INTO node (id, code, next) VALUES (8, 'h', 9), (9, 'i', 8)",
      ],
      [
        "by an update of what a generated column is made of",
        `${NODES} ${on("UPDATE OF twice", "node")}`,
        "UPDATE node SET next = 1 WHERE id = 2",
      ],
      [
        "by foreign keys that carry an update on",
        `${NODES} ${on("UPDATE OF code", "leaf")}`,
        "UPDATE node SET code = 'z' WHERE id = 3",
      ],
      [
        "by rows that move between partitions",
        `${PARTS} ${on("DELETE", "one")} ${on("INSERT", "two")}`,
        "UPDATE loose SET k = 2 WHERE id = 1",
        { key: "id" },
      ],
      [
        "on the way back alone",
        `${NODES} ${on("DELETE", "node", "STATEMENT")}`,
        "INSERT INTO node (id) VALUES (9)",
      ],
    ];
    test.for(cases)("%s are off", async ([, production, edits, named], { expect }) => {
      const keys = named ? { keys: [{ table: "public.loose", columns: [named.key] }] } : {};
      const policy = { triggers: "disable" as const, ...keys };
      await using setting = await settingOf({ production, edits }, policy);
      const { url } = setting.production;
      const { versions: _, ...before } = await stateOf(url);
      for (const script of ["deploy", "verify", "revert"] as const)
        expect(await psql(url, { file: setting.files.path(script) }), script).toMatchObject({
          exitCode: 0,
          stderr: "",
        });
      expect(await stateOf(url)).toMatchObject(before);
    });

    const others: [string, string, string][] = [
      ["on other kinds of change", `${NODES} ${on("INSERT OR DELETE", "node")}`, "n = 2"],
      ["on other columns", `${NODES} ${on("UPDATE OF code, next", "node")}`, "n = 3"],
    ];
    test.for(others)("%s stay on, and nobody needs to own the table", async (given, { expect }) => {
      const [, production, change] = given;
      const edits = `UPDATE node SET ${change} WHERE id = 1`;
      await using setting = await settingOf({ production, edits }, { triggers: "disable" });
      const { name, url } = setting.production;
      const role = `p_${randomBytes(6).toString("hex")}`;
      await execute(
        url,
        `CREATE ROLE ${role} LOGIN PASSWORD 'secret'; GRANT SELECT, UPDATE ON node TO ${role}`,
      );
      try {
        const file = setting.files.path("deploy");
        const run = await psql(urlOf(name, role, "secret"), { file });
        expect(run).toMatchObject({ exitCode: 0, stderr: "" });
      } finally {
        await execute(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
      }
    });
  });
