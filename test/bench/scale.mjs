// @ts-check
// Whether a store with millions of live records is as fast as one with ten thousand. A small and a large table are
// called in turn, so that what slows the machine down for a while slows both sides of a ratio down. Everything that
// is made here has a name of its own and is removed at the end. See docs/scale.md for what the figures mean.
//
//     node test/bench/scale.mjs [--rows 10000000] [--only postgres,sqlite,redis] [--write]
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { Redis } from "ioredis";
import Database from "libsql";
import pg from "pg";
import { postgresTokens } from "relatch/postgres";
import { redisTokens } from "relatch/redis";
import { sqliteTokens } from "relatch/sqlite";

/** @typedef {import("relatch").TokenStore} TokenStore */
/** @typedef {{ store: TokenStore, rows: number, first: number }} Subject `first`: the first live record. */

const { values: given } = parseArgs({
  options: {
    rows: { type: "string", default: "10000000" },
    calls: { type: "string", default: "3000" },
    only: { type: "string", default: "postgres,sqlite,redis" },
    write: { type: "boolean" },
  },
});
const SMALL = 10_000;
const LARGE = Number(given.rows);
if (!(LARGE >= 100_000)) throw new Error("--rows: at least 100,000");
const CALLS = Number(given.calls);
const WARM_UP = 500;
const HOUR = 3_600_000;
/** Records live for the next hour, in the order in which they were asked for; one in fifty has expired. */
const START = Date.now() + HOUR;
const SCATTERED = 50;

const run = randomBytes(5).toString("hex");
/** @type {(() => unknown)[]} */
const cleanups = [];
/** @type {string[]} */
const output = [];
const progress = (/** @type {string} */ text) => process.stderr.write(`${text}\n`);
const print = (/** @type {string} */ text = "") => {
  output.push(text);
  console.log(text);
};
const count = (/** @type {number} */ value) => Math.round(value).toLocaleString("en");
const bytes = (/** @type {number} */ value) => `${count(value / 2 ** 20)} MiB`;

// --- The engines

