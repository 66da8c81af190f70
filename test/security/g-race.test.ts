import { Argon2id } from "oslo/password";
import { type PasswordReset, type ResetUser, signedTokens, type TokenStore, type UserStore } from "relatch";
import { memoryHasher, memoryTokens, memoryUsers } from "relatch/memory";
import { expect } from "vitest";
import { scryptHasher } from "../../examples/hono/scrypt.ts";
import { GOOD_PASSWORD, type Harness, KEYS, MIKE } from "../helpers/harness.ts";
import { everyFlawOf, flaw, flawIn, LONG, REFUSED, times } from "./helpers/flaw.ts";
import type { FrontOptions } from "./helpers/front.ts";
import { createWorld, everyOrder, passwordsOf, type Step, type World } from "./helpers/world.ts";

// Of any number of callers one sets the password, and a crash leaves nothing in between. Real processes on real
// engines do the same in test/system/processes, and are killed there.

const ROUNDS = LONG ? 1000 : 5;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The mistake: reads, compares, and writes later, which the contract of user stores forbids. */
function naiveUsers(): UserStore {
  const users = memoryUsers([MIKE]);
  return {
    ...users,
    async replacePasswordHash({ userId, email, expected, next }) {
      const user = await users.findById(userId);
      if (user?.email !== email || user.passwordHash !== expected) return false;
      await turn();
      users.set({ ...user, passwordHash: next });
      return true;
    },
  };
}

/** Reads, checks and deletes in separate steps, which does no harm: single use does not depend on this store. */
function slowTokens(): TokenStore {
  const tokens = memoryTokens();
  return {
    ...tokens,
    async save(record) {
      await tokens.deleteByUser(record.userId);
      await turn();
      await tokens.save(record);
    },
    find: (hash) => tokens.find(hash).finally(turn),
    deleteByUser: (userId) => turn().then(() => tokens.deleteByUser(userId)),
  };
}

// ── Many callers at once ──────────────────────────────────────────────────────────────────────────────────

const signed = { tokens: signedTokens() };
const OPTIONS = {
  "tokens in memory": [() => ({}), "CVE-2026-32943"],
  "signed tokens": [() => signed, "CVE-2026-32943"],
  "tokens in a store without any order": [() => ({ tokens: slowTokens() }), "CVE-2026-107276"],
} as const;

for (const [title, [options, id]] of Object.entries(OPTIONS)) {
  const worlds = [() => createWorld(options()), () => createWorld({ ...options(), users: naiveUsers() })] as const;
  flawIn(id, `Of 64 callers in eight processes one wins (${title})`, worlds, async (world) => {
    for (let round = 0; round < ROUNDS; round++) {
      const token = await world.token();
      const processes = times(8, () => world.open());
      const attempts = passwordsOf(64).map((password, nth) => ({ password, token, by: processes[nth % 8]! }));
      await world.expectOneWinner(attempts);
    }
  });
}

const manyLinks = [() => createWorld(signed), () => createWorld({ ...signed, users: naiveUsers() })] as const;

flawIn("CVE-2026-43930", "Of several valid links one wins", manyLinks, async (world) => {
  const links: string[] = [];
  for (let count = 0; count < 8; count++, world.clock.now += 1000) links.push(await world.token());
  expect(new Set(links).size).toBe(8);
  const processes = links.map(() => world.open());
  await world.expectOneWinner(
    passwordsOf(64).map((password, nth) => ({
      password,
      token: links[nth % 8]!,
      by: processes[(nth + 3) % 8]!,
    })),
  );
  for (const token of links) expect(await world.open().verifyToken({ token })).toEqual(REFUSED);
});

// ── Every order ───────────────────────────────────────────────────────────────────────────────────────────

/** A process that waits for its turn before it looks at anything shared, or changes it. A naive one looks first. */
function inSteps({ ports: { users, tokens }, open }: World, step: Step, isNaive: boolean): PasswordReset {
  const naive: UserStore["replacePasswordHash"] = async (change) => {
    const user = await step(() => users.findById(change.userId));
    if (user?.passwordHash !== change.expected) return false;
    return step(async () => {
      const expected = (await users.findById(change.userId))?.passwordHash ?? "";
      return users.replacePasswordHash({ ...change, expected });
    });
  };
  const replacePasswordHash = isNaive ? naive : (change: never) => step(() => users.replacePasswordHash(change));
  let isProved = false;
  return open({
    users: { ...users, findById: (id) => step(() => users.findById(id)), replacePasswordHash },
    tokens: {
      ...tokens,
      // The second look before the commit waits for no turn: there would be twenty times as many orders.
      find(hash) {
        if (isProved) return tokens.find(hash);
        isProved = true;
        return step(() => tokens.find(hash));
      },
    },
  });
}

const naivety = [() => false, () => true] as const;

