import {
  createPasswordReset,
  type FollowUpJob,
  type Job,
  type PasswordChange,
  sessionStamp,
  type TokenStore,
} from "relatch";
import { TENANTS } from "./actions.ts";
import type { Planted, Reset, Rows, Users } from "./world.ts";

// Bugs that the model-based test has to find: each in a port, or in the factory.

const users = (patch: (users: Users, rows: Rows) => Partial<Users>): Planted => ({
  ports: (ports, rows) => ({ ...ports, users: { ...ports.users, ...patch(ports.users, rows) } }),
});

const tokens = (patch: (tokens: TokenStore) => Partial<TokenStore>): Planted => ({
  ports: (ports) => {
    const store = ports.tokens as TokenStore;
    return { ...ports, tokens: { ...store, ...patch(store) } };
  },
});

const calls = (patch: (passwordReset: Reset) => Partial<Reset>): Planted => ({
  create: (options) => {
    const passwordReset = createPasswordReset(options);
    return { ...passwordReset, ...patch(passwordReset) };
  },
});

/** The compare-and-set with a comparison left out. */
const comparing = (compared: (change: PasswordChange, row: PasswordChange) => Partial<PasswordChange>) =>
  users(({ replacePasswordHash }, rows) => ({
    async replacePasswordHash(change) {
      const row = rows.get(change.userId);
      if (!row?.passwordHash) return false;
      const current = { ...change, email: row.email, expected: row.passwordHash };
      return replacePasswordHash({ ...change, ...compared(change, current) });
    },
  }));

