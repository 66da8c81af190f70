import { byteLength } from "../lib/bytes.ts";
import type { RelatchError } from "../lib/errors.ts";
import { describeType, isBytes } from "../lib/shape.ts";
import { isTenant, type Tenants } from "../lib/tenants.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import type { Account } from "./account.ts";
import { type Calls, callPort, isNoResponse, mustReturn, type Port } from "./calls.ts";
import type {
  FirstPassword,
  Mailer,
  MailFailure,
  PasswordChange,
  PasswordHasher,
  RateLimiter,
  RateRule,
  SecondFactor,
  SecondFactorProof,
  TokenRecord,
  TokenStore,
  UserStore,
} from "./contract.ts";

// The application's functions with every return value checked. A wrong value must not open anything: an ORM reads
// `undefined` in a `where` as "no condition", and a forgotten column would bind a link to nothing.

export interface GuardedUserStore {
  findByEmail(email: string, tenant: string | undefined): Promise<Account | undefined>;
  findById(id: string): Promise<Account | undefined>;
  replacePasswordHash(change: PasswordChange): Promise<boolean>;
  /** Absent if the application does not offer it. */
  setFirstPasswordHash: FirstPasswordCommit | undefined;
}

type FirstPasswordCommit = (change: FirstPassword) => Promise<boolean>;

export interface GuardedTokenStore {
  save(record: TokenRecord): Promise<void>;
  find(tokenHash: string): Promise<TokenRecord | undefined>;
  deleteByUser(userId: string): Promise<void>;
}

export function guardUsers(calls: Calls, users: UserStore, tenants: Tenants): GuardedUserStore {
  const portOf = (method: keyof UserStore, ...input: unknown[]): Port => ({
    code: "ERR_USER_STORE",
    name: `users.${method}`,
    input,
  });
  const commit = (method: "replacePasswordHash" | "setFirstPasswordHash") => (change: PasswordChange) => {
    // Without a time limit: a commit that responds late is still listened to.
    const port = { ...portOf(method, change), timeout: Number.POSITIVE_INFINITY };
    const run = (): unknown => users[method]?.(change);
    return callPort(calls, port, run, (returned) => {
      if (typeof returned === "boolean") return returned;
      const fix = "Return whether the row changed, for example result.rowCount === 1.";
      throw mustReturn(port, "true or false", describeType(returned), fix);
    });
  };
  return {
    findByEmail(email, tenant) {
      const port = portOf("findByEmail", email, tenant);
      return callPort(
        calls,
        port,
        () => users.findByEmail(email, tenant),
        (user) => readAccount(port, user, tenants),
      );
    },

    findById(id) {
      const port = portOf("findById", id);
      const read = (returned: unknown) => {
        const account = readAccount(port, returned, tenants);
        if (!account || account.id === id) return account;
        throw mustReturn(port, "the account with this id", "another one", "Match the id exactly.");
      };
      return callPort(calls, port, () => users.findById(id), read);
    },

    replacePasswordHash: commit("replacePasswordHash"),
    setFirstPasswordHash: users.setFirstPasswordHash && (commit("setFirstPasswordHash") as FirstPasswordCommit),
  };
}

export function guardTokens(calls: Calls, tokens: TokenStore): GuardedTokenStore {
  const portOf = (method: keyof TokenStore, ...input: unknown[]): Port => ({
    code: "ERR_TOKEN_STORE",
    name: `tokens.${method}`,
    input,
  });
  return {
    async save(record) {
      await callPort(calls, portOf("save", record), () => tokens.save(record));
    },

    find(tokenHash) {
      const port = portOf("find", tokenHash);
      return callPort(
        calls,
        port,
        () => tokens.find(tokenHash),
        (returned: unknown) => readTokenRecord(port, returned),
      );
    },

    async deleteByUser(userId) {
      await callPort(calls, portOf("deleteByUser", userId), () => tokens.deleteByUser(userId));
    },
  };
}

