// @ts-check
import mysql from "mysql2/promise";
import { mysqlTokens } from "../../../dist/stores/mysql.js";
import { mysqlUrl } from "../services.mjs";
import { Comparison } from "./comparison.mjs";
import { bytes, count, print, progress } from "./output.mjs";
import { Purge, readUntil } from "./purge.mjs";
import { expiryOf, record } from "./records.mjs";
import { cleanups, HOUR, LARGE, run, SCATTERED, SMALL, START } from "./settings.mjs";

/** Rows of one statement while a table is filled. */
const CHUNK = 2000;

export async function onMysql() {
  const rows = Math.min(LARGE, 1_000_000);
  const connect = async () => {
    const connection = await mysql.createConnection({ uri: mysqlUrl, supportBigNumbers: true });
    cleanups.push(() => connection.end());
    return connection;
  };
  const [connection, second] = [await connect(), await connect()];
  const tables = { small: `scale_${run}_small`, large: `scale_${run}_large` };
  cleanups.push(async () => {
    const last = await mysql.createConnection({ uri: mysqlUrl });
    await last.query(`DROP TABLE IF EXISTS ${tables.small}, ${tables.large}`).finally(() => last.end());
  });
  const subject = (/** @type {string} */ table, /** @type {number} */ size) => ({
    store: mysqlTokens(connection, { table }),
    rows: size,
    first: Math.floor(size / SCATTERED),
  });
  const small = subject(tables.small, SMALL);
  const large = subject(tables.large, rows);
  for (const [table, { store, rows: size }] of /** @type {const} */ ([
    [tables.small, small],
    [tables.large, large],
  ])) {
    await store.createTable();
    const began = Date.now();
    await fill(connection, table, size);
    progress(`${table}: ${count(size)} rows in ${((Date.now() - began) / 1000).toFixed(0)} s`);
  }
  const read = async (/** @type {string} */ sql, /** @type {string[]} */ ...params) => {
    const [[row]] = /** @type {[Record<string, unknown>[], unknown]} */ (await connection.query(sql, params));
    return row ?? {};
  };
  const server = await read(
    "SELECT VERSION() AS version, @@innodb_buffer_pool_size AS pool, @@innodb_flush_log_at_trx_commit AS flush",
  );
  const size = await read(
    "SELECT data_length + index_length AS bytes FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
    tables.large,
  );
  print(
    `${server["version"]}, ${count(SMALL)} and ${count(rows)} rows (${bytes(Number(size["bytes"]))}); innodb_buffer_pool_size ${bytes(Number(server["pool"]))}, innodb_flush_log_at_trx_commit ${server["flush"]}.`,
  );
  print();
  const comparison = new Comparison(small, large, 1.25);
  await comparison.finds();
  await comparison.saves("save");
  comparison.print();

  const reader = { ...large, store: mysqlTokens(second, { table: tables.large }) };
  const purge = new Purge(() => readUntil(reader));
  await purge.baseline();
  await purge.measure("scattered over the table", () => large.store.deleteExpired(new Date(START - 1)));
  const until = Math.floor(rows / SCATTERED) + Math.floor(rows / 10);
  reader.first = until;
  await purge.measure("a tenth of the table at once", () =>
    large.store.deleteExpired(new Date(expiryOf(until, rows) - 1)),
  );
  await purge.measure("nothing has expired", () => large.store.deleteExpired(new Date(START - HOUR)));
  purge.print();
}

/**
 * Records as the store writes them, many in one statement.
 *
 * @param {mysql.Connection} connection
 * @param {string} table
 * @param {number} rows
 */
async function fill(connection, table, rows) {
  for (let from = 0; from < rows; from += CHUNK) {
    const values = Array.from({ length: Math.min(CHUNK, rows - from) }, (_, offset) => {
      const { tokenHash, userId, fingerprint } = record(from + offset);
      const bytesOf = (/** @type {string} */ hex) => Buffer.from(hex, "hex");
      return [bytesOf(tokenHash), Buffer.from(userId), bytesOf(fingerprint), expiryOf(from + offset, rows)];
    });
    await connection.query(`INSERT INTO ${table} (token_hash, user_id, fingerprint, expires_at) VALUES ?`, [values]);
    if ((from + CHUNK) % 250_000 === 0) progress(`${table}: ${count(from + CHUNK)} rows`);
  }
  await connection.query(`ANALYZE TABLE ${table}`);
}
