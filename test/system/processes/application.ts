import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
import { type Database, openPostgres, openSqlite } from "./databases.ts";

// An application that runs in several processes. Users, sessions, sent emails and waiting jobs are in PostgreSQL, or
// all of it is in one SQLite file. The tokens are in the engine under test. All data outlives the process that wrote it.

export type Engine = "postgres" | "mysql" | "sqlite" | "redis";
export type Isolation = "read committed" | "repeatable read";

/** The URLs of the servers. SQLite needs none; every other engine needs PostgreSQL for the users. */
export interface Urls {
  postgres?: string;
  mysql?: string;
  redis?: string;
}

/** Everything that a process needs to know to take part. Plain JSON. */
export interface World {
  /** Names the schema, the tables and the keys. Unique. */
  name: string;
  engine: Engine;
  isolation: Isolation;
  /** A temporary directory for the SQLite file. */
  directory: string;
  urls: Urls;
}

export const hasher = memoryHasher();

/** The key of all processes: jobs leave their process, so they are signed. */
const KEY = new Uint8Array(32).fill(7);

/** A table that keeps each job until it is acknowledged. Each owner has a separate queue, so that tests do not mix. */
export interface JobTable {
  enqueue(owner: string, job: Job): Promise<void>;
  /** Returns the oldest unacknowledged job, even if a killed process had taken it. */
  take(owner: string): Promise<Job | undefined>;
  acknowledge(job: Job): Promise<void>;
  /** Deletes the jobs of a queue that does not outlive its process. */
  discard(owner: string): Promise<void>;
}

/** One process's view of the world. */
export interface Application {
  db: Database;
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
  /** Tells the connections to PostgreSQL apart. */
  client?: string;
  /** Wraps each command to Redis, because one call of the store sends several. */
  aroundCommand?: Around;
}

export async function openApplication(
  world: World,
  { connections = 4, client = "parent", aroundCommand = (_, run) => run() }: OpenOptions = {},
): Promise<Application> {
  const db = await openDatabase(world, connections, client);
  const { tokens, close } = await openTokens(world, db, aroundCommand);
  return {
    db,
    tokens,
    hasher,
    users: userStore(db),
    mailer: {
      async send({ to, text }, { userId, kind, idempotencyKey }) {
        const link = text.match(/https:\S+/)?.[0];
        const token = link?.slice(link.lastIndexOf("/") + 1) ?? null;
        await db.run(
          "INSERT INTO emails (user_id, recipient, kind, token, idempotency_key) VALUES ($1, $2, $3, $4, $5)",
          [userId ?? null, to, kind, token, idempotencyKey],
        );
      },
    },
    jobs: {
      async enqueue(owner, job) {
        const values = [job.id, owner, JSON.stringify(job)];
        await db.run("INSERT INTO jobs (id, owner, job) VALUES ($1, $2, $3)", values);
      },
      async take(owner) {
        const [row] = await db.all("SELECT job FROM jobs WHERE owner = $1 ORDER BY seq LIMIT 1", [owner]);
        return row && JSON.parse(row["job"]);
      },
      async acknowledge(job) {
        await db.run("DELETE FROM jobs WHERE id = $1", [job.id]);
      },
      async discard(owner) {
        await db.run("DELETE FROM jobs WHERE owner = $1", [owner]);
      },
    },
    revokeSessions: (userId, { except }) =>
      db.run("DELETE FROM sessions WHERE user_id = $1 AND stamp <> $2", [userId, except]),
    async close() {
      await close();
      await db.close();
    },
  };
}

/** Commits as the docs require. A process that loses a serialization conflict has lost the race. */
export function userStore(db: Database): UserStore {
  return {
    ...findUsers(db),
    replacePasswordHash: ({ userId, email, expected, next }) =>
      changesOneRow(
        db.run("UPDATE users SET password_hash = $1 WHERE id = $2 AND email = $3 AND password_hash = $4", [
          next,
          userId,
          email,
          expected,
        ]),
      ),
    setFirstPasswordHash: ({ userId, email, next }) =>
      changesOneRow(
        db.run("UPDATE users SET password_hash = $1 WHERE id = $2 AND email = $3 AND password_hash IS NULL", [
          next,
          userId,
          email,
        ]),
      ),
  };
}

