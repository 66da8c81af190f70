import type { Application, Around } from "./application.ts";

/** Flows with a planted mistake. Each breaks one promise, and shows that the tests find it. */
export type Control = keyof typeof controls;

/** Each turns an application into one whose ports work in the wrong order, or do only half of their work. */
export const controls = {
  "follow-up handed over after the commit": (application) => {
    const { users, jobs } = application;
    const held: (() => Promise<void>)[] = [];
    return {
      ...application,
      jobs: {
        ...jobs,
        async enqueue(owner, job) {
          if (job.type === "follow_up") held.push(() => jobs.enqueue(owner, job));
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
        findById: async (id) => hidePassword(await users.findById(id)),
        findByEmail: async (...args) => hidePassword(await users.findByEmail(...args)),
        replacePasswordHash: ({ userId, next }) =>
          around("users.replacePasswordHash", async () => {
            await db.run("UPDATE users SET password_hash = $1 WHERE id = $2", [next, userId]);
            return true;
          }),
      },
    };
  },

  "a commit in two steps": (application, around) => {
    const { users, db } = application;
    const set = (userId: string, hash: string | null) =>
      db.run("UPDATE users SET password_hash = $1 WHERE id = $2", [hash, userId]);
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

  "notice to the address on file alone": (application) => {
    const { users, mailer } = application;
    return {
      ...application,
      mailer: {
        async send(message, about) {
          const user = about.userId === undefined ? undefined : await users.findById(about.userId);
          if (about.kind === "password_changed" && user?.email !== message.to) return;
          await mailer.send(message, about);
        },
      },
    };
  },

  "sessions of a deleted account kept": (application) => ({
    ...application,
    async revokeSessions(userId, { except }) {
      const user = await application.users.findById(userId);
      if (user) await application.revokeSessions(userId, { except });
    },
  }),

  "a late commit not handed over again": (application) => {
    const { jobs } = application;
    return {
      ...application,
      jobs: {
        ...jobs,
        async enqueue(owner, job) {
          if (job.type !== "follow_up" || !job.isCommitted) await jobs.enqueue(owner, job);
        },
      },
    };
  },
} satisfies Record<string, (application: Application, around: Around) => Application>;

const hidePassword = <User extends object>(user: User | null | undefined) =>
  user && { ...user, passwordHash: "any password" };
