import {
  createPasswordReset,
  type Job,
  type PasswordReset,
  type PasswordResetOptions,
  RelatchError,
  signedTokens,
  TimeSpan,
} from "relatch";
import { memoryPorts } from "relatch/memory";

// A password reset whose ports accept nothing but what their contracts promise them, and what has to hold whatever
// it is asked.

export const MIKE = { id: "42", email: "mike@example.org", passwordHash: "a hash", name: "Mike" };
/** The tenant of the account, where there are tenants. */
export const TENANT = "north";

/** A port received something that its contract excludes. */
class Leak extends Error {}

function check(isRight: boolean, port: string, given: unknown): void {
  if (!isRight) throw new Leak(`${port} was handed ${typeof given}`);
}

const isText = (value: unknown, max: number): boolean => typeof value === "string" && value.length <= max;
const isName = (value: unknown): boolean => value === undefined || isText(value, 256);
const isPlain = (value: unknown): boolean =>
  value === undefined || ["string", "number", "boolean"].includes(typeof value);

/** Signs tokens and jobs. */
export const KEY = new Uint8Array(32).fill(7);

export interface Guarded {
  /** With tenants every call needs one, which the types of a test that has both kinds cannot say. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly passwordReset: PasswordReset<any>;
  /** A link that works. */
  readonly token: string;
  readonly jobs: Job[];
  readonly options: PasswordResetOptions;
  /** Contracts that were broken, as far as relatch did not let them out. */
  readonly leaks: Leak[];
  /** The ports that were called, until a test forgets them. */
  readonly calls: string[];
}

/** With the account that has the link back as it was before each call. */
export async function createGuarded(
  isSigned: boolean,
  override: (options: PasswordResetOptions) => Partial<PasswordResetOptions> = () => ({}),
  tenants?: "dynamic",
): Promise<Guarded> {
  const tenant = tenants && TENANT;
  const { users, tokens, mailer, hasher } = memoryPorts([{ ...MIKE, tenant }]);
  const jobs: Job[] = [];
  const leaks: Leak[] = [];
  const calls: string[] = [];
  const noting = (isRight: boolean, port: string, given: unknown) => {
    calls.push(port);
    try {
      check(isRight, port, given);
    } catch (leak) {
      leaks.push(leak as Leak);
      throw leak;
    }
  };
  const options: PasswordResetOptions = {
    appName: "Acme",
    resetUrl: "https://app.example.com/reset/:token",
    keys: [KEY],
    passwordRules: [],
    limits: {
      address: [{ max: 2 ** 31 - 1, window: new TimeSpan(1, "h") }],
      rateLimiter: {
        async consume(key) {
          noting(isText(key, 128), "consume", key);
          return { allowed: true, retryAfterSeconds: 0 };
        },
      },
    },
    users: {
      async findByEmail(email, tenant) {
        noting(isText(email, 254), "findByEmail", email);
        noting(isName(tenant), "findByEmail", tenant);
        return users.findByEmail(email, tenant);
      },
      async findById(id) {
        noting(isText(id, 128), "findById", id);
        return users.findById(id);
      },
      async replacePasswordHash(change) {
        const values = Object.values(change);
        noting(values.length === 4 && values.every((value) => isText(value, 512)), "commit", change);
        return true;
      },
    },
    tokens: isSigned
      ? signedTokens()
      : {
          ...tokens,
          async find(hash) {
            noting(/^[0-9a-f]{64}$/.test(hash), "find", hash);
            return tokens.find(hash);
          },
          async deleteByUser(id) {
            noting(typeof id === "string", "deleteByUser", id);
          },
        },
    hasher: {
      async hash(password) {
        noting(isText(password, 8192), "hash", password);
        return hasher.hash(password);
      },
    },
    mailer: {
      async send(message, about) {
        const { headers, variables, ...parts } = message;
        const facts = Object.values(variables).filter((fact) => !(fact instanceof Date));
        noting([...Object.values(parts), ...facts].every(isPlain), "send", message);
        noting(
          Object.values(headers).every((value) => isText(value, 998)),
          "send",
          headers,
        );
        noting(Object.values(about).every(isPlain), "send", about);
        await mailer.send(message, about);
        mailer.sent.splice(1);
      },
    },
    dispatcher: {
      async dispatch(job) {
        noting(Object.values(job).every(isPlain), "dispatch", job);
        jobs.splice(0, jobs.length, job);
      },
    },
    revokeSessions: async (id) => noting(isText(id, 128), "revokeSessions", id),
    onEvent: () => {},
    onError(error) {
      const isBare = error instanceof RelatchError && !("cause" in error) && isText(error.message, 400);
      if (!isBare) leaks.push(new Leak("onError was handed more than an error"));
    },
    messages: { resetLink: ({ url }) => ({ subject: "Reset", text: url }), passwordChanged: () => CHANGED },
  };
  const passwordReset: Guarded["passwordReset"] = createPasswordReset({
    ...options,
    ...override(options),
    ...({ tenants } as object),
  });
  await passwordReset.requestReset({ email: MIKE.email, ip: false, tenant: tenant as never });
  await passwordReset.deliver(jobs[0]);
  const token = mailer.sent[0]?.text.split("/").at(-1) ?? "";
  return { passwordReset, token, jobs, options, leaks, calls };
}

const CHANGED = { subject: "Changed", text: "Changed." };

const keysOf = (object: object) => Reflect.ownKeys(object).length;
const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Promise.prototype];
const before = PROTOTYPES.map(keysOf);

/** Prototypes are as they were. */
export function intact(): void {
  if (PROTOTYPES.some((prototype, nth) => keysOf(prototype) !== before[nth])) {
    throw new Error("a prototype was changed");
  }
}

/** Returns the result of a call, or the code of its `RelatchError`. Throws on any other error. */
export async function outcome(call: () => unknown): Promise<{ value: unknown } | { code: string }> {
  try {
    const value = await call();
    intact();
    return { value };
  } catch (error) {
    intact();
    if (error instanceof RelatchError) return { code: error.code };
    throw new Error("not a RelatchError", { cause: error });
  }
}
