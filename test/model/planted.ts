import {
  createPasswordReset,
  type PasswordChange,
  type PasswordReset,
  type TokenStore,
  type UserStore,
} from "relatch";
import type { Planted, Rows } from "./world.ts";

// Bugs that the model-based test has to find: each in a port, or in the factory.

const users = (patch: (users: UserStore, rows: Rows) => Partial<UserStore>): Planted => ({
  ports: (ports, rows) => ({ ...ports, users: { ...ports.users, ...patch(ports.users, rows) } }),
});

const tokens = (patch: (tokens: TokenStore) => Partial<TokenStore>): Planted => ({
  ports: (ports) => {
    const store = ports.tokens as TokenStore;
    return { ...ports, tokens: { ...store, ...patch(store) } };
  },
});

const calls = (patch: (passwordReset: PasswordReset) => Partial<PasswordReset>): Planted => ({
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
  "the compare-and-set ignores the e-mail": comparing((_, { email }) => ({ email })),

  "the compare-and-set ignores the hash": comparing((_, { expected }) => ({ expected })),

  "the compare-and-set does not look whether the account may still reset": users(
    ({ replacePasswordHash }, rows) => ({
      async replacePasswordHash(change) {
        const row = rows.get(change.userId);
        if (row) rows.set({ ...row, resetAllowed: true });
        const isDone = await replacePasswordHash(change);
        const after = rows.get(change.userId);
        if (row && after) rows.set({ ...after, resetAllowed: row.resetAllowed });
        return isDone;
      },
    }),
  ),

  "the first password may be set over another one": users(({ replacePasswordHash }, rows) => ({
    setFirstPasswordHash: (change) =>
      replacePasswordHash({ ...change, expected: rows.get(change.userId)?.passwordHash ?? "" }),
  })),

  "a commit that was not answered counts as done": {
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
    findByEmail: async (...asked) => unhashed(await findByEmail(...asked)),
    findById: async (id) => unhashed(await findById(id)),
    replacePasswordHash: async (change) =>
      replacePasswordHash({ ...change, expected: rows.get(change.userId)?.passwordHash ?? "" }),
  })),

  "a link is not bound to the e-mail": users(({ findById, replacePasswordHash }, rows) => {
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
      replacePasswordHash: (change) =>
        replacePasswordHash({ ...change, email: rows.get(change.userId)?.email ?? "" }),
    };
  }),

  "an older link of the same user stays": tokens(({ find, save }) => {
    const older = new Map<string, Parameters<TokenStore["save"]>[0]>();
    return {
      save(record) {
        older.set(record.tokenHash, record);
        return save(record);
      },
      find: async (hash) => (await find(hash)) ?? older.get(hash),
    };
  }),

  "a link still works in the millisecond in which it expires": tokens(({ find }) => ({
    async find(hash) {
      const record = await find(hash);
      return record && { ...record, expiresAt: new Date(record.expiresAt.getTime() + 1) };
    },
  })),

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
        async revokeSessions(userId, current) {
          if (seen.has(current.stamp) || typeof revokeSessions !== "function") return;
          seen.add(current.stamp);
          await revokeSessions(userId, current);
        },
      };
    },
  },

  "sessions of the new password are ended, too": {
    ports: (ports) => ({
      ...ports,
      revokeSessions: async (userId) =>
        typeof ports.revokeSessions === "function" && ports.revokeSessions(userId, { stamp: "" }),
    }),
  },

  "suspended accounts may reset": users(({ findByEmail, findById }) => ({
    findByEmail: async (...asked) => allowed(await findByEmail(...asked)),
    findById: async (id) => allowed(await findById(id)),
  })),

  "a tenant's link works at another tenant": {
    create(options) {
      const { users: given } = options;
      const here = createPasswordReset({
        ...options,
        users: {
          ...given,
          async findById(id) {
            const user = await given.findById(id);
            return user && { ...user, tenant: null };
          },
        },
      });
      const { requestReset, deliver } = createPasswordReset(options);
      return {
        ...here,
        requestReset,
        deliver,
        verifyToken: (token) => here.verifyToken(token),
        completeReset: ({ token, newPassword }) => here.completeReset({ token, newPassword }),
      };
    },
  },

  "a request that has waited for too long is mailed": {
    create(options) {
      const passwordReset = createPasswordReset(options);
      return {
        ...passwordReset,
        deliver: (job) => passwordReset.deliver({ ...(job as object), at: options.now?.().getTime() }),
      };
    },
  },

  "a refused password spends the link": calls(({ completeReset, revokeTokens, verifyToken }) => ({
    async completeReset(input) {
      const proof = await verifyToken(input.token, { tenant: input.tenant });
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
};

type Found = Awaited<ReturnType<UserStore["findById"]>>;
const unhashed = (user: Found): Found => user && { ...user, passwordHash: user.passwordHash && "a hash" };
const allowed = (user: Found): Found => user && { ...user, resetAllowed: true };
