// @ts-check
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import Database from "libsql";
import { sqliteTokens } from "../../../dist/stores/sqlite.js";
import { quantile } from "../statistics.mjs";
import { Comparison } from "./comparison.mjs";
import { bytes, count, print, progress } from "./output.mjs";
import { Purge, readable } from "./purge.mjs";
import { expiryOf, hashOf, record } from "./records.mjs";
import { cleanups, HOUR, LARGE, SCATTERED, SMALL, START } from "./settings.mjs";

/** @typedef {import("./settings.mjs").Subject} Subject */

export async function onSqlite() {
  const rows = Math.min(LARGE, 1_000_000);
  const directory = mkdtempSync(join(tmpdir(), "scale-"));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const table = "tokens";
  const files = { small: join(directory, "small.db"), large: join(directory, "large.db") };
  const open = (/** @type {string} */ file) => {
    const db = new Database(file);
    cleanups.push(() => db.close());
    db.exec("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000");
    return db;
  };
  const dbs = { small: open(files.small), large: open(files.large) };
  const subject = (/** @type {Database.Database} */ db, /** @type {number} */ size) => ({
    store: sqliteTokens(db, { table }),
    rows: size,
    first: Math.floor(size / SCATTERED),
  });
  const small = subject(dbs.small, SMALL);
  const large = subject(dbs.large, rows);
  for (const [db, { store, rows: size }] of /** @type {const} */ ([
    [dbs.small, small],
    [dbs.large, large],
  ])) {
    await store.createTable();
    const began = Date.now();
    db.exec("PRAGMA cache_size = -1000000; BEGIN");
    const insert = db.prepare(
      `INSERT INTO ${table} (user_id, token_hash, fingerprint, expires_at) VALUES (?, ?, ?, ?)`,
    );
    for (let index = 0; index < size; index++) {
      const { userId, tokenHash, fingerprint } = record(index);
      insert.run(userId, tokenHash, fingerprint, expiryOf(index, size));
      if (index % 250_000 === 249_999) progress(`SQLite: ${count(index + 1)} rows`);
    }
    db.exec("COMMIT; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cache_size = -2000");
    progress(`SQLite: ${count(size)} rows in ${((Date.now() - began) / 1000).toFixed(0)} s`);
  }
  const { version } = /** @type {{ version: string }} */ (
    dbs.large.prepare("SELECT sqlite_version() AS version").get()
  );
  print(
    `SQLite ${version} in this process (libsql), files of ${count(SMALL)} and ${count(rows)} rows (${bytes(statSync(files.large).size)}); WAL.`,
  );
  print();
  const both = (/** @type {string} */ sql) => void [dbs.small, dbs.large].map((db) => db.exec(sql));
  const comparison = new Comparison(small, large, 1.5);
  both("PRAGMA mmap_size = 1073741824");
  // As in a server that has been up for a while: the first touch of a mapped page costs a fault.
  for (const { store, rows: size } of [small, large])
    for (let index = 0; index < Math.min(size, 300_000); index++) await store.find(hashOf((index * 7919) % size));
  await comparison.finds(", mmap_size 1 GB, warm");
  both("PRAGMA synchronous = FULL");
  await comparison.saves("save", ", mmap_size 1 GB, warm, synchronous FULL (default)");
  both("PRAGMA synchronous = NORMAL");
  await comparison.saves("save", ", mmap_size 1 GB, warm, synchronous NORMAL");
  both("PRAGMA mmap_size = 0");
  await comparison.finds(", no mmap (default)");
  both("PRAGMA synchronous = FULL");
  await comparison.saves("save", ", no mmap, synchronous FULL (default)");
  both("PRAGMA synchronous = NORMAL");
  await comparison.saves("save", ", no mmap, synchronous NORMAL");
  comparison.print();

  print("Plans at the large size:");
  print();
  print("```text");
  await explainSqlite(dbs.large, table, large);
  print("```");
  print();

  // The reader is a thread with its own connection. In the purging thread everything waits for a batch.
  /** @type {number[]} */
  const batches = [];
  const purging = sqliteTokens(
    {
      prepare(sql) {
        const statement = dbs.large.prepare(sql);
        return {
          get: (...params) => statement.get(...params),
          run(...params) {
            const began = performance.now();
            const answer = statement.run(...params);
            batches.push(performance.now() - began);
            return answer;
          },
        };
      },
    },
    { table },
  );
  const reader = { ...large };
  const purge = new Purge(() => {
    const stop = new SharedArrayBuffer(4);
    const worker = new Worker(new URL("reader.mjs", import.meta.url), {
      workerData: { file: files.large, table, ...readable(reader), stop },
    });
    const times = new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    return () => {
      const flag = new Int32Array(stop);
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
      return times;
    };
  });
  await purge.baseline();
  await purge.measure("scattered over the table", () => purging.deleteExpired(new Date(START - 1)));
  const until = Math.floor(rows * 0.2);
  reader.first = until;
  await purge.measure("a fifth of the table", () => purging.deleteExpired(new Date(expiryOf(until, rows) - 1)));
  await purge.measure("nothing has expired", () => purging.deleteExpired(new Date(START - HOUR)));
  purge.print();
  const [middle, most, longest] = [0.5, 0.99, 1].map((share) => quantile(batches, share).toFixed(1));
  print(
    `A batch of the purge holds its thread, and with it the event loop: ${middle} ms at the median, ${most} ms for 99 in 100, ${longest} ms for the longest.`,
  );
  print();
}

/**
 * @param {Database.Database} db
 * @param {string} table
 * @param {Subject} subject
 */
async function explainSqlite(db, table, { first }) {
  const explain = (/** @type {string} */ sql, /** @type {unknown[]} */ params) => {
    const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params);
    const lines = rows.map((row) => /** @type {{ detail: string }} */ (row).detail);
    print(lines.length > 0 ? lines.join("\n") : "(an insertion by its keys)");
  };
  const explaining = sqliteTokens(
    {
      prepare: (sql) => ({
        get: (...params) => explain(sql, params),
        run(...params) {
          explain(sql, params);
          return { changes: 0 };
        },
      }),
    },
    { table },
  );
  print("-- find");
  await explaining.find(hashOf(first));
  print("\n-- save");
  await explaining.save(record(first, "explained"));
  print("\n-- deleteExpired");
  await explaining.deleteExpired(new Date(START - 1));
}