flawIn("CVE-2026-33624", "One of three callers wins in every order of steps", naivety, async (isNaive) => {
  const count = await everyOrder(async (step) => {
    const world = createWorld();
    const token = await world.token();
    const process = () => inSteps(world, step, isNaive);
    // Two are enough to find the mistake.
    const passwords = passwordsOf(isNaive ? 2 : 3);
    await world.expectOneWinner(passwords.map((password) => ({ password, token, by: process() })));
  });
  // 9! / 3!³ if nobody is refused early.
  expect(count).toBeGreaterThan(500);
});

// ── Between the check and the change ──────────────────────────────────────────────────────────────────────

const CHANGES: (Partial<ResetUser> | undefined)[] = [
  ...[{ resetAllowed: false }, { passwordHash: "set-elsewhere" }, { email: "mike@elsewhere.example" }, undefined],
];
/** The mistake: the commit compares nothing. */
const overwrites = ({ users }: Pick<Harness, "users">) => {
  users.replacePasswordHash = async ({ userId, next }) => {
    users.set({ ...MIKE, ...users.get(userId), passwordHash: next });
    return true;
  };
};

for (const pause of ["rule", "hash", "dispatch", "revoke"]) {
  let meanwhile = (_: string): void => {};
  const jobs: unknown[] = [];
  const options: FrontOptions = {
    keys: KEYS,
    dispatcher: {
      async dispatch(job) {
        jobs.push(job);
        meanwhile("dispatch");
      },
    },
    passwordRules: [() => void meanwhile("rule")],
    revokeSessions: async () => meanwhile("revoke"),
    limits: { address: false },
  };
  const plan = { options, mistake: overwrites };

  flaw("CVE-2026-20779", `A change of the account during the ${pause} step stays`, plan, async (app) => {
    const { hash } = app.hasher;
    app.hasher.hash = async (password) => {
      meanwhile("hash");
      return hash(password);
    };
    for (const change of CHANGES) {
      meanwhile = () => {};
      app.users.set(MIKE);
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      await app.passwordReset.deliver(jobs.pop());
      const token = app.mailer.lastLink(MIKE.email)?.split("/").at(-1);
      meanwhile = (here) => {
        if (here !== pause) return;
        if (change) app.users.set({ ...MIKE, ...change });
        else app.users.delete("42");
      };
      expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
      expect(app.users.get("42")).toEqual(change && { ...MIKE, ...change });
    }
  });
}

const ELSEWHERE = "mike@elsewhere.example";
function boundWorld(isLoose: boolean): { users: ReturnType<typeof memoryUsers>; world: World } {
  const users = memoryUsers([MIKE]);
  const loose: typeof users = {
    ...users,
    findById: async (id) => ({ ...MIKE, ...users.get(id), email: MIKE.email }),
  };
  overwrites({ users: loose });
  return { users, world: createWorld({ users: isLoose ? loose : users }) };
}
const boundWorlds = [() => () => boundWorld(false), () => () => boundWorld(true)] as const;

flawIn("CVE-2026-32700", "A link is valid for the address it went to only", boundWorlds, async (create) => {
  let completed = 0;
  const count = await everyOrder(async (step) => {
    const { users, world } = create();
    const { tokens } = world.ports;
    const one = world.open({
      users: {
        ...world.ports.users,
        findByEmail: (email) => step(() => users.findByEmail(email, undefined)),
      },
      tokens: { ...tokens, save: (record) => step(() => tokens.save(record)) },
      mailer: { send: (message, about) => step(() => world.mailer.send(message, about)) },
    });
    const asking = [MIKE.email, ELSEWHERE].map(async (email) => {
      await one.requestReset({ email, ip: null });
      await one.deliver(world.jobs.pop());
    });
    await Promise.all([...asking, step(async () => users.set({ ...MIKE, email: ELSEWHERE }))]);
    for (const { to, text } of world.mailer.sent) {
      const token = text.match(/[\w-]{43}/)?.[0];
      const { ok } = await world.open().completeReset({ token, newPassword: `${GOOD_PASSWORD} ${to}` });
      if (ok) completed += 1;
      expect(ok && to !== ELSEWHERE).toBe(false);
      expect(users.get("42")?.email).toBe(ELSEWHERE);
    }
  });
  expect(count).toBeGreaterThan(20);
  expect(completed).toBeGreaterThan(0);
});

// ── Hashers ───────────────────────────────────────────────────────────────────────────────────────────────

const HASHERS = {
  "in memory": memoryHasher(),
  "Argon2id of oslo": new Argon2id({ memorySize: 64, iterations: 1 }),
  "scrypt of the example": scryptHasher({ ln: 4, r: 8, p: 1 }),
};