async function onPostgres() {
  const { env } = process;
  const connection = env["RELATCH_TEST_POSTGRES"]
    ? { connectionString: env["RELATCH_TEST_POSTGRES"] }
    : {
        host: env["PGHOST"] ?? "127.0.0.1",
        user: env["PGUSER"] ?? "postgres",
        database: env["PGDATABASE"] ?? "test",
      };
  const connected = async () => {
    const client = new pg.Client(connection);
    client.on("error", () => {});
    await client.connect();
    cleanups.push(() => client.end());
    return client;
  };
  const [client, second] = [await connected(), await connected()];
  const tables = { small: `scale_${run}_small`, large: `scale_${run}_large` };
  cleanups.push(async () => {
    // Over a connection of its own: the others may be in the middle of something.
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
    `What a save of a user who has one writes to the WAL, soon after a checkpoint: ${count(few.bytes)} bytes (${few.pages.toFixed(1)} full pages) small, ${count(many.bytes)} bytes (${many.pages.toFixed(1)} full pages) large.`,
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
  // The next ones in time, which lie beside one another, as those of a fixed lifetime do.
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
 * again afterwards, from what the catalogue says of them.
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
  for (const { conname } of constraints)
    await client.query(`ALTER TABLE ${table} DROP CONSTRAINT "${conname}"`);
  const { rows: indexes } = await client.query(
    "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = $1",
    [table],
  );
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
 * What a save writes to the log, on average. A page that is changed for the first time since a checkpoint goes there
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

async function onSqlite() {
  const rows = Math.min(LARGE, 1_000_000);
  const directory = mkdtempSync(join(tmpdir(), "scale-"));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const table = "tokens";
  const files = { small: join(directory, "small.db"), large: join(directory, "large.db") };
  const opened = (/** @type {string} */ file) => {
    const db = new Database(file);
    cleanups.push(() => db.close());
    db.exec("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000");
    return db;
  };
  const dbs = { small: opened(files.small), large: opened(files.large) };
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
    for (let index = 0; index < Math.min(size, 300_000); index++)
      await store.find(hashOf((index * 7919) % size));
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

  // The reader is a thread with a connection of its own. In the purging thread everything waits for a batch.
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
    const worker = new Worker(new URL("scale-reader.mjs", import.meta.url), {
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
  await purge.measure("a fifth of the table", () =>
    purging.deleteExpired(new Date(expiryOf(until, rows) - 1)),
  );
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

async function onRedis() {
  const rows = Math.min(LARGE, 1_000_000);
  const url = process.env["RELATCH_TEST_REDIS"] ?? "redis://127.0.0.1:6379";
  const prefix = `scale:${run}:`;
  const connected = async (/** @type {number} */ db) => {
    const redis = new Redis(url, { db, lazyConnect: true, retryStrategy: null });
    redis.on("error", () => {});
    await redis.connect();
    cleanups.push(async () => {
      for (let cursor = "0"; ; ) {
        const [next, keys] = await redis.scan(cursor, "MATCH", `${prefix}*`, "COUNT", 10_000);
        if (keys.length > 0) await redis.unlink(...keys);
        cursor = next;
        if (cursor === "0") break;
      }
      redis.disconnect();
    });
    return redis;
  };
  // A database is a table of keys: the small one needs another than the large one.
  const clients = { small: await connected(14), large: await connected(15) };
  const used = async () => {
    const info = await clients.large.info("memory");
    return Number(/used_memory:(\d+)/.exec(info)?.[1]);
  };
  const subject = (/** @type {Redis} */ redis, /** @type {number} */ size) => ({
    store: redisTokens(([name, ...args]) => redis.call(name, ...args), { prefix }),
    rows: size,
    first: 0,
  });
  const before = await used();
  for (const [redis, size] of /** @type {const} */ ([
    [clients.large, rows],
    [clients.small, SMALL],
  ])) {
    const began = Date.now();
    for (let from = 0; from < size; from += 5000) {
      // The store's own commands, many in one packet.
      const pipeline = redis.pipeline();
      const filling = redisTokens(async ([name, ...args]) => void pipeline.call(name, ...args), { prefix });
      for (let index = from; index < Math.min(from + 5000, size); index++)
        await filling.save({ ...record(index), expiresAt: new Date(START + HOUR) });
      const answers = (await pipeline.exec()) ?? [];
      for (const [error] of answers) if (error) throw error;
      if ((from + 5000) % 250_000 === 0) progress(`Redis: ${count(from + 5000)} users`);
    }
    progress(`Redis: ${count(size)} users in ${((Date.now() - began) / 1000).toFixed(0)} s`);
    if (redis === clients.large) {
      const each = ((await used()) - before) / rows;
      const [version] = /redis_version:\S+/.exec(await redis.info("server")) ?? [];
      print(
        `Redis ${version?.slice(14)}, databases of ${count(SMALL)} and ${count(rows)} users. Memory of the large one: ${bytes(each * rows)}, **${count(each)} bytes a token** (two keys).`,
      );
      print();
    }
  }
  const comparison = new Comparison(subject(clients.small, SMALL), subject(clients.large, rows), 1.5);
  await comparison.finds();
  await comparison.saves("save");
  comparison.print();
}

// --- What the records are

/** Of users of any table, by number. @param {number | string} index */
const hashOf = (index) => createHash("sha256").update(`token ${index}`).digest("hex");

/** @param {number | string} index */
function userOf(index) {
  const hex = createHash("md5").update(`user ${index}`).digest("hex");
  return [8, 12, 16, 20, 32].map((end, part) => hex.slice([0, 8, 12, 16, 20][part], end)).join("-");
}

/** @param {number | string} index @param {number | string} token */
const record = (index, token = index) => ({
  tokenHash: hashOf(token),
  userId: userOf(index),
  fingerprint: hashOf(`fingerprint ${index}`),
  expiresAt: new Date(START + 2 * HOUR),
});

/** @param {number} index @param {number} rows */
function expiryOf(index, rows) {
  const scattered = Math.floor(rows / SCATTERED);
  return index < scattered
    ? START - HOUR + index
    : START + Math.floor(((index - scattered) * HOUR) / (rows - scattered));
}

// --- Measuring

/** @param {number[]} times @param {number} share */
function quantile(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** @param {() => Promise<unknown>} call */
async function clocked(call) {
  const start = process.hrtime.bigint();
  const answer = await call();
  return { answer, time: Number(process.hrtime.bigint() - start) / 1000 };
}

const FIRST_SMALL = /** @type {const} */ ([0, 1]);
const FIRST_LARGE = /** @type {const} */ ([1, 0]);

/** The same calls on a small and on a large store, in turn; which of them is first changes too. */
class Comparison {
  /** @type {string[][]} */
  rows = [];
  serial = 0;
  /** Records that were replaced cannot be found by their first hash: those of saves are taken from the end. */
  replaced = 0;

  /**
   * @param {Subject} small
   * @param {Subject} large
   * @param {number} budget Of the ratio of the medians.
   */
  constructor(small, large, budget) {
    this.budget = budget;
    /** @type {[Subject, Subject]} */
    this.subjects = [small, large];
  }

  async finds(variant = "") {
    await this.measure(`find, there${variant}`, ({ store, rows, first }) => {
      // Not the last half: those are for the saves.
      const half = Math.floor((rows - first) / 2);
      const hash = hashOf(first + Math.floor(Math.random() * half));
      return async () => {
        if (!(await store.find(hash))) throw new Error("a record is not there");
      };
    });
    await this.measure(`find, missing${variant}`, ({ store }) => {
      const hash = randomBytes(32).toString("hex");
      return () => store.find(hash);
    });
  }

  /** @param {string} name */
  async saves(name, variant = "") {
    await this.measure(`${name}, user has one${variant}`, ({ store, rows, first }) => {
      const half = Math.ceil((rows - first) / 2);
      const index = rows - 1 - Math.floor(Math.random() * half);
      const saved = record(index, `new ${this.serial++}`);
      return () => store.save(saved);
    });
    await this.measure(`${name}, new user${variant}`, ({ store }) => {
      const fresh = `new ${this.serial++}`;
      const saved = record(fresh);
      return () => store.save(saved);
    });
  }

  /**
   * @param {string} name
   * @param {(subject: Subject) => () => Promise<unknown>} prepare
   */
  async measure(name, prepare) {
    /** @type {[number[], number[]]} */
    const times = [[], []];
    for (let call = -WARM_UP; call < CALLS; call++) {
      for (const side of call % 2 === 0 ? FIRST_SMALL : FIRST_LARGE) {
        const subject = this.subjects[side];
        const { time } = await clocked(prepare(subject));
        if (call >= 0) times[side].push(time);
      }
    }
    const [small, large] = times;
    const ratio = quantile(large, 0.5) / quantile(small, 0.5);
    const tail = quantile(large, 0.99) / quantile(small, 0.99);
    const row = [
      name,
      ...[quantile(small, 0.5), quantile(small, 0.99), quantile(large, 0.5), quantile(large, 0.99)].map(
        shown,
      ),
      `${ratio.toFixed(2)}×`,
      `${tail.toFixed(2)}×`,
      ratio <= this.budget ? "met" : "missed",
    ];
    progress(row.join("  "));
    this.rows.push(row);
  }

  print() {
    printTable(
      [
        "µs",
        "small: median",
        "p99",
        "large: median",
        "p99",
        "ratio of medians",
        "of p99",
        `budget ${this.budget}×`,
      ],
      this.rows,
    );
  }
}

const shown = (/** @type {number} */ microseconds) =>
  microseconds < 100 ? microseconds.toFixed(1) : count(microseconds);

/** Purges, and how long a reader waits meanwhile. */
class Purge {
  /** @type {string[][]} */
  rows = [];

  /** @param {() => () => Promise<number[]>} read Starts a reader; what it answers stops it. */
  constructor(read) {
    this.read = read;
  }

  async baseline() {
    const stop = this.read();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    this.add("no purge", "", "", await stop());
  }

  /**
   * @param {string} name
   * @param {() => Promise<number>} purge
   */
  async measure(name, purge) {
    const stop = this.read();
    // A thread needs a while until it reads.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { answer, time } = await clocked(purge);
    const deleted = Number(answer);
    const rate = deleted > 0 ? `${count(deleted / (time / 1e6))} rows/s` : "";
    this.add(name, `${count(deleted)} in ${(time / 1e6).toFixed(2)} s`, rate, await stop());
  }

  /**
   * @param {string} name
   * @param {string} deleted
   * @param {string} rate
   * @param {number[]} times
   */
  add(name, deleted, rate, times) {
    const reader = [quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)].map(shown);
    const row = [name, deleted, rate, count(times.length), ...reader];
    progress(row.join("  "));
    this.rows.push(row);
  }

  print() {
    printTable(
      ["purge", "deleted", "rate", "reader's finds", "median µs", "p99 µs", "longest µs"],
      this.rows,
    );
  }
}

/** The last ones were replaced by the saves. @param {Subject} subject */
const readable = ({ rows, first }) => ({ first, last: first + Math.floor((rows - first) / 3) });

/** @param {Subject} subject Its `first` may change between two readers. */
function readUntil(subject) {
  const { store } = subject;
  let stopped = false;
  /** @type {number[]} */
  const times = [];
  const { first, last } = readable(subject);
  const reading = (async () => {
    while (!stopped) {
      const hash = hashOf(first + Math.floor(Math.random() * (last - first)));
      const { answer, time } = await clocked(() => store.find(hash));
      if (!answer) throw new Error("a live record is not there");
      times.push(time);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return times;
  })();
  return () => {
    stopped = true;
    return reading;
  };
}

// --- Output

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
function printTable(head, rows) {
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...table.map((row) => row[column]?.length ?? 0)));
  const line = (/** @type {string[]} */ row) =>
    `| ${widths.map((width, column) => (column === 0 ? (row[0] ?? "").padEnd(width) : (row[column] ?? "").padStart(width))).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  for (const row of [head, rule, ...rows]) print(line(row));
  print();
}

/**
 * @param {string} name
 * @param {() => Promise<void>} measure
 */
async function timed(name, measure) {
  const began = Date.now();
  print(`### ${name}`);
  print();
  await measure();
  progress(`${name}: ${((Date.now() - began) / 1000).toFixed(0)} s in all`);
}

async function cleanUp() {
  for (const clean of cleanups.splice(0).reverse()) {
    try {
      await clean();
    } catch (error) {
      progress(`clean-up: ${error}`);
    }
  }
}

/** Only what is between the marks: the words of the page are written by hand. */
function writePage() {
  const page = new URL("../../docs/scale.md", import.meta.url);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.versions.node}`;
  const figures = [
    `Measured on ${new Date().toISOString().slice(0, 10)}: ${machine}; ${count(CALLS)} calls of each kind and size.`,
    "",
    ...output,
  ].join("\n");
  const text = readFileSync(page, "utf8");
  const marks = /(<!-- figures -->\n)[\s\S]*(<!-- \/figures -->)/;
  if (!marks.test(text)) throw new Error("docs/scale.md has no marks for the figures");
  writeFileSync(
    page,
    text.replace(marks, (_, open, close) => `${open}\n${figures.trimEnd()}\n\n${close}`),
  );
}

// --- The run: last, because classes are not there before their line

process.once("SIGINT", () => void cleanUp().finally(() => process.exit(130)));
try {
  const engines = given.only.split(",");
  if (engines.includes("postgres")) await timed("PostgreSQL", onPostgres);
  if (engines.includes("sqlite")) await timed("SQLite", onSqlite);
  if (engines.includes("redis")) await timed("Redis", onRedis);
} finally {
  await cleanUp();
}
if (given.write) writePage();