export const planted: Record<string, Planted> = {
  "the compare-and-set ignores the email address": comparing((_, { email }) => ({ email })),

  "the compare-and-set ignores the hash": comparing((_, { expected }) => ({ expected })),

  "the compare-and-set does not look whether the account may still reset": users(({ replacePasswordHash }, rows) => ({
    async replacePasswordHash(change) {
      const row = rows.get(change.userId);
      if (row) rows.set({ ...row, resetAllowed: true });
      const isDone = await replacePasswordHash(change);
      const after = rows.get(change.userId);
      if (row && after) rows.set({ ...after, resetAllowed: row.resetAllowed });
      return isDone;
    },
  })),

  "the first password may be set over another one": users(({ replacePasswordHash }, rows) => ({
    setFirstPasswordHash: (change) =>
      replacePasswordHash({ ...change, expected: rows.get(change.userId)?.passwordHash ?? "" }),
  })),

  "a commit without a response counts as done": {
    create: (options) =>
      createPasswordReset({
        ...options,
        users: {
          ...options.users,
          replacePasswordHash: (change) => options.users.replacePasswordHash(change).catch(() => true),
        },
      }),
  },

  "a link is not bound to the hash": users(({ findByEmail, findById, replacePasswordHash }, rows) => ({
    findByEmail: async (...asked) => hideHash(await findByEmail(...asked)),
    findById: async (id) => hideHash(await findById(id)),
    replacePasswordHash: async (change) =>
      replacePasswordHash({ ...change, expected: rows.get(change.userId)?.passwordHash ?? "" }),
  })),

  "a link is not bound to the email address": users(({ findById, replacePasswordHash }, rows) => {
    const first = new Map<string, string>();
    const email = (id: string) => {
      if (!first.has(id)) first.set(id, rows.get(id)?.email ?? "");
      return first.get(id) ?? "";
    };
    return {
      async findById(id) {
        const user = await findById(id);
        return user && { ...user, email: email(id) };
      },
      replacePasswordHash: (change) => replacePasswordHash({ ...change, email: rows.get(change.userId)?.email ?? "" }),
    };
  }),

  "a new link of the same user invalidates the older ones": tokens(({ save, deleteByUser }) => ({
    async save(record) {
      await deleteByUser(record.userId);
      await save(record);
    },
  })),

  "a link still works in the millisecond in which it expires": {
    create(options) {
      const { now = () => new Date() } = options;
      const late = createPasswordReset({ ...options, now: () => new Date(now().getTime() - 1) });
      return { ...createPasswordReset(options), verifyToken: late.verifyToken };
    },
  },

  "a revocation does not stop a completion that hashes": tokens(({ find }) => {
    const seen = new Map<string, Awaited<ReturnType<TokenStore["find"]>>>();
    return {
      async find(hash) {
        const record = (await find(hash)) ?? seen.get(hash);
        seen.set(hash, record);
        return record;
      },
    };
  }),

  "revoked links stay": tokens(() => ({ deleteByUser: async () => {} })),

  "the follow-up ends no session": {
    create(options) {
      const worker = createPasswordReset({ ...options, revokeSessions: "in_transaction" });
      return { ...createPasswordReset(options), deliver: worker.deliver };
    },
  },

  "sessions are ended before the commit only": {
    ports(ports) {
      const seen = new Set<string>();
      const { revokeSessions } = ports;
      return {
        ...ports,
        async revokeSessions(userId, { except }) {
          if (seen.has(except) || typeof revokeSessions !== "function") return;
          seen.add(except);
          await revokeSessions(userId, { except });
        },
      };
    },
  },

  "sessions of the new password are ended, too": {
    ports: (ports) => ({
      ...ports,
      revokeSessions: async (userId) =>
        typeof ports.revokeSessions === "function" && ports.revokeSessions(userId, { except: "" }),
    }),
  },

  "suspended accounts may reset": users(({ findByEmail, findById }) => ({
    findByEmail: async (...asked) => allow(await findByEmail(...asked)),
    findById: async (id) => allow(await findById(id)),
  })),

  "a tenant's link works at another tenant": calls(({ verifyToken, completeReset }) => ({
    verifyToken: inAnyTenant(verifyToken),
    completeReset: inAnyTenant(completeReset),
  })),

  "a request that has waited for too long is mailed": {
    create(options) {
      let at: number | undefined;
      const { now = () => new Date() } = options;
      const worker = createPasswordReset({ ...options, now: () => new Date(at ?? now()) });
      return {
        ...worker,
        async deliver(job) {
          const { type, at: from } = job as Job;
          at = type === "reset_requested" ? Math.min(now().getTime(), from + 60 * 60_000) : undefined;
          await worker.deliver(job).finally(() => {
            at = undefined;
          });
        },
      };
    },
  },

  "a refused password spends the link": calls(({ completeReset, revokeTokens, verifyToken }) => ({
    async completeReset(input) {
      const proof = await verifyToken({ token: input.token, tenant: input.tenant });
      const result = await completeReset(input);
      if (!result.ok && result.reason === "password_rejected" && proof.ok) await revokeTokens(proof.userId);
      return result;
    },
  })),

  "a follow-up does not wait for its commit": calls(({ deliver }) => ({
    deliver: (job) =>
      deliver(job).catch(({ code }) => {
        if (code !== "ERR_DISPATCHER") throw code;
      }),
  })),

  "the notice goes to the address on file alone": {
    ports: (ports, rows) => ({
      ...ports,
      mailer: {
        async send(message, about) {
          if (about.kind === "password_changed" && rows.get(about.userId ?? "")?.email !== message.to) return;
          await ports.mailer.send(message, about);
        },
      },
    }),
  },

  "a second change of the password silences the follow-up": {
    create(options, rows) {
      const passwordReset = createPasswordReset(options);
      return {
        ...passwordReset,
        async deliver(job) {
          const { type, userId, stamp, previousStamp } = job as FollowUpJob;
          const user = rows.get(userId);
          const current = user && sessionStamp(user);
          if (type === "follow_up" && current !== stamp && current !== previousStamp) return;
          await passwordReset.deliver(job);
        },
      };
    },
  },

  "the follow-up is handed over after the commit": {
    create(options) {
      const { dispatcher, users: given } = options;
      const held: (() => Promise<unknown>)[] = [];
      return createPasswordReset({
        ...options,
        dispatcher: {
          async dispatch(job, ...callbacks) {
            const handOver = async () => dispatcher?.dispatch(job, ...callbacks);
            if (job.type === "follow_up") held.push(handOver);
            else await handOver();
          },
        },
        users: {
          ...given,
          async replacePasswordHash(change) {
            const isDone = await given.replacePasswordHash(change);
            for (const handOver of held.splice(0)) await handOver();
            return isDone;
          },
        },
      });
    },
  },
};

/** Repeats a call for each tenant, until it is successful. */
function inAnyTenant<Input extends { tenant: string }, Result extends { ok: boolean }>(
  call: (input: Input) => Promise<Result>,
) {
  return async (input: Input): Promise<Result> => {
    for (const tenant of TENANTS) {
      const result = await call({ ...input, tenant });
      if (result.ok) return result;
    }
    return call(input);
  };
}

type Found = Awaited<ReturnType<Users["findById"]>>;
const hideHash = (user: Found): Found => user && { ...user, passwordHash: user.passwordHash && "a hash" };
const allow = (user: Found): Found => user && { ...user, resetAllowed: true };
