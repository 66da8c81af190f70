import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import {
  createPasswordReset,
  type Job,
  type Mailer,
  type PasswordHasher,
  type PasswordReset,
  type PasswordResetOptions,
  queueDispatcher,
  type RevokeSessions,
  sessionStamp,
  type TokenStore,
  type UserStore,
} from "relatch";
import { memoryHasher } from "relatch/memory";

// An application as many processes see it: users, sessions, sent mails and waiting jobs in one Postgres schema,
// tokens in the engine under test. Everything outlives the process that wrote it.

export type Engine = "postgres" | "mysql" | "sqlite" | "redis";
export type Isolation = "read committed" | "repeatable read";

/** Where the servers are; Postgres has the users. */
export interface Urls {
  postgres: string;
  mysql?: string;
  redis?: string;
}

/** What a process has to know to take part. Plain JSON. */
export interface World {
  /** Unique: names the schema, the tables, the keys. */
  name: string;
  engine: Engine;
  isolation: Isolation;
  /** A directory of its own, for the SQLite file. */
  directory: string;
  urls: Urls;
}

export const hasher = memoryHasher();

/** A job table that keeps each job until it is acknowledged. One queue an owner, so that runs do not mix. */
export interface JobTable {
  enqueue(owner: string, job: Job): Promise<void>;
  /** The oldest job that is not acknowledged: also one that a killed process had taken. */
  take(owner: string): Promise<Job | undefined>;
  acknowledge(job: Job): Promise<void>;
  /** What happens to the jobs of a queue that does not outlive its process. */
  lose(owner: string): Promise<void>;
}

/** One process's view of the world. */
export interface Application {
  db: pg.Pool;
  users: UserStore;
  tokens: TokenStore;
  mailer: Mailer;
  hasher: PasswordHasher;
  jobs: JobTable;
  revokeSessions: RevokeSessions;
  close(): Promise<void>;
}

/** Runs a step, and may do something before and after it. */
export type Around = <T>(name: string, run: () => Promise<T>) => Promise<T>;

export interface OpenOptions {
  connections?: number;
  /** By which Postgres's connections are told apart. */
  client?: string;
  /** Around each command to Redis, of which a call of the store makes several. */
  aroundCommand?: Around;
}

export async function openApplication(
  world: World,
  { connections = 4, client = "parent", aroundCommand }: OpenOptions = {},
): Promise<Application> {
  const db = openPostgres(world, connections, client);
  const { tokens, close } = await openTokens(world, db, aroundCommand);
  return {
    db,
    tokens,
    hasher,
    users: userStore(db),
    mailer: {
      async send({ to, text }, { userId, kind }) {
        const link = text.match(/https:\S+/)?.[0];
        await db.query("INSERT INTO mails (user_id, recipient, kind, token) VALUES ($1, $2, $3, $4)", [
          userId,
          to,
          kind,
          link?.slice(link.lastIndexOf("/") + 1),
        ]);
      },
    },
    jobs: jobTable(db),
    // A session that carries the new password's stamp was opened after the reset.
    revokeSessions: (userId, { stamp }) =>
      db.query("DELETE FROM sessions WHERE user_id = $1 AND stamp <> $2", [userId, stamp]),
    async close() {
      await close();
      await db.end();
    },
  };
}

/** The commit as the docs ask for it. The loser of a serialisation conflict has lost. */
export function userStore(db: pg.Pool): UserStore {
  return {
    ...findUsers(db),
    replacePasswordHash: ({ userId, email, expected, next }) =>
      changesOneRow(
        db.query(
          `UPDATE users SET password_hash = $1
            WHERE id = $2 AND email = $3 AND password_hash = $4 AND active`,
          [next, userId, email, expected],
        ),
      ),
  };
}

