// @ts-check
// Servers that are measured: from their variables, or on this machine.
const { env } = process;
const { PGHOST = "127.0.0.1", PGPORT = "5432", PGUSER = "postgres", PGPASSWORD, PGDATABASE = "test" } = env;

export const postgresUrl =
  env["RELATCH_TEST_POSTGRES"] ??
  `postgres://${[PGUSER, ...(PGPASSWORD ? [PGPASSWORD] : [])].map(encodeURIComponent).join(":")}@${PGHOST}:${PGPORT}/${PGDATABASE}`;
export const mysqlUrl = env["RELATCH_TEST_MYSQL"] ?? "mysql://root@127.0.0.1:3306/test";
export const redisUrl = env["RELATCH_TEST_REDIS"] ?? "redis://127.0.0.1:6379";
