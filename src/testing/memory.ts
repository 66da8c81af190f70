import { sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { encodeParts, randomBytes } from "../lib/bytes.ts";
import { canonicalEmail } from "../lib/email-address.ts";
import type {
  FirstPassword,
  MailContext,
  Mailer,
  MailMessage,
  PasswordHasher,
  ResetUser,
  TokenStore,
  UserStore,
} from "../ports/contract.ts";
import { memoryTokens } from "../stores/memory.ts";

export { memoryTokens };

/**
 * Users in memory. `set` and `delete` change them as other parts of the application would.
 *
 * @example
 * const users: MemoryUsers = memoryUsers();
 * users.set({ id: "42", email: "mike@example.org", passwordHash: null });
 * users.get("42")?.email; // "mike@example.org"
 */
export interface MemoryUsers extends UserStore {
  /** Returns a copy of the user, for assertions. */
  get(id: string): ResetUser | undefined;
  /** Adds a user, or replaces the user with this id. */
  set(user: ResetUser): void;
  /** Deletes a user, if there is one with this id. */
  delete(id: string): void;
}

/** Options of {@link memoryUsers} and {@link memoryPorts}. */
export interface MemoryUsersOptions {
  /** Offers `setFirstPasswordHash`, so that accounts without a password get links. Default: `false`. */
  firstPasswords?: boolean | undefined;
}

/**
 * Keeps users in memory, with everything that a real store must do.
 *
 * @example
 * const users = memoryUsers([{ id: "42", email: "mike@example.org", passwordHash: "hash" }]);
 */
export function memoryUsers(
  users: Iterable<ResetUser> = [],
  { firstPasswords = false }: MemoryUsersOptions = {},
): MemoryUsers {
  const byId = new Map<string, ResetUser>();
  const copy = (user: ResetUser | undefined) => user && { ...user };

  // No await between the comparison and the write, which makes them one step.
  async function commit({ userId, email, expected, next }: FirstPassword & { expected: string | null }) {
    const user = byId.get(userId);
    if (!user || user.resetAllowed === false || user.resetAllowed === null) return false;
    if (user.email !== email || user.passwordHash !== expected) return false;
    user.passwordHash = next;
    return true;
  }

  const store: MemoryUsers = {
    async findByEmail(email, tenant) {
      const matches = (user: ResetUser) =>
        canonicalEmail(user.email) === email && (user.tenant ?? undefined) === tenant;
      return copy([...byId.values()].find(matches));
    },
    findById: async (id) => copy(byId.get(id)),
    replacePasswordHash: commit,
    setFirstPasswordHash: firstPasswords ? (change) => commit({ ...change, expected: null }) : undefined,
    get: (id) => copy(byId.get(id)),
    set: (user) => void byId.set(user.id, { ...user }),
    delete: (id) => void byId.delete(id),
  };
  for (const user of users) store.set(user);
  return store;
}

/** An email that was "sent". */
export type SentMail = Readonly<MailMessage & MailContext>;

/**
 * Keeps emails instead of sending them. Call `drain()` before you look at them.
 *
 * @example
 * const mailer: MemoryMailer = memoryMailer();
 * mailer.lastToken("mike@example.org"); // undefined: nothing was sent
 */
export interface MemoryMailer extends Mailer {
  /** Every email, oldest first. */
  readonly sent: SentMail[];
  /** Returns the link of the newest email with one to this address, or `undefined` if there is none. */
  lastLink(to: string): string | undefined;
  /** Returns the token in that link, or `undefined` if there is none. */
  lastToken(to: string): string | undefined;
  /** Returns the code of the newest email to this address, or `undefined` if it contains none. */
  lastCode(to: string): string | undefined;
}

/**
 * Keeps emails in memory, for tests. Call `drain()` before you look at them.
 *
 * @example
 * const mailer = memoryMailer();
 * const passwordReset = createPasswordReset({ ...options, mailer });
 * await passwordReset.drain();
 * const token = mailer.lastToken("mike@example.org");
 */
export function memoryMailer(): MemoryMailer {
  const sent: SentMail[] = [];
  function lastLink(to: string): string | undefined {
    for (const { variables, text } of sent.filter((email) => email.to === to).reverse()) {
      // The text must contain it, because the application may have written the email.
      if (variables && "url" in variables) return text.includes(variables.url) ? variables.url : undefined;
    }
    return undefined;
  }
  return {
    sent,
    async send(message, about) {
      sent.push(Object.freeze({ ...message, ...about }));
    },
    lastLink,
    lastCode(to) {
      const { variables, text } = sent.filter((email) => email.to === to).at(-1) ?? {};
      return variables && "code" in variables && text?.includes(variables.code) ? variables.code : undefined;
    },
    // No token is shorter than 43 characters. It comes after the host, whose labels may be as long.
    lastToken: (to) => lastLink(to)?.match(/\/\/[^/?#]+[/?#].*?([\w-]{43,})/)?.[1],
  };
}

/** A hasher for tests, with the `verify` that a sign-in needs. */
export interface MemoryHasher extends PasswordHasher {
  /**
   * Reports whether this is the password that was hashed.
   *
   * @example
   * await hasher.verify(await hasher.hash("correct horse"), "correct horse"); // true
   */
  verify(hash: string, password: string): Promise<boolean>;
}

/**
 * Hashes with a salt and at once, which protects no password. Use it in tests only.
 *
 * @example
 * const hasher = memoryHasher();
 * await hasher.verify(await hasher.hash("password"), "password"); // true
 */
export function memoryHasher(): MemoryHasher {
  const digest = (salt: string, password: string) =>
    `memory$${salt}$${encodeHexLowerCase(sha256(encodeParts(salt, password)))}`;
  return {
    hash: async (password) => digest(encodeHexLowerCase(randomBytes(8)), password),
    verify: async (hash, password) => hash === digest(hash.split("$")[1] ?? "", password),
  };
}

/**
 * Creates all four dependencies in memory, for the unit tests of an application. All protections, such as the limits,
 * stay on.
 *
 * @example
 * const { mailer, ...ports } = memoryPorts([{ id: "42", email: "mike@example.org", passwordHash: "hash" }]);
 * const passwordReset = createPasswordReset({ ...options, ...ports, mailer });
 */
export function memoryPorts(
  users?: Iterable<ResetUser>,
  options?: MemoryUsersOptions,
): { users: MemoryUsers; tokens: TokenStore; mailer: MemoryMailer; hasher: MemoryHasher } {
  return { users: memoryUsers(users, options), tokens: memoryTokens(), mailer: memoryMailer(), hasher: memoryHasher() };
}