/** What the docs warn of: stores whose commit is no compare-and-set. */
export const naiveUserStores: Record<string, (db: pg.Pool) => UserStore> = {
  "that writes without a condition": (db) => ({
    ...findUsers(db),
    replacePasswordHash: ({ userId, next }) =>
      changesOneRow(db.query("UPDATE users SET password_hash = $1 WHERE id = $2", [next, userId])),
  }),
  "that looks first and writes then": (db) => ({
    ...findUsers(db),
    async replacePasswordHash({ userId, expected, next }) {
      const { rows } = await db.query("SELECT password_hash FROM users WHERE id = $1", [userId]);
      if (rows[0]?.password_hash !== expected) return false;
      return changesOneRow(db.query("UPDATE users SET password_hash = $1 WHERE id = $2", [next, userId]));
    },
  }),
};

function findUsers(db: pg.Pool): Pick<UserStore, "findByEmail" | "findById"> {
  const columns = `id, email, password_hash AS "passwordHash", active AS "resetAllowed"`;
  const first = async (where: string, value: string) =>
    (await db.query(`SELECT ${columns} FROM users WHERE ${where}`, [value])).rows[0];
  return {
    findByEmail: (email) => first("lower(email) = lower($1)", email),
    findById: (id) => first("id = $1", id),
  };
}

async function changesOneRow(update: Promise<pg.QueryResult>): Promise<boolean> {
  try {
    return (await update).rowCount === 1;
  } catch (error) {
    if ((error as { code?: unknown }).code === "40001") return false;
    throw error;
  }
}

function jobTable(db: pg.Pool): JobTable {
  return {
    async enqueue(owner, job) {
      await db.query("INSERT INTO jobs (id, owner, job) VALUES ($1, $2, $3)", [job.id, owner, job]);
    },
    async take(owner) {
      const { rows } = await db.query("SELECT job FROM jobs WHERE owner = $1 ORDER BY seq LIMIT 1", [owner]);
      return rows[0]?.job;
    },
    async acknowledge(job) {
      await db.query("DELETE FROM jobs WHERE id = $1", [job.id]);
    },
    async lose(owner) {
      await db.query("DELETE FROM jobs WHERE owner = $1", [owner]);
    },
  };
}

/** The library over these ports; jobs go to the table, under the owner's name. */
export function passwordResetOf(
  { users, tokens, mailer, hasher, jobs, revokeSessions }: Application,
  owner: string,
  overrides: Partial<PasswordResetOptions> = {},
): PasswordReset {
  return createPasswordReset({
    users,
    tokens,
    mailer,
    hasher,
    revokeSessions,
    appName: "Acme",
    resetUrl: "https://app.example.com/password_reset/:token",
    passwordRules: [],
    limits: { client: false, address: false },
    dispatcher: queueDispatcher((job) => jobs.enqueue(owner, job)),
    ...overrides,
  });
}

/** Adds an account with a password and a session that was opened with it. */
export async function addUser({ db }: Application, id: string, password: string): Promise<string> {
  const passwordHash = await hasher.hash(password);
  const email = emailOf(id);
  await db.query("INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $3)", [
    id,
    email,
    passwordHash,
  ]);
  const stamp = sessionStamp({ id, passwordHash });
  await db.query("INSERT INTO sessions (user_id, stamp) VALUES ($1, $2)", [id, stamp]);
  return stamp;
}

export const emailOf = (id: string): string => `${id}@example.org`;

// ── The world ───────────────────────────────────────────────────────────────────────────────────────────

/** Makes the schema and the token table; `destroy` leaves nothing behind. */
export async function createWorld(
  engine: Engine,
  urls: Urls,
  isolation: Isolation = "read committed",
): Promise<{ world: World; destroy(): Promise<void> }> {
  const name = `relatch_${randomBytes(6).toString("hex")}`;
  const directory = await mkdtemp(join(tmpdir(), `${name}-`));
  const world: World = { name, engine, isolation, directory, urls };
  const db = openPostgres(world, 1, "parent");
  await db.query(`CREATE SCHEMA ${name}`);
  await db.query(`
    CREATE TABLE users (id text PRIMARY KEY, email text UNIQUE NOT NULL, password_hash text,
      active boolean NOT NULL DEFAULT true);
    CREATE TABLE sessions (user_id text NOT NULL, stamp text NOT NULL);
    CREATE TABLE mails (seq bigserial, user_id text NOT NULL, recipient text NOT NULL, kind text NOT NULL,
      token text);
    CREATE TABLE jobs (seq bigserial, id text PRIMARY KEY, owner text NOT NULL, job jsonb NOT NULL);`);
  const tokens = await openTokens(world, db);
  await tokens.create();
  return {
    world,
    async destroy() {
      await tokens.remove();
      await tokens.close();
      await db.query(`DROP SCHEMA ${name} CASCADE`);
      await db.end();
      await rm(directory, { recursive: true });
    },
  };
}