for (const [title, hasher] of Object.entries(HASHERS)) {
  let shared = "";
  const stateful = {
    async hash(password: string) {
      shared = password;
      await turn();
      return hasher.hash(shared);
    },
    verify: (hash: string, password: string) => hasher.verify(hash, password),
  };
  const hashers = [() => hasher, () => stateful] as const;
  flawIn("CVE-2013-1895", `Passwords hashed at once are not mixed up (${title})`, hashers, async (each) => {
    const passwords = passwordsOf(LONG ? 1000 : 100);
    const hashes = await Promise.all(passwords.map((password) => each.hash(password)));
    const own = await Promise.all(passwords.map((password, nth) => each.verify(hashes[nth]!, password)));
    const next = await Promise.all(passwords.slice(1).map((password, nth) => each.verify(hashes[nth]!, password)));
    expect([own.includes(false), next.includes(true)]).toEqual([false, false]);
    expect(new Set(hashes).size).toBe(passwords.length);
  });
}

// ── Crashes ───────────────────────────────────────────────────────────────────────────────────────────────

/** find, findById, hash, dispatch, find and revoke, commit, revoke. */
const CALLS = 8;
const COMMIT = 6;
const NEVER = new Promise<never>(() => {});

/** Runs a completion in a process that dies at its nth call of a port, before or after the call has its effect. */
async function crash(world: World, token: string, dying: number, when: "before" | "after"): Promise<void> {
  let calls = 0;
  await new Promise<void>((died) => {
    const silence = () => {
      died();
      return NEVER;
    };
    const mortal = <T extends object>(port: T): T =>
      Object.fromEntries(
        Object.entries(port).map(([name, method]) => [
          name,
          async (...given: unknown[]) => {
            const nth = calls++;
            if (nth > dying || (nth === dying && when === "before")) return silence();
            const result = await method.apply(port, given);
            return nth < dying ? result : silence();
          },
        ]),
      ) as T;
    const { users, tokens, hasher, dispatcher, revokeSessions } = world.ports;
    const own = {
      ...{ users: mortal(users), tokens: mortal(tokens), hasher: mortal(hasher) },
      dispatcher: mortal(dispatcher!),
    };
    const process = world.open({
      ...own,
      ...mortal({ revokeSessions: revokeSessions as () => Promise<unknown> }),
    });
    process.completeReset({ token, newPassword: GOOD_PASSWORD }).catch(() => {});
  });
}

const crashes = times(
  CALLS,
  (nth) =>
    [
      [nth, "before"],
      [nth, "after"],
    ] as const,
).flat();

/** The mistake: the token is deleted before the commit. */
function deletesFirst(): World {
  const tokens = memoryTokens();
  const find: TokenStore["find"] = (hash) => tokens.find(hash).finally(() => tokens.deleteByUser("42"));
  return createWorld({ tokens: { ...tokens, find } });
}

const crashed = [() => createWorld, () => deletesFirst] as const;

flawIn("X17", "After a crash either the link or the new password works", crashed, async (create) => {
  for (const [nth, when] of crashes) {
    const world = create();
    const token = await world.token();
    await crash(world, token, nth, when);
    const isSet = (await world.currentHash()) !== MIKE.passwordHash;
    expect(isSet).toBe(nth > COMMIT || (nth === COMMIT && when === "after"));
    const worker = world.open();
    const another = await worker.completeReset({ token, newPassword: "second attempt, after it" });
    expect(another).toMatchObject({ ok: !isSet });
    const again = { token: await world.token(), newPassword: "third attempt, after it" };
    expect(await worker.completeReset(again)).toMatchObject({ ok: true });
  }
});

/** The mistake: the follow-up job is not in the queue when the commit happens. */
function queuesNoFollowUp(): World {
  const world = createWorld();
  const dispatch = async (job: { type: string }) => job.type === "reset_requested" && world.jobs.push(job);
  world.ports.dispatcher = { dispatch };
  return world;
}

const unqueued = [() => createWorld, () => queuesNoFollowUp] as const;

flawIn("X18", "After a crash the sessions end and the owner is notified", unqueued, async (create) => {
  for (const [nth, when] of crashes) {
    const world = create();
    await crash(world, await world.token(), nth, when);
    const isSet = (await world.currentHash()) !== MIKE.passwordHash;
    world.revoked.length = 0;
    // Any process that is left takes the job from the queue, and takes it again if that fails.
    const worker = world.open();
    for (const job of world.jobs)
      for (let attempt = 0; attempt < 3; attempt++) await worker.deliver(job).catch(() => {});
    world.clock.now += 16 * 60_000;
    for (const job of world.jobs) await worker.deliver(job);
    const notices = world.mailer.sent.filter(({ kind }) => kind === "password_changed");
    expect([world.revoked.length > 0, notices.length]).toEqual(isSet ? [true, 1] : [false, 0]);
  }
});

everyFlawOf("g-race");
