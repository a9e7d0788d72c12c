/** Part B of the hazard catalogue: triggers, rules, row security, replication. */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createDatabase, execute, hasServer, testServer, urlOf } from "../support/postgres.ts";
import { find } from "../support/scripts.ts";
import { applied, foundOf, proven, refused, runOn, settingOf } from "./setting.ts";

const STAMPED = `
CREATE TABLE t (id int PRIMARY KEY, v text, changed timestamptz);
CREATE TABLE audit (n serial PRIMARY KEY, what text);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := now(); RETURN NEW; END';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.audit (what) VALUES (TG_OP); RETURN NULL; END';
CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
INSERT INTO t VALUES (1, 'a', '2020-01-01'), (2, 'b', '2020-01-01');
`;

/** Local has the trigger too, and edits past it. */
function edit(trigger: string): string {
  return `ALTER TABLE t DISABLE TRIGGER ${trigger}; UPDATE t SET v = 'A' WHERE id = 1; INSERT INTO t VALUES (3, 'c', '2020-01-01'); ALTER TABLE t ENABLE TRIGGER ${trigger};`;
}

describe.skipIf(!hasServer).concurrent("B", () => {
  test("B1 B2: triggers are asked about; fired ones that change or write rows stop the script", async () => {
    for (const [trigger, event, said] of [
      ["stamp", "BEFORE INSERT OR UPDATE", /not as reviewed/],
      ["note", "AFTER INSERT OR UPDATE", /effects are not those reviewed[\s\S]*audit/],
    ] as const) {
      const edited = {
        production: `${STAMPED} CREATE TRIGGER ${trigger} ${event} ON t FOR EACH ROW EXECUTE FUNCTION ${trigger}();`,
        edits: edit(trigger),
      };
      await using fired = await settingOf({ ...edited, options: { triggers: "fire" } });
      expect(fired.found.findings).toContain("triggers_fire");
      const run = await runOn(fired);
      expect(run).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(said) });
      const { found } = await proven(edited);
      expect(found.findings).toContain("triggers_off");
    }
    const unanswered = await foundOf({
      production: `${STAMPED} CREATE TRIGGER stamp BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION stamp();`,
      edits: edit("stamp"),
      options: { deletes: "apply" },
    });
    expect(unanswered.findings).toContain("triggers_off");
  });

  test("B4: a role whose session_replication_role is replica cannot deploy", async () => {
    await using setting = await settingOf({
      production: "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')",
      edits: "UPDATE t SET v = 'b'",
    });
    const env = { PGOPTIONS: "-c session_replication_role=replica" };
    expect(await runOn(setting, { env })).toMatchObject(
      refused(/session_replication_role is not origin/),
    );
  });

  test("B6: a trigger that drops rows stops the script", async () => {
    await using setting = await settingOf({
      production: `${STAMPED} CREATE TRIGGER drop_row BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION drop_row();`,
      edits: edit("drop_row"),
      options: { triggers: "fire" },
    });
    expect(await runOn(setting)).toMatchObject(refused(/not as reviewed, 2 rows/));
  });

  test("B7: rules are asked about, and a rule that comes later stops the script", async () => {
    await using setting = await settingOf({
      production: STAMPED,
      edits: "UPDATE t SET v = 'A' WHERE id = 1; DELETE FROM t WHERE id = 2;",
    });
    const before = "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING";
    expect(await runOn(setting, { before })).toMatchObject(refused(/new: rule "r" O CREATE RULE/));
    const found = await foundOf({
      production: `${STAMPED} ${before};`,
      edits: "UPDATE t SET v = 'A' WHERE id = 1",
    });
    expect(found).toMatchObject({ blocked: true, findings: ["rules"] });
  });

  test("B8: a role that row security restricts can neither compare nor deploy", async () => {
    const role = `r_${randomBytes(6).toString("hex")}`;
    await using _role = await plainRole(role);
    await using setting = await settingOf({
      production: `CREATE TABLE t (id int PRIMARY KEY, owner text); INSERT INTO t VALUES (1, 'x'), (2, 'other');
        ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (owner = current_user); GRANT ALL ON t TO ${role};`,
      edits: "UPDATE t SET owner = 'y' WHERE id = 1",
    });
    expect(setting.found.findings).toContain("row_security");
    const as = ({ name }: { readonly name: string }) => urlOf(name, role, "secret");
    for (const script of ["deploy", "verify", "preflight"] as const)
      expect(await runOn(setting, { as, script })).toMatchObject(refused(/row-level security/));
    const { name } = setting.production;
    await expect(
      find({ production: urlOf(name, role, "secret"), local: setting.local.url }),
    ).rejects.toMatchObject({ failure: { code: "query" } });
    expect(await runOn(setting)).toMatchObject(applied);
  });

  test("B9: a published table without replica identity is refused, for updates and deletes", async () => {
    const production = `
      CREATE TABLE bare (id int NOT NULL, v text); CREATE UNIQUE INDEX bare_id ON bare (id); INSERT INTO bare VALUES (1, 'a'), (2, 'b');
      CREATE TABLE fine (id int PRIMARY KEY, v text); INSERT INTO fine VALUES (1, 'a');
      CREATE TABLE full_row (LIKE bare INCLUDING INDEXES); ALTER TABLE full_row REPLICA IDENTITY FULL; INSERT INTO full_row VALUES (1, 'a');
      CREATE TABLE nothing (id int PRIMARY KEY, v text); ALTER TABLE nothing REPLICA IDENTITY NOTHING; INSERT INTO nothing VALUES (1, 'a');
      CREATE PUBLICATION pub FOR ALL TABLES;`;
    const every = "UPDATE fine SET v = 'x'; UPDATE full_row SET v = 'x';";
    const found = await foundOf({
      production,
      edits: `SET session_replication_role = replica; ${every} ALTER PUBLICATION pub SET (publish = ''); UPDATE bare SET v = 'x' WHERE id = 1; DELETE FROM bare WHERE id = 2; UPDATE nothing SET v = 'x'; ALTER PUBLICATION pub SET (publish = 'insert, update, delete');`,
    });
    expect(found.findings).toEqual(["no_replica_identity", "published"]);
    const refusals = found.messages.filter((message) => message.includes("replica identity"));
    expect(refusals).toEqual([
      expect.stringMatching(/public\.bare .* refuses its updates and deletes/),
      expect.stringMatching(/public\.nothing .* refuses its updates;/),
    ]);
    const inserted = await foundOf({ production, edits: "INSERT INTO bare VALUES (3, 'c')" });
    expect(inserted).toMatchObject({ blocked: false });
    expect(inserted.findings).toEqual(["no_replica_identity_back", "published"]);
  });

  test("B9: PostgreSQL agrees on which tables have a replica identity", async () => {
    await using setting = await settingOf({
      production: `CREATE TABLE fine (id int PRIMARY KEY, v text) PARTITION BY RANGE (id); CREATE TABLE fine_1 PARTITION OF fine FOR VALUES FROM (1) TO (10);
        INSERT INTO fine VALUES (1, 'a'); CREATE PUBLICATION pub FOR TABLE fine;`,
      edits: "UPDATE fine SET v = 'b'",
    });
    expect(setting.found).toMatchObject({ blocked: false, findings: ["published"] });
    expect(await runOn(setting)).toMatchObject(applied);
  });

  test("B10: publications, subscriptions and replication slots are named", async () => {
    await using production = await createDatabase(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'); CREATE PUBLICATION pub FOR TABLE t;",
    );
    await using local = await createDatabase({
      template: production.name,
      sql: "UPDATE t SET v = 'b'",
    });
    const subscription = `sub_${randomBytes(4).toString("hex")}`;
    await execute(
      production.url,
      `CREATE SUBSCRIPTION ${subscription} CONNECTION 'dbname=nowhere' PUBLICATION pub WITH (connect = false)`,
    );
    // What a running subscription would have written.
    await execute(
      production.url,
      `SET allow_system_table_mods = on; INSERT INTO pg_subscription_rel SELECT oid, 't'::regclass, 'r', NULL FROM pg_subscription WHERE subname = '${subscription}'`,
    );
    try {
      const found = await find({ production: production.url, local: local.url });
      expect(found.findings).toContain("published");
      expect(found.messages.join("\n")).toMatch(/public\.t is published \(pub\)/);
      expect(found).toMatchObject({ blocked: true });
      expect(found.messages.join("\n")).toContain(`filled by a subscription (${subscription})`);
    } finally {
      await execute(production.url, `ALTER SUBSCRIPTION ${subscription} SET (slot_name = NONE)`);
      await execute(production.url, `DROP SUBSCRIPTION ${subscription}`);
    }
  });
});

/** A role without any right of its own, dropped with what it was granted. */
async function plainRole(name: string): Promise<AsyncDisposable> {
  await execute(testServer().url, `CREATE ROLE ${name} LOGIN PASSWORD 'secret'`);
  return {
    async [Symbol.asyncDispose]() {
      await execute(testServer().url, `DROP ROLE ${name}`);
    },
  };
}