const setPassword = (db: Database, userId: string, hash: string): Promise<boolean> =>
  changesOneRow(db.run("UPDATE users SET password_hash = $1 WHERE id = $2", [hash, userId]));

/** Stores that the docs warn about, because their commit is not a compare-and-set. */
export const naiveUserStores: Record<string, (db: Database) => UserStore> = {
  "that writes without a condition": (db) => ({
    ...findUsers(db),
    replacePasswordHash: ({ userId, next }) => setPassword(db, userId, next),
  }),
  "that reads first and then writes": (db) => ({
    ...findUsers(db),
    async replacePasswordHash({ userId, expected, next }) {
      const [row] = await db.all("SELECT password_hash FROM users WHERE id = $1", [userId]);
      if (row?.["password_hash"] !== expected) return false;
      return setPassword(db, userId, next);
    },
  }),
};

function findUsers(db: Database): Pick<UserStore, "findByEmail" | "findById"> {
  const first = async (where: string, value: string) => {
    const columns = `id, email, password_hash AS "passwordHash"`;
    const [row] = await db.all(`SELECT ${columns} FROM users WHERE ${where}`, [value]);
    return row && { id: row["id"], email: row["email"], passwordHash: row["passwordHash"] };
  };
  return {
    findByEmail: (email) => first("lower(email) = lower($1)", email),
    findById: (id) => first("id = $1", id),
  };
}

async function changesOneRow(update: Promise<number>): Promise<boolean> {
  try {
    return (await update) === 1;
  } catch (error) {
    if ((error as { code?: unknown }).code === "40001") return false;
    throw error;
  }
}

/** Creates the library over these ports. Jobs go to the table, under the owner's name. */
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
    limits: false,
    keys: [KEY],
    dispatcher: queueDispatcher((job) => jobs.enqueue(owner, job)),
    ...overrides,
  });
}

export const emailOf = (id: string): string => `${id}@example.org`;

/** Adds an account, with or without a password, and a session that was opened with it. Returns its stamp. */
export async function addUser(application: Application, id: string, password: string | null): Promise<string> {
  const passwordHash = password === null ? null : await hasher.hash(password);
  const values = [id, emailOf(id), passwordHash];
  await application.db.run("INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $3)", values);
  const stamp = sessionStamp({ id, passwordHash });
  await addSession(application, id, stamp);
  return stamp;
}

export async function addSession({ db }: Application, userId: string, stamp: string): Promise<void> {
  await db.run("INSERT INTO sessions (user_id, stamp) VALUES ($1, $2)", [userId, stamp]);
}

/** Requests a link, delivers its email at once, and returns its token. */
export async function issueLink(application: Application, userId: string): Promise<string> {
  const passwordReset = passwordResetOf(application, userId, {
    dispatcher: { dispatch: (job, deliver) => deliver(job) },
  });
  await passwordReset.requestReset({ email: emailOf(userId), ip: false });
  const [token = ""] = await emailedTokens(application, userId);
  return token;
}

/** Longer than a follow-up job waits for its commit. */
export const LONGER_THAN_PATIENCE = 16 * 60_000;

/**
 * Empties a queue as another process would, first now and then after the patience of every job. Reports whether it is
 * empty.
 */
export async function emptyQueue(
  application: Application,
  owner: string,
  clocksAhead = [0, LONGER_THAN_PATIENCE],
): Promise<boolean> {
  for (const ahead of clocksAhead) {
    const worker = passwordResetOf(application, owner, { now: () => new Date(Date.now() + ahead) });
    for (let job = await application.jobs.take(owner); job; job = await application.jobs.take(owner)) {
      if (!(await isDelivered(worker, job))) break;
      await application.jobs.acknowledge(job);
    }
  }
  return (await application.jobs.take(owner)) === undefined;
}

export const isDelivered = (worker: PasswordReset, job: unknown): Promise<boolean> =>
  worker.deliver(job).then(
    () => true,
    () => false,
  );

