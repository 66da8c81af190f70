import type { Account } from "./account.ts";
import { byteLength } from "./bytes.ts";
import { RelatchError, type RelatchErrorCode } from "./errors.ts";
import { attempt } from "./fields.ts";
import { within } from "./time.ts";
import type {
  FirstPassword,
  Mailer,
  PasswordChange,
  PasswordHasher,
  RateLimiter,
  RateRule,
  TokenRecord,
  TokenStore,
  UserStore,
} from "./types.ts";

// The application's ports, with every answer checked. A wrong answer must not fail open: an ORM reads
// `undefined` in a `where` as "no condition", a forgotten column would bind a link to nothing.

export interface CheckedUserStore {
  findByEmail(email: string, tenant: string | undefined): Promise<Account | undefined>;
  findById(id: string): Promise<Account | undefined>;
  replacePasswordHash(change: PasswordChange): Promise<boolean>;
  /** Absent where the application does not offer it. */
  setFirstPasswordHash: ((change: FirstPassword) => Promise<boolean>) | undefined;
}

export interface CheckedTokenStore {
  save(record: TokenRecord): Promise<void>;
  find(tokenHash: string): Promise<TokenRecord | undefined>;
  deleteByUser(userId: string): Promise<void>;
}

/**
 * Runs one call of a port; whatever it throws comes out as a `RelatchError` with the port's code, and so does its
 * silence, where it has a time limit (milliseconds).
 */
export async function call<T>(
  code: RelatchErrorCode,
  name: string,
  run: () => T,
  timeout?: number,
): Promise<Awaited<T>> {
  const late = () => new Error(`no answer within ${timeout} ms`);
  try {
    return await (timeout === undefined ? run() : within(timeout, Promise.resolve(run()), late));
  } catch (cause) {
    throw new RelatchError(code, `${name} failed.`, { cause });
  }
}

/** Reads the answer of a port. An answer that throws while it is read (a lazy relation, say) is the port's fault. */
export function reading<T>(code: RelatchErrorCode, name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (attempt(() => cause instanceof RelatchError)) throw cause;
    throw new RelatchError(code, `${name} failed.`, { cause });
  }
}

export function checkedUsers(users: UserStore, timeout: number): CheckedUserStore {
  const ask = (method: keyof UserStore, run: () => unknown): Promise<unknown> =>
    call("ERR_USER_STORE", `users.${method}`, run, timeout);
  const find = async (method: keyof UserStore, run: () => unknown) => {
    const answer = await ask(method, run);
    return reading("ERR_USER_STORE", `users.${method}`, () => account(method, answer));
  };
  const commit = async (method: keyof UserStore, run: () => unknown) =>
    decision(method, await ask(method, run));
  return {
    findByEmail: (email, tenant) => find("findByEmail", () => users.findByEmail(email, tenant)),
    async findById(id) {
      const found = await find("findById", () => users.findById(id));
      if (found && found.id !== id) {
        throw wrongAnswer("findById", "an account with another id", "match the id exactly");
      }
      return found;
    },
    replacePasswordHash: (change) => commit("replacePasswordHash", () => users.replacePasswordHash(change)),
    setFirstPasswordHash:
      users.setFirstPasswordHash &&
      ((change) => commit("setFirstPasswordHash", () => users.setFirstPasswordHash?.(change))),
  };
}

export function checkedTokens(tokens: TokenStore, timeout: number): CheckedTokenStore {
  const ask = (method: keyof TokenStore, run: () => unknown): Promise<unknown> =>
    call("ERR_TOKEN_STORE", `tokens.${method}`, run, timeout);
  return {
    async save(record) {
      await ask("save", () => tokens.save(record));
    },

    async find(tokenHash) {
      const answer = await ask("find", () => tokens.find(tokenHash));
      if (answer === null || answer === undefined) return undefined;
      if (reading("ERR_TOKEN_STORE", "tokens.find", () => isTokenRecord(answer)))
        return answer as TokenRecord;
      throw new RelatchError("ERR_TOKEN_STORE", "tokens.find must answer the TokenRecord or nothing.");
    },

    async deleteByUser(userId) {
      await ask("deleteByUser", () => tokens.deleteByUser(userId));
    },
  };
}

/** The new hash: a string, not empty, not the password itself, and not what was there before. */
export async function hashPassword(
  hasher: PasswordHasher,
  password: string,
  previous: string | null,
  timeout: number,
): Promise<string> {
  const hash: unknown = await call("ERR_HASHER", "hasher.hash", () => hasher.hash(password), timeout);
  if (typeof hash !== "string" || hash === "" || hash === password) {
    throw new RelatchError("ERR_HASHER", "hasher.hash must answer a hash, as a string.");
  }
  if (hash === previous) {
    // The compare-and-set could not tell before from after, and the link would work again.
    throw new RelatchError("ERR_HASHER", "hasher.hash answered the old hash: it must salt.");
  }
  return hash;
}