function openPostgres({ name, isolation, urls }: World, max: number, client: string): pg.Pool {
  const level = isolation.replace(" ", "\\ ");
  return new pg.Pool({
    connectionString: urls.postgres,
    max,
    application_name: clientName(name, client),
    options: `-c search_path=${name} -c default_transaction_isolation=${level} -c client_min_messages=warning`,
  });
}

const clientName = (world: string, client: string): string => `${world}/${client}`;

/** Waits until a client's statements are over: what a killed process had sent, the server still carries out. */
export async function statementsOver(
  { db }: Application,
  { name }: World,
  client: string,
  isOver: (waits: (string | null)[]) => boolean = (waits) => waits.length === 0,
): Promise<void> {
  for (let waits: (string | null)[] | undefined; !waits || !isOver(waits); ) {
    const { rows } = await db.query(
      "SELECT wait_event_type FROM pg_stat_activity WHERE application_name = $1",
      [clientName(name, client)],
    );
    waits = rows.map((row) => row.wait_event_type);
  }
}

interface OpenTokens {
  tokens: TokenStore;
  create(): Promise<void>;
  remove(): Promise<void>;
  close(): Promise<void>;
}

/** Only the driver that is asked for is loaded: processes start often here. */
async function openTokens(
  world: World,
  db: pg.Pool,
  around: Around = (_, run) => run(),
): Promise<OpenTokens> {
  const table = world.name;
  const nothing = async () => {};
  switch (world.engine) {
    case "postgres": {
      const { postgresTokens } = await import("relatch/postgres");
      const tokens = postgresTokens(db);
      return { tokens, create: tokens.createTable, remove: nothing, close: nothing };
    }
    case "mysql": {
      const { createPool } = await import("mysql2/promise");
      const { mysqlTokens } = await import("relatch/mysql");
      const pool = createPool({ uri: world.urls.mysql ?? "", connectionLimit: 4 });
      const level = world.isolation.toUpperCase();
      pool.on("connection", (connection) => {
        connection.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`);
      });
      const tokens = mysqlTokens(pool, { table });
      const remove = async () => void (await pool.query(`DROP TABLE IF EXISTS \`${table}\``));
      return { tokens, create: tokens.createTable, remove, close: () => pool.end() };
    }
    case "sqlite": {
      const { default: Database } = await import("libsql");
      const { sqliteTokens } = await import("relatch/sqlite");
      const file = new Database(join(world.directory, "tokens.sqlite"));
      file.exec("PRAGMA busy_timeout = 10000");
      file.exec("PRAGMA journal_mode = WAL");
      const tokens = sqliteTokens(file);
      return { tokens, create: tokens.createTable, remove: nothing, close: async () => void file.close() };
    }
    case "redis": {
      const { Redis } = await import("ioredis");
      const { redisTokens } = await import("relatch/redis");
      const redis = new Redis(world.urls.redis ?? "");
      const prefix = `${world.name}:`;
      const command = ([name = "", ...args]: string[]) =>
        around(`redis ${name}`, () => redis.call(name, ...args));
      return {
        tokens: redisTokens(command, { prefix }),
        create: nothing,
        async remove() {
          const keys = await redis.keys(`${prefix}*`);
          if (keys.length > 0) await redis.del(keys);
        },
        close: async () => void (await redis.quit()),
      };
    }
  }
}