/** Hashes a password. The hash must be a non-empty string, not the password itself, and not the previous hash. */
export function hashPassword(
  calls: Calls,
  hasher: PasswordHasher,
  password: string,
  previous: string | null,
): Promise<string> {
  const port: Port = { code: "ERR_HASHER", name: "hasher.hash" };
  return callPort(
    calls,
    port,
    () => hasher.hash(password),
    (hash: unknown) => {
      if (typeof hash !== "string" || hash === "") throw mustReturn(port, "a string", describeType(hash));
      if (hash === password) throw mustReturn(port, "a hash", "the password itself");
      // The compare-and-set could not tell before from after, and the link would work again.
      if (hash === previous) throw mustReturn(port, "a new hash", "the previous one", "Use a fresh salt each time.");
      return hash;
    },
  );
}

/** Whether a unit was taken of every rule. */
export type Verdict = { allowed: true } | { allowed: false; rule: RateRule; retryAfterSeconds: number };

/** The second factor with checked return values. */
export interface GuardedSecondFactor {
  methods(userId: string): Promise<readonly string[]>;
  verify(userId: string, proof: SecondFactorProof): Promise<boolean>;
}

const MAX_METHODS = 16;

export function guardSecondFactor(calls: Calls, secondFactor: SecondFactor): GuardedSecondFactor {
  const code = "ERR_SECOND_FACTOR";
  return {
    methods(userId) {
      const port: Port = { code, name: "secondFactor.methods", input: [userId] };
      const read = (returned: unknown): readonly string[] => {
        const methods: unknown[] = Array.isArray(returned) ? [...returned] : [undefined];
        const isMethod = (method: unknown) => typeof method === "string" && /^[a-z0-9_]{1,32}$/.test(method);
        const isUnique = new Set(methods).size === methods.length;
        if (methods.length <= MAX_METHODS && isUnique && methods.every(isMethod)) {
          return Object.freeze(methods as string[]);
        }
        const expected = `an array of at most ${MAX_METHODS} different names of 1 to 32 characters of a-z, 0-9 and _`;
        throw mustReturn(
          port,
          expected,
          describeType(returned),
          'For example ["totp", "recovery_code"], or [] for none.',
        );
      };
      return callPort(calls, port, () => secondFactor.methods(userId), read);
    },

    verify(userId, proof) {
      // Without `input`, because it is told the response.
      const port: Port = { code, name: "secondFactor.verify" };
      const run = () => secondFactor.verify(userId, Object.freeze({ ...proof }));
      return callPort(calls, port, run, (returned: unknown) => {
        if (typeof returned === "boolean") return returned;
        throw mustReturn(port, "true or false", describeType(returned));
      });
    },
  };
}

/** A unit that was taken, or may have been: a call that fails may have taken it all the same. */
export interface TakenUnit {
  readonly rule: RateRule;
  /** Resolves when the limiter has responded, however late. `false`: it refused. */
  readonly isTaken: Promise<boolean>;
}

/** Takes one unit of every rule in turn, until one refuses. Adds them to `taken`, also if the limiter fails. */
export async function takeUnits(
  calls: Calls,
  limiter: RateLimiter,
  key: string,
  rules: readonly RateRule[],
  taken: TakenUnit[] = [],
): Promise<Verdict> {
  const port: Port = { code: "ERR_RATE_LIMITER", name: "limits.rateLimiter.consume", input: [key] };
  const readVerdict = (returned: unknown) => {
    const { allowed, retryAfterSeconds } = Object(returned) as Record<string, unknown>;
    if (typeof allowed === "boolean" && typeof retryAfterSeconds === "number") return { allowed, retryAfterSeconds };
    throw mustReturn(port, "{ allowed: boolean, retryAfterSeconds: number }", describeType(returned));
  };
  for (const rule of rules) {
    const consume = () => {
      const work = Promise.resolve(limiter.consume(key, rule));
      const isTaken = work.then((returned: unknown) => readVerdict(returned).allowed);
      taken.push({ rule, isTaken: isTaken.catch(() => true) });
      return work;
    };
    const verdict = await callPort(calls, port, consume, readVerdict);
    if (verdict.allowed) continue;
    const seconds = Math.max(1, Math.ceil(verdict.retryAfterSeconds) || 1);
    const longest = Math.ceil(rule.window.milliseconds() / 1000);
    return { allowed: false, rule, retryAfterSeconds: Math.min(seconds, longest) };
  }
  return { allowed: true };
}