/** Returns the tokens of the emails to a user, newest first. */
export async function emailedTokens({ db }: Application, userId: string): Promise<string[]> {
  const rows = await db.all("SELECT token FROM emails WHERE user_id = $1 AND kind = 'reset_link' ORDER BY seq DESC", [
    userId,
  ]);
  return rows.map((row) => row["token"]);
}

// ── The world ───────────────────────────────────────────────────────────────────────────────────────────

/** Creates the tables. `destroy` leaves nothing behind. */
export async function createWorld(
  engine: Engine,
  urls: Urls,
  isolation: Isolation = "read committed",
): Promise<{ world: World; destroy(): Promise<void> }> {
  const name = `relatch_${randomBytes(6).toString("hex")}`;
  const directory = await mkdtemp(join(tmpdir(), `${name}-`));
  const world: World = { name, engine, isolation, directory, urls };
  const db = await openDatabase(world, 1, "parent");
  await db.create();
  const tokens = await openTokens(world, db);
  await tokens.create();
  return {
    world,
    async destroy() {
      await tokens.remove();
      await tokens.close();
      await db.remove();
      await db.close();
      await rm(directory, { recursive: true });
    },
  };
}

const nameClient = (world: string, client: string): string => `${world}/${client}`;

const fileOf = ({ directory }: World): string => join(directory, "application.sqlite");

const openDatabase = (world: World, connections: number, client: string): Promise<Database> =>
  world.engine === "sqlite"
    ? openSqlite(fileOf(world))
    : openPostgres({
        url: world.urls.postgres ?? "",
        schema: world.name,
        isolation: world.isolation,
        connections,
        client: nameClient(world.name, client),
      });

/** Waits until a client's statements are over, because PostgreSQL still runs what a killed process had sent. */
export async function waitForStatements(
  { db }: Application,
  { name, engine }: World,
  client: string,
  isOver: (waits: (string | null)[]) => boolean = (waits) => waits.length === 0,
): Promise<void> {
  if (engine === "sqlite") return;
  for (let waits: (string | null)[] | undefined; !waits || !isOver(waits); ) {
    const rows = await db.all("SELECT wait_event_type FROM pg_stat_activity WHERE application_name = $1", [
      nameClient(name, client),
    ]);
    waits = rows.map((row) => row["wait_event_type"]);
  }
}

interface OpenTokens {
  tokens: TokenStore;
  create(): Promise<unknown>;
  remove(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Opens the token store. */
async function openTokens(world: World, db: Database, around: Around = (_, run) => run()): Promise<OpenTokens> {
  const table = world.name;
  const nothing = async () => {};
  switch (world.engine) {
    case "postgres": {
      const { postgresTokens } = await import("relatch/postgres");
      const tokens = postgresTokens({ query: async (sql, values) => ({ rows: await db.all(sql, values) }) });
      return { tokens, create: tokens.createTable, remove: nothing, close: nothing };
    }
    case "sqlite": {
      const [{ default: Sqlite }, { sqliteTokens }] = await Promise.all([import("libsql"), import("relatch/sqlite")]);
      const file = new Sqlite(fileOf(world));
      file.exec("PRAGMA busy_timeout = 10000");
      const tokens = sqliteTokens(file);
      return { tokens, create: tokens.createTable, remove: nothing, close: async () => file.close() };
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
      const remove = () => pool.query(`DROP TABLE IF EXISTS \`${table}\``);
      return { tokens, create: tokens.createTable, remove, close: () => pool.end() };
    }
    case "redis": {
      const { Redis } = await import("ioredis");
      const { redisTokens } = await import("relatch/redis");
      const redis = new Redis(world.urls.redis ?? "");
      const prefix = `${table}:`;
      const tokens = redisTokens(([name = "", ...args]) => around(`redis ${name}`, () => redis.call(name, ...args)), {
        prefix,
      });
      const remove = async () => {
        const keys = await redis.keys(`${prefix}*`);
        if (keys.length > 0) await redis.del(keys);
      };
      return { tokens, create: nothing, remove, close: () => redis.quit() };
    }
  }
}
