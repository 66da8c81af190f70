import {
  createPasswordReset,
  type Job,
  type PasswordReset,
  type PasswordResetOptions,
  RelatchError,
  signedTokens,
} from "relatch";
import { memoryPorts } from "relatch/memory";

// A password reset whose ports accept nothing but what their contracts promise them, and what has to hold whatever
// it is asked.

const MIKE = { id: "42", email: "mike@example.org", passwordHash: "a hash", name: "Mike" };

/** What a port was handed that it must never be. */
class Leak extends Error {}

function check(isRight: boolean, port: string, given: unknown): void {
  if (!isRight) throw new Leak(`${port} was handed ${typeof given}`);
}

const isText = (value: unknown, max: number): boolean => typeof value === "string" && value.length <= max;
const isName = (value: unknown): boolean => value === undefined || isText(value, 256);
const isPlain = (value: unknown): boolean =>
  value === undefined || ["string", "number", "boolean"].includes(typeof value);

export interface Guarded {
  readonly passwordReset: PasswordReset;
  /** A link that works. */
  readonly token: string;
  readonly jobs: Job[];
  readonly options: PasswordResetOptions;
  /** Contracts that were broken, as far as relatch did not let them out. */
  readonly leaks: Leak[];
}

/** With the account that has the link back as it was before each call. */
export async function guarded(
  isSigned: boolean,
  override: (options: PasswordResetOptions) => Partial<PasswordResetOptions> = () => ({}),
): Promise<Guarded> {
  const { users, tokens, mailer, hasher } = memoryPorts([MIKE]);
  const jobs: Job[] = [];
  const leaks: Leak[] = [];
  const noting = (isRight: boolean, port: string, given: unknown) => {
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
    passwordRules: [],
    limits: {
      address: [{ max: 2 ** 40, windowSeconds: 3600 }],
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
      ? signedTokens({ keys: [new Uint8Array(32).fill(7)] })
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
        noting(Object.values(message).every(isPlain), "send", message);
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
    revokeSessions: async (id) => noting(id === MIKE.id, "revokeSessions", id),
    messages: { resetLink: ({ url }) => ({ subject: "Reset", text: url }), passwordChanged: () => CHANGED },
  };
  const passwordReset = createPasswordReset({ ...options, ...override(options) });
  await passwordReset.requestReset({ email: MIKE.email, ip: null });
  await passwordReset.deliver(jobs[0]);
  const token = mailer.sent[0]?.text.split("/").at(-1) ?? "";
  return { passwordReset, token, jobs, options, leaks };
}

const CHANGED = { subject: "Changed", text: "Changed." };

const keysOf = (object: object) => Reflect.ownKeys(object).length;
const PROTOTYPES = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Promise.prototype,
];
const before = PROTOTYPES.map(keysOf);

/** Prototypes are as they were. */
export function intact(): void {
  if (PROTOTYPES.some((prototype, nth) => keysOf(prototype) !== before[nth])) {
    throw new Error("a prototype was changed");
  }
}

/** What a call answered, or the code of its `RelatchError`. Any other error goes on. */
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