/** Gives one unit back, if the limiter can. Reports whether nothing is left to do. */
export function refundUnit(calls: Calls, limiter: RateLimiter, key: string, rule: RateRule): Promise<boolean> {
  const port: Port = { code: "ERR_RATE_LIMITER", name: "limits.rateLimiter.refund", input: [key] };
  return callPort(calls, port, async () => limiter.refund?.(key, rule)).then(
    () => true,
    // An attempt without a response may still take effect, and another one would then give back two units.
    isNoResponse,
  );
}

/** An email that the mail server refused for good. */
export interface MailRefusal {
  /** The short code of the server or the transport. */
  readonly detail: string | undefined;
}

/**
 * Sends an email. Returns the refusal if the mail server refused it for good. The arguments are frozen, so that one mailer
 * of several cannot change what the next one sends.
 *
 * @throws {RelatchError} `ERR_MAILER` if it was not sent, and another attempt could help.
 */
export async function sendEmail(
  calls: Calls,
  mailer: Mailer,
  ...[message, about]: Parameters<Mailer["send"]>
): Promise<MailRefusal | undefined> {
  let isPermanent = false;
  try {
    // `deliveryTimeout` covers the whole delivery.
    const port = { code: "ERR_MAILER", name: "mailer.send", timeout: Number.POSITIVE_INFINITY } as const;
    await callPort(calls, port, async () => {
      try {
        await mailer.send(Object.freeze(message), Object.freeze(about));
      } catch (failure) {
        isPermanent = readSafely(() => (failure as MailFailure).permanent) === true;
        throw failure;
      }
    });
    return undefined;
  } catch (error) {
    if (isPermanent) return { detail: (error as RelatchError).detail };
    throw error;
  }
}

function readAccount(port: Port, returned: unknown, tenants: Tenants): Account | undefined {
  if (isNullish(returned)) return undefined;
  if (typeof returned !== "object" || Array.isArray(returned)) {
    const isOneOfMany = Array.isArray(returned) && returned.length > 1;
    const fix = isOneOfMany ? "Return the account that the sign-in finds." : "Return one row, for example rows[0].";
    throw mustReturn(port, "one account or null", describeType(returned), fix);
  }
  const { id, email, passwordHash, name, locale, tenant, resetAllowed } = returned as Record<string, unknown>;
  const refuse = (field: string, expected: string, value: unknown, fix: string): never => {
    throw mustReturn(port, `an account whose ${field} is ${expected}`, describeType(value), fix);
  };
  if (typeof id !== "string") return refuse("id", "a string", id, adviseString("id", id));
  if (id.includes("\uFFFD")) {
    return refuse("id", "a string without U+FFFD", id, `Bytes were decoded as UTF-8, which loses some. ${USE_HEX}`);
  }
  if (id === "" || byteLength(id) > 128 || !id.isWellFormed()) {
    return refuse("id", "1 to 128 bytes of well-formed UTF-8", id, "Use the primary key.");
  }
  if (typeof email !== "string" || !email.isWellFormed()) {
    return refuse("email", "a well-formed string", email, "Select the email column.");
  }
  const isHash = typeof passwordHash === "string" && passwordHash !== "" && passwordHash.isWellFormed();
  if (!isHash && passwordHash !== null) {
    const fix = "Select the column with the password hash; null means that the account has no password.";
    return refuse("passwordHash", "a non-empty, well-formed string or null", passwordHash, fix);
  }
  // A driver without booleans returns 0, which must not read as "allowed".
  if (!isNullish(resetAllowed) && typeof resetAllowed !== "boolean") {
    return refuse("resetAllowed", "a boolean", resetAllowed, `Use ${adviseBoolean(resetAllowed)}.`);
  }
  // They are printed and never become bytes, so one that was cut inside a character does not stop a reset.
  const readText = (field: string, value: unknown): string | undefined => {
    if (isNullish(value)) return undefined;
    return typeof value === "string" ? value : refuse(field, "a string or null", value, "Convert it, or leave it out.");
  };
  return {
    id,
    email,
    passwordHash,
    name: readText("name", name),
    locale: readText("locale", locale),
    tenant: readTenantOf(port, tenant, tenants),
    // A column that is NULL must refuse from the start, because a condition such as `AND active` refuses it as well.
    resetAllowed: resetAllowed === undefined || resetAllowed === true,
  };
}

