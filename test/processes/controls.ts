import type { Application, Around } from "./application.ts";

/** Flows as relatch must not be. Each breaks one promise, and shows that the tests would notice. */
export type Control = keyof typeof controls;

/** Each turns an application into one whose ports do things in a wrong order, or half. */
export const controls = {
  "tokens deleted before the commit": (application) => {
    const { users, tokens } = application;
    return {
      ...application,
      users: {
        ...users,
        async replacePasswordHash(change) {
          await tokens.deleteByUser(change.userId);
          return users.replacePasswordHash(change);
        },
      },
    };
  },

  "follow-up handed over after the commit": (application) => {
    const { users, jobs } = application;
    const held: (() => Promise<void>)[] = [];
    return {
      ...application,
      jobs: {
        ...jobs,
        async enqueue(owner, job) {
          if (job.type === "password_changed") held.push(() => jobs.enqueue(owner, job));
          else await jobs.enqueue(owner, job);
        },
      },
      users: {
        ...users,
        async replacePasswordHash(change) {
          const committed = await users.replacePasswordHash(change);
          for (const handOver of held.splice(0)) await handOver();
          return committed;
        },
      },
    };
  },

  "links not bound to the password": (application, around) => {
    const { users, db } = application;
    return {
      ...application,
      users: {
        findById: async (id) => anyPassword(await users.findById(id)),
        findByEmail: async (...args) => anyPassword(await users.findByEmail(...args)),
        replacePasswordHash: ({ userId, next }) =>
          around("users.replacePasswordHash", async () => {
            await db.query("UPDATE users SET password_hash = $1 WHERE id = $2", [next, userId]);
            return true;
          }),
      },
    };
  },

  "a commit in two steps": (application, around) => {
    const { users, db } = application;
    const set = (userId: string, hash: string | null) =>
      db.query("UPDATE users SET password_hash = $1 WHERE id = $2", [hash, userId]);
    return {
      ...application,
      users: {
        ...users,
        async replacePasswordHash({ userId, next }) {
          await around("users.replacePasswordHash", () => set(userId, null));
          await around("users.replacePasswordHash", () => set(userId, next));
          return true;
        },
      },
    };
  },
} satisfies Record<string, (application: Application, around: Around) => Application>;

const anyPassword = <User extends object>(user: User | null | undefined) =>
  user && { ...user, passwordHash: "any password" };
