/**
 * Whether row security keeps rows from a role.
 */
import { type Sql, sql } from "./sql.ts";

/** Whether row security of the relation `c` may hide rows from the role, as row_security_active() tells it of the current one. */
export function restricted(role: Sql): Sql {
  return sql`c.relrowsecurity AND (c.relforcerowsecurity OR NOT pg_has_role(${role}, c.relowner, 'USAGE')) AND NOT (SELECT s.rolsuper OR s.rolbypassrls FROM pg_roles s WHERE s.rolname = ${role})`;
}