/** Takes one unit of every rule in turn; the first refusal decides. A limiter that fails, refuses by throwing. */
export async function consume(
  limiter: RateLimiter,
  key: string,
  rules: readonly RateRule[],
  timeout: number,
): Promise<{ allowed: boolean; retryAfterSeconds: number }> {
  for (const rule of rules) {
    const verdict: unknown = await call(
      "ERR_RATE_LIMITER",
      "rateLimiter.consume",
      () => limiter.consume(key, rule),
      timeout,
    );
    const [allowed, retryAfterSeconds] = reading("ERR_RATE_LIMITER", "rateLimiter.consume", () => {
      const answer = (verdict ?? {}) as Record<string, unknown>;
      return [answer["allowed"], answer["retryAfterSeconds"]];
    });
    if (typeof allowed !== "boolean" || typeof retryAfterSeconds !== "number") {
      throw new RelatchError(
        "ERR_RATE_LIMITER",
        "rateLimiter.consume must answer { allowed, retryAfterSeconds }.",
      );
    }
    if (!allowed)
      return {
        allowed,
        retryAfterSeconds: Math.min(Math.max(1, Math.ceil(retryAfterSeconds) || 1), rule.windowSeconds),
      };
  }
  return { allowed: true, retryAfterSeconds: 0 };
}

/** Sends a mail; the arguments are frozen, so that a mailer cannot change what its neighbour sends. */
export async function send(mailer: Mailer, ...[message, about]: Parameters<Mailer["send"]>): Promise<void> {
  await call("ERR_MAILER", "mailer.send", () => mailer.send(Object.freeze(message), Object.freeze(about)));
}

function account(method: keyof UserStore, answer: unknown): Account | undefined {
  if (answer === null || answer === undefined) return undefined;
  const wrong = (what: string, mend: string) => wrongAnswer(method, what, mend);
  if (typeof answer !== "object" || Array.isArray(answer)) {
    throw wrong(Array.isArray(answer) ? "an array" : typeof answer, "one user object or null, e.g. rows[0]");
  }
  const { id, email, passwordHash, name, locale, tenant, resetAllowed } = answer as Record<string, unknown>;
  if (typeof id !== "string")
    throw wrong("an id that is no string", "use id::text in SQL, or String(row.id)");
  if (id === "" || byteLength(id) > 128 || !id.isWellFormed()) {
    throw wrong("an unusable id", "use 1 to 128 bytes of UTF-8");
  }
  if (typeof email !== "string") throw wrong("an email that is no string", "select the e-mail column");
  if (passwordHash === undefined)
    throw wrong("no passwordHash", "select that column; null means no password");
  if (passwordHash === "" || (typeof passwordHash !== "string" && passwordHash !== null)) {
    throw wrong("a passwordHash that is neither a hash nor null", "the stored string, or null for none");
  }
  // `0` from a driver without booleans must not read as "allowed".
  if (!isOptional("boolean", resetAllowed))
    throw wrong("a resetAllowed that is no boolean", "use row.active === 1");
  if (!isOptional("string", name) || !isOptional("string", locale) || !isOptional("string", tenant)) {
    throw wrong("a name, locale or tenant that is no string", "strings, or null for none");
  }
  return {
    id,
    email,
    passwordHash,
    name: name ?? undefined,
    locale: locale ?? undefined,
    tenant: tenant ?? undefined,
    resetAllowed: resetAllowed !== false,
  };
}

function isOptional(type: "string", value: unknown): value is string | null | undefined;
function isOptional(type: "boolean", value: unknown): value is boolean | null | undefined;
function isOptional(type: string, value: unknown): boolean {
  return value === null || value === undefined || typeof value === type;
}

function isTokenRecord(answer: unknown): boolean {
  const { tokenHash, userId, fingerprint, expiresAt } = answer as Record<string, unknown>;
  return (
    typeof tokenHash === "string" &&
    typeof userId === "string" &&
    userId !== "" &&
    typeof fingerprint === "string" &&
    Number.isFinite((expiresAt as Partial<Date> | undefined)?.getTime?.())
  );
}

function decision(method: keyof UserStore, answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  throw wrongAnswer(method, typeof answer, "whether the row changed, e.g. result.rowCount === 1");
}

const wrongAnswer = (method: keyof UserStore, what: string, mend: string): RelatchError =>
  new RelatchError("ERR_USER_STORE", `users.${method} answered ${what}; it must be exact: ${mend}.`);
