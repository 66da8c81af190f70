// @ts-check
import pg from "pg";
import { postgresTokens } from "../../../dist/stores/postgres.js";
import { postgresUrl } from "../services.mjs";
import { Comparison } from "./comparison.mjs";
import { bytes, count, print, progress } from "./output.mjs";
import { Purge, readUntil } from "./purge.mjs";
import { expiryOf, hashOf, record } from "./records.mjs";
import { cleanups, HOUR, LARGE, run, SCATTERED, SMALL, START } from "./settings.mjs";

/** @typedef {import("./settings.mjs").Subject} Subject */

export async function onPostgres() {
  const connection = { connectionString: postgresUrl };
  const connect = async () => {
    const client = new pg.Client(connection);
    client.on("error", () => {});
    await client.connect();
    cleanups.push(() => client.end());
    return client;
  };
  const [client, second] = [await connect(), await connect()];
  const tables = { small: `scale_${run}_small`, large: `scale_${run}_large` };
  cleanups.push(async () => {
    // On its own connection, because the others can be in the middle of something.
    const last = new pg.Client(connection);
    await last.connect();
    await last.query(`DROP TABLE IF EXISTS ${tables.small}, ${tables.large}`).finally(() => last.end());
  });
  const { rows: settings } = await client.query(
    `SELECT name, current_setting(name) AS value FROM unnest(ARRAY['server_version', 'shared_buffers',
       'synchronous_commit', 'fsync', 'autovacuum', 'max_wal_size']) AS name`,
  );

  const subject = (/** @type {string} */ table, /** @type {number} */ rows) => ({
    store: postgresTokens(client, { table }),
    rows,
    first: Math.floor(rows / SCATTERED),
  });
  const small = subject(tables.small, SMALL);
  const large = subject(tables.large, LARGE);
  for (const [table, { store, rows }] of /** @type {const} */ ([
    [tables.small, small],
    [tables.large, large],
  ])) {
    await store.createTable();
    const began = Date.now();
    await fillPostgres([client, second], table, rows);
    progress(`${table}: ${count(rows)} rows in ${((Date.now() - began) / 1000).toFixed(0)} s`);
  }
  await client.query("CHECKPOINT").catch(() => progress("no CHECKPOINT: not allowed"));
  const { rows: sizes } = await client.query(
    `SELECT pg_table_size($1::regclass) AS table, pg_indexes_size($1::regclass) AS indexes`,
    [tables.large],
  );
  const of = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
  print(
    `PostgreSQL ${of["server_version"]}, ${count(SMALL)} and ${count(LARGE)} rows (${bytes(Number(sizes[0].table))}, indexes ${bytes(Number(sizes[0].indexes))}); shared_buffers ${of["shared_buffers"]}, fsync ${of["fsync"]}, max_wal_size ${of["max_wal_size"]}, autovacuum ${of["autovacuum"]}.`,
  );
  print();
  const comparison = new Comparison(small, large, 1.25);
  await comparison.finds();
  await comparison.saves("save", ", synchronous_commit on");
  await client.query("SET synchronous_commit = off");
  await comparison.saves("save", ", synchronous_commit off");
  await client.query("SET synchronous_commit = on");
  // From PostgreSQL 15, if it was built with it, and for superusers.
  const compressed = await client.query("SET wal_compression = lz4").then(
    () => true,
    () => false,
  );
  if (compressed) await comparison.saves("save", ", on, wal_compression lz4");
  await client.query("RESET wal_compression");
  comparison.print();

  const [few, many] = [await walOf(client, tables.small, small), await walOf(client, tables.large, large)];
  print(
    `What a save writes to the WAL, soon after a checkpoint: ${count(few.bytes)} bytes (${few.pages.toFixed(1)} full pages) small, ${count(many.bytes)} bytes (${many.pages.toFixed(1)} full pages) large.`,
  );
  print();
  print("Plans at the large size, of the statements as the store sends them:");
  print();
  print("```text");
  await explainPostgres(client, tables.large, large);
  print("```");
  print();

  // The purge has one connection, the reader the other one.
  const reader = { ...large, store: postgresTokens(second, { table: tables.large }) };
  const purge = new Purge(() => readUntil(reader));
  await purge.baseline();
  await client.query(`ANALYZE ${tables.large}`);
  await purge.measure("scattered over the table", () => large.store.deleteExpired(new Date(START - 1)));
  // The next ones in time, which are stored next to each other, as with a fixed lifetime.
  const part = Math.floor(LARGE / SCATTERED);
  reader.first = part * 2;
  await purge.measure("in the order they were made", () =>
    large.store.deleteExpired(new Date(expiryOf(part * 2, LARGE) - 1)),
  );
  // As after days without a purge.
  const backlog = part * 2 + Math.floor(LARGE / 10);
  reader.first = backlog;
  await purge.measure("a tenth of the table at once", () =>
    large.store.deleteExpired(new Date(expiryOf(backlog, LARGE) - 1)),
  );
  await purge.measure("nothing has expired", () => large.store.deleteExpired(new Date(START - HOUR)));
  purge.print();
}

