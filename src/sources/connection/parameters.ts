/**
 * The connection parameters of libpq: their environment variables, and which of them rowpatch cannot honour.
 */

/** What is known of one parameter. */
export interface Parameter {
  /** Environment variable that gives it where neither connection string nor service does. */
  readonly variable?: string;
  /** Values under which ignoring the parameter keeps its promise; with any other value the connection is refused. */
  readonly only?: readonly string[];
}

/**
 * Every parameter of libpq up to version 18; others are refused by name, as libpq does. Those that are not read anywhere tune
 * the transport (keepalives, GSSAPI library, compression ...) or give what rowpatch sets itself (application_name, client_encoding).
 *
 * See: docs, "Parameter Key Words" and "Environment Variables".
 */
export const PARAMETERS: ReadonlyMap<string, Parameter> = new Map(
  Object.entries<Parameter>({
    service: { variable: "PGSERVICE" },
    servicefile: { variable: "PGSERVICEFILE" },
    user: { variable: "PGUSER" },
    password: { variable: "PGPASSWORD" },
    passfile: { variable: "PGPASSFILE" },
    dbname: { variable: "PGDATABASE" },
    host: { variable: "PGHOST" },
    hostaddr: { variable: "PGHOSTADDR" },
    port: { variable: "PGPORT" },
    options: { variable: "PGOPTIONS" },
    connect_timeout: { variable: "PGCONNECT_TIMEOUT" },
    sslmode: { variable: "PGSSLMODE" },
    sslnegotiation: { variable: "PGSSLNEGOTIATION" },
    sslrootcert: { variable: "PGSSLROOTCERT" },
    sslcert: { variable: "PGSSLCERT" },
    sslkey: { variable: "PGSSLKEY" },
    sslpassword: {},
    sslcrl: { variable: "PGSSLCRL" },
    sslcrldir: { variable: "PGSSLCRLDIR", only: [""] },
    sslcertmode: { variable: "PGSSLCERTMODE", only: ["allow"] },
    sslsni: { variable: "PGSSLSNI" },
    ssl_min_protocol_version: { variable: "PGSSLMINPROTOCOLVERSION" },
    ssl_max_protocol_version: { variable: "PGSSLMAXPROTOCOLVERSION" },
    channel_binding: { variable: "PGCHANNELBINDING" },
    require_auth: { variable: "PGREQUIREAUTH", only: [""] },
    requirepeer: { variable: "PGREQUIREPEER", only: [""] },
    gssencmode: { variable: "PGGSSENCMODE", only: ["", "disable", "prefer"] },
    target_session_attrs: { variable: "PGTARGETSESSIONATTRS", only: ["", "any"] },
    load_balance_hosts: { variable: "PGLOADBALANCEHOSTS" },
    replication: { only: ["", "false", "off", "no", "0"] },
    application_name: { variable: "PGAPPNAME" },
    fallback_application_name: {},
    client_encoding: { variable: "PGCLIENTENCODING" },
    keepalives: {},
    keepalives_idle: {},
    keepalives_interval: {},
    keepalives_count: {},
    tcp_user_timeout: {},
    sslcompression: { variable: "PGSSLCOMPRESSION" },
    sslkeylogfile: {},
    krbsrvname: { variable: "PGKRBSRVNAME" },
    gsslib: { variable: "PGGSSLIB" },
    gssdelegation: { variable: "PGGSSDELEGATION" },
    min_protocol_version: { variable: "PGMINPROTOCOLVERSION" },
    max_protocol_version: { variable: "PGMAXPROTOCOLVERSION" },
    scram_client_key: {},
    scram_server_key: {},
    oauth_issuer: {},
    oauth_client_id: {},
    oauth_client_secret: {},
    oauth_scope: {},
  }),
);

/** Parameters by name, as text. */
export type Parameters = ReadonlyMap<string, string>;

/** The environment, handed in. */
export type Environment = Readonly<Record<string, string | undefined>>;
