import { sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { encoded, randomBytes } from "./bytes.ts";
import { canonicalEmail } from "./email-address.ts";
import { memoryTokens } from "./stores/memory.ts";
import type {
  FirstPassword,
  MailContext,
  Mailer,
  MailMessage,
  PasswordHasher,
  ResetUser,
  TokenStore,
  UserStore,
} from "./types.ts";

export { memoryTokens };

/** Users in a Map. Change them through `set` and `delete`, as other parts of the application would. */
export interface MemoryUsers extends UserStore {
  setFirstPasswordHash(change: FirstPassword): Promise<boolean>;
  /** A copy of the user as it stands, for assertions. */
  get(id: string): ResetUser | undefined;
  /** Adds a user, or replaces the one with this id. */
  set(user: ResetUser): void;
  delete(id: string): void;
}

/** A user store in memory, with everything a real one has to do. */
export function memoryUsers(users: Iterable<ResetUser> = []): MemoryUsers {
  const byId = new Map<string, ResetUser>();
  const copy = (user: ResetUser | undefined) => user && { ...user };
  const store: MemoryUsers = {
    async findByEmail(email, tenant) {
      const matches = (user: ResetUser) =>
        canonicalEmail(user.email) === email && (user.tenant ?? undefined) === tenant;
      return copy([...byId.values()].find(matches));
    },
    findById: async (id) => copy(byId.get(id)),
    replacePasswordHash: async ({ userId, email, expected, next }) => commit(userId, email, expected, next),
    setFirstPasswordHash: async ({ userId, email, next }) => commit(userId, email, null, next),
    get: (id) => copy(byId.get(id)),
    set: (user) => void byId.set(user.id, { ...user }),
    delete: (id) => void byId.delete(id),
  };

  // Without an await between the comparison and the write: here that is what makes it one step.
  function commit(id: string, email: string, expected: string | null, next: string): boolean {
    const user = byId.get(id);
    if (!user || user.email !== email || user.passwordHash !== expected || user.resetAllowed === false)
      return false;
    user.passwordHash = next;
    return true;
  }

  for (const user of users) store.set(user);
  return store;
}

/** A mail that was "sent". */
export type SentMail = Readonly<MailMessage & MailContext>;

/** Keeps mails instead of sending them. */
export interface MemoryMailer extends Mailer {
  /** All of them, oldest first. */
  readonly sent: SentMail[];
  /** The link in the newest reset mail to this address, or `undefined`. */
  lastLink(to: string): string | undefined;
}

/** A mailer for tests: `await passwordReset.drain()`, then look at `sent`. */
export function memoryMailer(): MemoryMailer {
  const sent: SentMail[] = [];
  return {
    sent,
    async send(message, about) {
      sent.push(Object.freeze({ ...message, ...about }));
    },
    lastLink(to) {
      const mail = sent.findLast((candidate) => candidate.to === to && candidate.kind === "reset_link");
      return mail?.text.match(/https?:\/\/\S+/)?.[0];
    },
  };
}

/** A hasher for tests, with the `verify` that the test's own login needs. */
export interface MemoryHasher extends PasswordHasher {
  verify(hash: string, password: string): Promise<boolean>;
}

/** Salted and instant, and no protection whatever: for tests only. */
export function memoryHasher(): MemoryHasher {
  const digest = (salt: string, password: string) =>
    `memory$${salt}$${encodeHexLowerCase(sha256(encoded(salt, password)))}`;
  return {
    hash: async (password) => digest(encodeHexLowerCase(randomBytes(8)), password),
    verify: async (hash, password) => hash === digest(hash.split("$")[1] ?? "", password),
  };
}

/** All four ports in memory, for an application's own unit tests. */
export function memoryPorts(users?: Iterable<ResetUser>): {
  users: MemoryUsers;
  tokens: TokenStore;
  mailer: MemoryMailer;
  hasher: MemoryHasher;
} {
  return {
    users: memoryUsers(users),
    tokens: memoryTokens(),
    mailer: memoryMailer(),
    hasher: memoryHasher(),
  };
}