/**
 * Records as the store writes them, in chunks over both connections. The indexes that `createTable` made are built
 * again afterwards, from their definitions in the catalog.
 *
 * @param {pg.Client[]} clients
 * @param {string} table
 * @param {number} rows
 */
async function fillPostgres(clients, table, rows) {
  const [client] = clients;
  if (!client) return;
  const { rows: constraints } = await client.query(
    "SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = $1::regclass",
    [table],
  );
  for (const { conname } of constraints) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT "${conname}"`);
  const { rows: indexes } = await client.query("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = $1", [
    table,
  ]);
  for (const { indexname } of indexes) await client.query(`DROP INDEX "${indexname}"`);

  const chunk = 250_000;
  const scattered = Math.floor(rows / SCATTERED);
  let next = 0;
  await Promise.all(
    clients.map(async (one) => {
      for (;;) {
        const from = next;
        if (from >= rows) return;
        next = from + chunk;
        const to = Math.min(next, rows) - 1;
        // Place p of the table holds record p / 50 of those that have expired, or the next one of the live ones:
        // the same arithmetic as in expiryOf.
        await one.query(
          `INSERT INTO ${table} (user_id, token_hash, fingerprint, expires_at)
           SELECT md5('user ' || i)::uuid::text, encode(sha256(('token ' || i)::bytea), 'hex'), repeat(md5(i::text), 2),
                  CASE WHEN i < ${scattered} THEN ${START - HOUR} + i
                       ELSE ${START} + floor((i - ${scattered})::float8 * ${HOUR} / ${rows - scattered})::bigint END
             FROM (SELECT CASE WHEN p % ${SCATTERED} = 0 THEN p / ${SCATTERED}
                               ELSE ${scattered} + p - p / ${SCATTERED} - 1 END AS i
                     FROM generate_series(${from}, ${to}) AS p) AS places`,
        );
        if (rows > 1e6 && (to + 1) % 2_500_000 === 0) progress(`${table}: ${count(to + 1)} rows`);
      }
    }),
  );
  await client.query("SET maintenance_work_mem = '1GB'");
  for (const { conname, definition } of constraints)
    await client.query(`ALTER TABLE ${table} ADD CONSTRAINT "${conname}" ${definition}`);
  for (const { indexdef } of indexes) await client.query(indexdef);
  await client.query("RESET maintenance_work_mem");
  await client.query(`VACUUM ANALYZE ${table}`);
}

/**
 * Returns how much a save writes to the log, on average. A page that is changed for the first time since a checkpoint goes there
 * as a whole.
 *
 * @param {pg.Client} client
 * @param {string} table
 * @param {Subject} subject
 */
async function walOf(client, table, { rows, first }) {
  const saves = 200;
  const total = { bytes: 0, pages: 0 };
  const explaining = postgresTokens(
    {
      async query(text, params) {
        const answer = await client.query(`EXPLAIN (ANALYZE, WAL, FORMAT JSON) ${text}`, params);
        const [{ Plan: plan }] = answer.rows[0]["QUERY PLAN"];
        total.bytes += plan["WAL Bytes"] / saves;
        total.pages += plan["WAL FPI"] / saves;
        return { rows: [] };
      },
    },
    { table },
  );
  const half = Math.ceil((rows - first) / 2);
  for (let save = 0; save < saves; save++)
    await explaining.save(record(rows - 1 - Math.floor(Math.random() * half), `logged ${save}`));
  return total;
}

/**
 * @param {pg.Client} client
 * @param {string} table
 * @param {Subject} subject
 */
async function explainPostgres(client, table, { first }) {
  const explaining = postgresTokens(
    {
      async query(text, params) {
        const { rows } = await client.query(`EXPLAIN ${text}`, params);
        for (const row of rows) print(row["QUERY PLAN"].replaceAll(table, "tokens"));
        return { rows: text.includes("AS deleted") ? [{ deleted: 0 }] : [] };
      },
    },
    { table },
  );
  print("-- find");
  await explaining.find(hashOf(first));
  print("\n-- save");
  await explaining.save(record(first, "explained"));
  print(`\n-- deleteExpired, ${count(LARGE / SCATTERED)} expired`);
  await explaining.deleteExpired(new Date(START - 1));
  print("\n-- deleteExpired, everything has expired");
  await explaining.deleteExpired(new Date(START + 2 * HOUR));
  print("\n-- deleteExpired, nothing has expired");
  await explaining.deleteExpired(new Date(START - 2 * HOUR));
}
