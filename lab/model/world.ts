import {
  createPasswordReset,
  type Job,
  type Mailer,
  type PasswordReset,
  type PasswordResetOptions,
  type ResetUser,
  type SignedTokens,
  sessionStamp,
  type TokenStore,
  type UserStore,
} from "relatch";
import { memoryTokens, memoryUsers } from "relatch/memory";
import { canonical } from "./facts.ts";
import type { Visible } from "./state.ts";
import type { Port } from "./steps.ts";

// The real thing: an application with two processes over the same data. Everything here outlives a process.

/** Tenants come and go. */
export type Options = PasswordResetOptions<"dynamic">;
export type Reset = PasswordReset<{ tenant: string }>;
export type Users = UserStore<string>;

export type Ports = Pick<Options, "users" | "tokens" | "revokeSessions" | "mailer">;

/** The users' rows, behind the store. */
export type Rows = ReturnType<typeof memoryUsers>;

/** How a planted bug gets in: in place of the application's ports, or of the factory. */
export interface Planted {
  ports?(ports: Ports, rows: Rows): Ports;
  create?(options: Options, rows: Rows): Reset;
}

/** Runs one call of a port: when its turn has come, and as it is meant to fail. */
export type Interrupt = <T>(isDead: () => boolean, port: Port, effect: () => T | Promise<T>) => Promise<T>;

export interface RealProcess {
  passwordReset: Reset;
  isDead: boolean;
}

export interface Session {
  userId: string;
  stamp: string;
  password: string | null;
}

export interface World {
  readonly clock: { now: number };
  readonly users: Rows;
  /** In the order of their ids' first appearance. */
  readonly ids: string[];
  readonly processes: RealProcess[];
  /** Every job that was ever handed over: any of them may be delivered at any time, and again. */
  readonly queue: Job[];
  /** The tokens of the links that were sent, in the order of the emails. */
  readonly links: string[];
  readonly sessions: Session[];
  /** All that may be logged. */
  readonly logged: unknown[];
  /** Salted, as it were. */
  newHash(password: string): string;
  restart(process: number): void;
  visible(): Visible;
}

/** Returns the password inside a hash of this test's hasher. */
export const passwordOf = (hash: string | null): string | null =>
  hash === null ? null : hash.slice(0, hash.lastIndexOf("#"));

const URL_PREFIX = "https://app.example.com/reset/";

export function newWorld(
  accounts: readonly ResetUser[],
  signed: SignedTokens | undefined,
  now: number,
  interrupt: Interrupt,
  planted: Planted,
): World {
  const clock = { now };
  const users = memoryUsers(accounts, { firstPasswords: true });
  const tokens: TokenStore = memoryTokens();
  const ids = accounts.map(({ id }) => id);
  const queue: Job[] = [];
  const links: string[] = [];
  const sessions: Session[] = [];
  const logged: unknown[] = [];
  const mails: [string, string][] = [];
  const commits: { userId: string; stamp: string; password: string; ended: boolean }[] = [];
  let hashes = 0;

  function newHash(password: string): string {
    hashes += 1;
    return `${password}#${hashes}`;
  }

  const committing: Users = {
    findByEmail: async (email, tenant) =>
      ids.map((id) => users.get(id)).find((user) => user && canonical(user.email) === email && user.tenant === tenant),
    findById: users.findById,
    async replacePasswordHash(change) {
      return note(change, await users.replacePasswordHash(change));
    },
    async setFirstPasswordHash(change) {
      return note(change, (await users.setFirstPasswordHash?.(change)) === true);
    },
  };

  function note({ userId, next }: { userId: string; next: string }, isDone: boolean): boolean {
    const stamp = sessionStamp({ id: userId, passwordHash: next });
    if (isDone) commits.push({ userId, stamp, password: passwordOf(next) ?? "", ended: false });
    return isDone;
  }

  async function revokeSessions(userId: string, { except }: { except: string }): Promise<void> {
    const kept = sessions.filter((each) => each.userId !== userId || each.stamp === except);
    sessions.splice(0, sessions.length, ...kept);
    for (const each of commits) if (each.stamp === except) each.ended = true;
  }

  const mailer: Mailer = {
    async send({ to, text }, { kind }) {
      mails.push([kind, to]);
      if (kind === "reset_link") links.push(text.slice(URL_PREFIX.length));
    },
  };

  function startProcess(): RealProcess {
    const process = { isDead: false } as RealProcess;
    const at = <T>(port: Port, effect: () => T | Promise<T>) => interrupt(() => process.isDead, port, effect);
    const given: Ports = { users: committing, tokens: signed ?? tokens, revokeSessions, mailer };
    const ports = planted.ports?.(given, users) ?? given;
    const { users: row, revokeSessions: revoke } = ports;
    const store = ports.tokens as TokenStore;
    const log = (what: unknown) => void logged.push(what);
    const options: Options = {
      users: {
        findByEmail: (email, tenant) => at("users.findByEmail", () => row.findByEmail(email, tenant)),
        findById: (id) => at("users.findById", () => row.findById(id)),
        replacePasswordHash: (change) => at("users.commit", () => row.replacePasswordHash(change)),
        ...(!signed && {
          setFirstPasswordHash: (change) =>
            at("users.commit", async () => (await row.setFirstPasswordHash?.(change)) === true),
        }),
      },
      tokens: signed ?? {
        save: (record) => at("tokens.save", () => store.save(record)),
        find: (hash) => at("tokens.find", () => store.find(hash)),
        deleteByUser: (id) => at("tokens.deleteByUser", () => store.deleteByUser(id)),
        deleteExpired: (instant) => store.deleteExpired(instant),
      },
      revokeSessions: (userId, kept) => at("revoke", async () => typeof revoke === "function" && revoke(userId, kept)),
      hasher: {
        hash: (password) => at("hasher", () => newHash(password)),
      },
      mailer: {
        send: (message, about) => at("mailer", () => ports.mailer.send(message, about)),
      },
      dispatcher: {
        dispatch: (job) =>
          at("dispatch", () => {
            log(job);
            queue.push(JSON.parse(JSON.stringify(job)) as Job);
          }),
      },
      tenants: "dynamic",
      appName: "Acme",
      resetUrl: `${URL_PREFIX}:token`,
      passwordRules: [],
      limits: false,
      keys: [new Uint8Array(32).fill(7)],
      messages: {
        resetLink: ({ url }) => ({ subject: "Reset", text: url }),
        passwordChanged: () => ({ subject: "Changed", text: "Changed." }),
      },
      onEvent: log,
      onError: (error) => log([error, error.message, error.stack]),
      now: () => new Date(clock.now),
    };
    process.passwordReset = planted.create?.(options, users) ?? createPasswordReset(options);
    return process;
  }

  const processes = [startProcess(), startProcess()];
  return {
    clock,
    users,
    ids,
    processes,
    queue,
    links,
    sessions,
    logged,
    newHash,
    restart(process) {
      processes[process] = startProcess();
    },
    visible: () => ({
      accounts: ids.flatMap((id) => {
        const user = users.get(id);
        if (!user) return [];
        const { email, tenant, passwordHash, resetAllowed } = user;
        return [[id, email, tenant, passwordOf(passwordHash), resetAllowed !== false] as const];
      }) as Visible["accounts"],
      sessions: sessions.map(({ userId, password }) => [userId, password]),
      mails: [...mails],
      queue: queue.map(({ type }) => type),
      commits: commits.map(({ userId, password, ended }) => [userId, password, ended]),
    }),
  };
}