/** Reads the tenant of an account. `null` says that it belongs to none, and then it gets no link. */
function readTenantOf(port: Port, tenant: unknown, tenants: Tenants): string | undefined {
  if (tenants === undefined) {
    if (isNullish(tenant)) return undefined;
    const expected = "an account without a tenant, because the option tenants is not given";
    const fix = 'Give the option tenants, for example tenants: ["acme", "globex"], or do not select this column.';
    throw mustReturn(port, expected, describeType(tenant), fix);
  }
  if (tenant === null) return undefined;
  if (isTenant(tenant)) return tenant;
  const expected = "an account whose tenant is a string of 1 to 256 characters or null";
  throw mustReturn(port, expected, describeType(tenant), adviseTenant(tenant));
}

function adviseTenant(value: unknown): string {
  if (typeof value === "string") return "null means that it belongs to no tenant.";
  // A name in a VARBINARY column. Unlike the bytes of an id, these are text.
  if (isBytes(value)) return "Select a string, in MySQL CONVERT(tenant USING utf8mb4), or HEX(tenant) for a UUID.";
  return adviseString("tenant", value);
}

const USE_HEX = "Use a hex or UUID string, and read it back in findById.";

/** Says how to make a string of a column that a driver returned as something else. */
function adviseString(column: string, value: unknown): string {
  if (isNullish(value)) return `Select the column ${column}.`;
  // String(bytes) would be an id that findById never finds again, so every link would be invalid on arrival.
  if (isBytes(value)) return USE_HEX;
  const isRounded = typeof value === "number" && !Number.isSafeInteger(value);
  if (isRounded) return `The driver has rounded it. Select ${column}::text, in MySQL CAST(${column} AS CHAR).`;
  if (typeof value !== "object") return `Select ${column}::text, or use String(row.${column}).`;
  return `Use a string that can be read back, for example row.${column}.toHexString().`;
}

/** Says how to make a boolean of a column that a driver returned as something else. */
function adviseBoolean(value: unknown): string {
  if (isBytes(value)) return "row.active[0] === 1";
  if (typeof value === "object") return "row.deletedAt === null";
  if (typeof value === "string") return 'row.active === "t"';
  return typeof value === "bigint" ? "row.active === 1n" : "row.active === 1";
}

const isNullish = (value: unknown): value is null | undefined => value === null || value === undefined;

function readTokenRecord(port: Port, returned: unknown): TokenRecord | undefined {
  if (isNullish(returned)) return undefined;
  const { tokenHash, userId, fingerprint, expiresAt } = returned as Record<string, unknown>;
  const isRecord =
    typeof tokenHash === "string" &&
    typeof userId === "string" &&
    userId !== "" &&
    typeof fingerprint === "string" &&
    Number.isFinite((expiresAt as Partial<Date> | undefined)?.getTime?.());
  if (isRecord) return returned as TokenRecord;
  const fix = "Return the TokenRecord that was saved, with expiresAt as a Date.";
  throw mustReturn(port, "a TokenRecord or null", describeType(returned), fix);
}
