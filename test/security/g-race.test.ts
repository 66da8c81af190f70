import { Argon2id } from "oslo/password";
import { type PasswordReset, type ResetUser, signedTokens, type TokenStore, type UserStore } from "relatch";
import { memoryHasher, memoryTokens, memoryUsers } from "relatch/memory";
import { tokenStoreContract, userStoreContract } from "relatch/testing";
import { describe, expect, test } from "vitest";
import { scryptHasher } from "../../examples/hono/scrypt.ts";
import { openDatabase } from "../../examples/shared/libsql.ts";
import { both, COMPLETE, RESET } from "../e2e/contract/helpers.ts";
import { GOOD_PASSWORD, harness, MIKE } from "../harness.ts";
import { randomKey } from "../helpers/reference.ts";
import { type Front, overRoutes } from "./helpers/adapters.ts";
import { failuresOf, userFixture } from "./helpers/contracts.ts";
import { flaw, flaws, flawsOf } from "./helpers/flaw.ts";
import { everyOrder, type Step } from "./helpers/orders.ts";
import { LONG } from "./helpers/runs.ts";
import { createWorld, passwordsOf, type World, winnersOf } from "./helpers/world.ts";

// Of any number of callers one sets the password, and a crash leaves nothing in between. Here processes are instances
// that share nothing but their stores; test/processes does the same with real ones on real engines, and kills them.

const ROUNDS = LONG ? 1000 : 5;

/** Reads, compares, and writes later: what the contract of user stores forbids. */
function naiveUsers(accounts: ResetUser[] = [MIKE]): UserStore & { get(id: string): ResetUser | undefined } {
  const users = memoryUsers(accounts);
  return {
    ...users,
    async replacePasswordHash({ userId, email, expected, next }) {
      const user = await users.findById(userId);
      if (user?.email !== email || user.passwordHash !== expected) return false;
      users.set({ ...user, passwordHash: next });
      return true;
    },
  };
}

/** Reads, checks and deletes in three steps, and keeps a record for each. */
function naiveTokens(): TokenStore {
  const tokens = memoryTokens();
  const pause = () => new Promise((resolve) => setImmediate(resolve));
  return {
    ...tokens,
    async save(record) {
      await tokens.deleteByUser(record.userId);
      await pause();
      await tokens.save(record);
    },
    async find(hash) {
      const found = await tokens.find(hash);
      await pause();
      return found;
    },
    async deleteByUser(userId) {
      await pause();
      await tokens.deleteByUser(userId);
    },
  };
}

const currentHash = async (world: World) => (await world.ports.users.findById("42"))?.passwordHash ?? "";

/** Exactly one of them wins, and it is the winner's password that stands. */
async function expectOneWinner(world: World, attempts: Parameters<typeof winnersOf>[0]): Promise<void> {
  const winners = await winnersOf(attempts);
  expect(winners).toHaveLength(1);
  expect(await world.hasher.verify(await currentHash(world), winners[0]!)).toBe(true);
}

// ── Many at once ──────────────────────────────────────────────────────────────────────────────────────────

/** 64 callers in eight processes, for one token. */
const crowd = (world: World, token: string) => {
  const processes = Array.from({ length: 8 }, () => world.open());
  return passwordsOf(64).map((password, index) => ({ password, token, by: processes[index % 8]! }));
};

const worlds: Record<string, () => World> = {
  "tokens in memory": () => createWorld(),
  "tokens that are signed": () => createWorld({ tokens: signedTokens({ keys: [randomKey()] }) }),
  "tokens in a store without any order": () => createWorld({ tokens: naiveTokens() }),
};

flaw("CVE-2026-32943", () => {
  test.each(Object.entries(worlds))("of 64 callers one wins: %s", async (_, create) => {
    for (let round = 0; round < ROUNDS; round++) {
      const world = create();
      await expectOneWinner(world, crowd(world, await world.token()));
    }
  });

  test("of 64 callers one wins: users and tokens in SQLite", async () => {
    const { users, tokens, seed, close } = openDatabase(":memory:");
    const world = createWorld({ users, tokens });
    await seed([{ name: "Mike", email: MIKE.email, password: "old password" }], world.hasher);
    const { id } = (await users.findByEmail(MIKE.email))!;
    for (let round = 0; round < ROUNDS; round++) {
      const winners = await winnersOf(crowd(world, await world.token()));
      expect(winners).toHaveLength(1);
      const hash = (await users.findById(id))?.passwordHash ?? "";
      expect(await world.hasher.verify(hash, winners[0]!)).toBe(true);
    }
    close();
  });

  test("control: a user store that compares first and writes later lets several win", async () => {
    const world = createWorld({ users: naiveUsers() });
    expect((await winnersOf(crowd(world, await world.token()))).length).toBeGreaterThan(1);
  });

  overRoutes("of 16 browsers and programs one wins", async (app) => {
    const token = await app.requestToken();
    const answers = await Promise.all(
      passwordsOf(16).map((password, index) =>
        index % 2
          ? app.visitor().json(COMPLETE, { token, password })
          : app.visitor().post(`${RESET}/${token}`, both(password)),
      ),
    );
    const won = answers.map(({ status, headers }) => status === 200 || /login/.test(headers.location ?? ""));
    expect(won.filter(Boolean)).toHaveLength(1);
    const hash = app.users.get("42")?.passwordHash ?? "";
    expect(await app.hasher.verify(hash, passwordsOf(16)[won.indexOf(true)]!)).toBe(true);
  });
});

flaw("CVE-2026-43930", () => {
  const tokens = signedTokens({ keys: [randomKey()] });

  test("of several links that are out at once, one wins", async () => {
    const world = createWorld({ tokens });
    const links: string[] = [];
    for (let count = 0; count < 8; count++, world.clock.now++) links.push(await world.token());
    expect(new Set(links).size).toBe(8);
    const by = links.map(() => world.open());
    const attempts = passwordsOf(64).map((password, index) => ({
      password,
      token: links[index % 8]!,
      by: by[(index + 3) % 8]!,
    }));
    await expectOneWinner(world, attempts);
    for (const token of links) expect(await world.open().verifyToken(token)).toMatchObject({ ok: false });
  });

  overRoutes(
    "over HTTP as well",
    async (app) => {
      const links: string[] = [];
      for (let count = 0; count < 8; count++, app.clock.now++) links.push(await app.requestToken());
      const answers = await Promise.all(
        links.map((token, index) => app.visitor().json(COMPLETE, { token, password: passwordsOf(8)[index] })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(7);
    },
    { tokens, limits: { address: false } },
  );
});

// ── Every order ───────────────────────────────────────────────────────────────────────────────────────────

/** A process whose every look at what is shared, and every change of it, waits for its turn. */
function inSteps(world: World, step: Step): PasswordReset {
  const { users } = world.ports;
  const tokens = world.ports.tokens as TokenStore;
  return world.open({
    users: {
      ...users,
      findById: (id) => step(() => users.findById(id)),
      replacePasswordHash: (change) => step(() => users.replacePasswordHash(change)),
    },
    tokens: { ...tokens, find: (hash) => step(() => tokens.find(hash)) },
  });
}

flaw("CVE-2026-33624", () => {
  test("three callers, in every order of their steps: one wins", async () => {
    const orders = await everyOrder(async (step) => {
      const world = createWorld();
      const token = await world.token();
      const attempts = passwordsOf(3).map((password) => ({ password, token, by: inSteps(world, step) }));
      await expectOneWinner(world, attempts);
    });
    // 9! / 3!³ where nobody is refused early.
    expect(orders).toBeGreaterThan(500);
  });

  test("a look at the link between, before and after: it never spends, and never brings back", async () => {
    const orders = await everyOrder(async (step) => {
      const world = createWorld();
      const token = await world.token();
      const [one, two] = [inSteps(world, step), inSteps(world, step)];
      const [seen, first, second] = await Promise.all([
        one.verifyToken(token),
        one.completeReset({ token, newPassword: passwordsOf(2)[0] }),
        two.completeReset({ token, newPassword: passwordsOf(2)[1] }),
      ]);
      expect([first.ok, second.ok].filter(Boolean)).toHaveLength(1);
      expect(Object.keys(seen)).toContain("ok");
      expect(await world.open().verifyToken(token)).toMatchObject({ ok: false });
    });
    expect(orders).toBeGreaterThan(100);
  });

  test("control: among these orders is one in which two win, where the store allows it", async () => {
    let most = 0;
    await everyOrder(async (step) => {
      const world = createWorld({ users: naiveUsers() });
      const token = await world.token();
      const late = { ...world.ports.users };
      late.replacePasswordHash = async ({ userId, next, expected }) => {
        const user = await step(() => late.findById(userId));
        if (user?.passwordHash !== expected) return false;
        return step(() => naiveWrite(world, user, next));
      };
      const by = passwordsOf(2).map((password) => ({ password, token, by: world.open({ users: late }) }));
      most = Math.max(most, (await winnersOf(by)).length);
    });
    expect(most).toBe(2);
  });

  const naiveWrite = async (world: World, user: ResetUser, next: string) =>
    world.ports.users.replacePasswordHash({
      userId: user.id,
      email: user.email,
      expected: (await currentHash(world)) || "",
      next,
    });

  overRoutes("the page looks while another browser completes", async (app) => {
    const token = await app.requestToken();
    const answers = await Promise.all([
      ...Array.from({ length: 8 }, () => app.visitor().get(`${RESET}/${token}`)),
      app.visitor().json(COMPLETE, { token, password: GOOD_PASSWORD }),
      ...Array.from({ length: 8 }, () =>
        app.visitor().json(COMPLETE, { token, password: "another password" }),
      ),
    ]);
    expect(answers.slice(8).filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status } of answers.slice(0, 8)) expect(status).toBe(303);
  });
});

flaw("CVE-2026-107276", () => {
  test("a token store that reads, checks and deletes in three steps does no harm", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const world = createWorld({ tokens: naiveTokens() });
      await expectOneWinner(world, crowd(world, await world.token()));
    }
  });

  test("but the contract for token stores refuses it", async () => {
    expect(await failuresOf(tokenStoreContract(() => memoryTokens()))).toEqual([]);
    // Two saves at once leave two records, where each deletes before it inserts.
    const rows = new Map<string, Awaited<ReturnType<TokenStore["find"]>>>();
    const inserting: TokenStore = {
      async save(record) {
        await inserting.deleteByUser(record.userId);
        await new Promise((resolve) => setImmediate(resolve));
        rows.set(record.tokenHash, { ...record, expiresAt: new Date(record.expiresAt) });
      },
      async find(hash) {
        const row = rows.get(hash);
        return row && { ...row, expiresAt: new Date(row.expiresAt) };
      },
      async deleteByUser(userId) {
        for (const [hash, row] of rows) if (row?.userId === userId) rows.delete(hash);
      },
      deleteExpired: (now) => memoryTokens().deleteExpired(now),
    };
    const failures = await failuresOf(tokenStoreContract(() => inserting));
    expect(failures.join("\n")).toMatch(/of 32 saves at once/);
  });

  test("and the contract for user stores refuses the one that matters", async () => {
    expect(await failuresOf(userStoreContract(() => userFixture()))).toEqual([]);
    const naive = userFixture((users) => ({
      async replacePasswordHash({ userId, email, expected, next }) {
        const user = await users.findById(userId);
        if (user?.email !== email || user.passwordHash !== expected || !user.resetAllowed) return false;
        await new Promise((resolve) => setImmediate(resolve));
        users.set({ ...user, passwordHash: next });
        return true;
      },
    }));
    const failures = await failuresOf(userStoreContract(() => naive));
    expect(failures.join("\n")).toMatch(/at once|same time|concurrent/);
  });

  overRoutes(
    "over HTTP as well",
    async (app) => {
      const token = await app.requestToken();
      const answers = await Promise.all(
        passwordsOf(16).map((password) => app.visitor().json(COMPLETE, { token, password })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    },
    { tokens: naiveTokens() },
  );
});

// ── Between the check and the change ──────────────────────────────────────────────────────────────────────

const CHANGES: Record<string, Partial<ResetUser> | undefined> = {
  "is suspended": { resetAllowed: false },
  "gets another password": { passwordHash: "set-elsewhere" },
  "gets another address": { email: "mike@elsewhere.example" },
  "is deleted": undefined,
};

/** Where a completion waits for somebody else, between the proof of the link and the commit. */
const PAUSES = ["hash", "dispatch", "revoke", "rule"] as const;

flaw("CVE-2026-20779", () => {
  const apply = (app: Pick<Front, "users">, change: Partial<ResetUser> | undefined) => {
    if (change) app.users.set({ ...MIKE, ...change });
    else app.users.delete("42");
  };

  describe.each(Object.entries(CHANGES))("an account that %s meanwhile", (_, change) => {
    test.each(PAUSES)("keeps that: during %s", async (pause) => {
      let isOpen = false;
      const meanwhile = (here: string) => {
        if (isOpen && here === pause) apply(app, change);
      };
      const jobs: unknown[] = [];
      const app = harness({
        dispatcher: {
          async dispatch(job) {
            jobs.push(job);
            meanwhile("dispatch");
          },
        },
        passwordRules: [async () => void meanwhile("rule")],
        revokeSessions: async () => meanwhile("revoke"),
      });
      const { hash } = app.hasher;
      app.hasher.hash = async (password) => {
        meanwhile("hash");
        return hash(password);
      };
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      await app.passwordReset.deliver(jobs.at(-1));
      const token = app.mailer.lastLink(MIKE.email)?.split("/").at(-1);
      isOpen = true;
      const result = await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
      expect(result).toEqual({ ok: false, reason: "invalid_or_expired_token" });
      expect(app.users.get("42")).toEqual(change && { ...MIKE, ...change });
    });

    overRoutes("and over HTTP", async (app) => {
      const token = await app.requestToken();
      const { hash } = app.hasher;
      app.hasher.hash = async (password) => {
        apply(app, change);
        return hash(password);
      };
      expect((await app.client.json(COMPLETE, { token, password: GOOD_PASSWORD })).status).toBe(400);
      expect(app.users.get("42")).toEqual(change && { ...MIKE, ...change });
    });
  });
});

flaw("CVE-2026-32700", () => {
  const elsewhere = "mike@elsewhere.example";

  test("in every order of a request and a change of the address, a link is good for the address it went to", async () => {
    let completed = 0;
    const orders = await everyOrder(async (step) => {
      const users = memoryUsers([MIKE]);
      const tokens = memoryTokens();
      const world = createWorld({ users, tokens });
      const { mailer } = world;
      const one = world.open({
        users: { ...users, findByEmail: (email, tenant) => step(() => users.findByEmail(email, tenant)) },
        tokens: { ...tokens, save: (record) => step(() => tokens.save(record)) },
        mailer: { send: (message, about) => step(() => mailer.send(message, about)) },
      });
      const asking = [MIKE.email, elsewhere].map(async (email) => {
        await one.requestReset({ email, ip: null });
        await one.deliver(world.jobs.pop());
      });
      const changing = step(async () => users.set({ ...MIKE, email: elsewhere }));
      await Promise.all([...asking, changing]);
      for (const { to, text } of mailer.sent) {
        const token = text.match(/[\w-]{43}/)?.[0];
        const onFile = users.get("42")?.email;
        const { ok } = await world.open().completeReset({ token, newPassword: `${GOOD_PASSWORD} ${to}` });
        if (ok) completed += 1;
        expect(ok && to !== onFile).toBe(false);
        expect(users.get("42")?.email).toBe(elsewhere);
      }
    });
    expect(orders).toBeGreaterThan(20);
    expect(completed).toBeGreaterThan(0);
  });

  overRoutes("nor over HTTP: a link that is on its way while the address changes", async (app) => {
    const { save } = app.tokens;
    app.tokens.save = async (record) => {
      app.users.set({ ...MIKE, email: elsewhere });
      return save(record);
    };
    const token = await app.requestToken();
    expect((await app.client.json(COMPLETE, { token, password: GOOD_PASSWORD })).status).toBe(400);
    expect(app.users.get("42")).toEqual({ ...MIKE, email: elsewhere });
  });
});

flaw("CVE-2013-1895", () => {
  const hashers = {
    "in memory": [memoryHasher(), 1000],
    "oslo's Argon2id": [new Argon2id({ memorySize: 64, iterations: 1 }), LONG ? 1000 : 100],
    "the example's scrypt": [scryptHasher({ ln: 4, r: 8, p: 1 }), LONG ? 1000 : 100],
  } as const;

  test.each(Object.entries(hashers))(
    "hashes at the same time, each its own: %s",
    async (_, [hasher, count]) => {
      const passwords = passwordsOf(count);
      const hashes = await Promise.all(passwords.map((password) => hasher.hash(password)));
      const own = await Promise.all(
        passwords.map((password, index) => hasher.verify(hashes[index]!, password)),
      );
      const next = await Promise.all(
        passwords.map((password, index) => hasher.verify(hashes[(index + 1) % count]!, password)),
      );
      expect([own.filter(Boolean).length, next.filter(Boolean).length]).toEqual([count, 0]);
      expect(new Set(hashes).size).toBe(count);
    },
  );

  const people = Array.from({ length: 20 }, (_, index) => ({
    ...MIKE,
    id: `user ${index}`,
    email: `user${index}@example.org`,
  }));
  const passwords = passwordsOf(people.length);

  overRoutes(
    "accounts that are reset at the same time get each its own password",
    async (app) => {
      const tokens: string[] = [];
      for (const { email } of people) tokens.push(await app.requestToken(email));
      await Promise.all(
        tokens.map((token, index) => app.visitor().json(COMPLETE, { token, password: passwords[index] })),
      );
      for (const [index, { id }] of people.entries()) {
        const hash = app.users.get(id)?.passwordHash ?? "";
        const matches = await Promise.all(passwords.map((password) => app.hasher.verify(hash, password)));
        expect(matches.indexOf(true)).toBe(index);
        expect(matches.lastIndexOf(true)).toBe(index);
      }
    },
    { accounts: people },
  );
});

// ── Crashes ───────────────────────────────────────────────────────────────────────────────────────────────

/** A process that dies at its nth call of a port, before or after the call had its effect: nothing is heard again. */
function mortal(
  world: World,
  dying: number,
  when: "before" | "after",
): { process: PasswordReset; died: Promise<void> } {
  let calls = 0;
  let die = () => {};
  const died = new Promise<void>((resolve) => {
    die = resolve;
  });
  const silence = () => new Promise<never>(() => {});
  const wrapped = <T extends object>(port: T): T =>
    Object.fromEntries(
      Object.entries(port).map(([name, method]) => [
        name,
        async (...given: unknown[]) => {
          const nth = calls++;
          if (nth > dying || (nth === dying && when === "before")) {
            die();
            return silence();
          }
          const answer = await method.apply(port, given);
          if (nth < dying) return answer;
          die();
          return silence();
        },
      ]),
    ) as T;
  const { users, tokens, hasher, dispatcher, revokeSessions } = world.ports;
  const process = world.open({
    ...{ users: wrapped(users), tokens: wrapped(tokens as TokenStore), hasher: wrapped(hasher) },
    ...wrapped({ revokeSessions: revokeSessions as () => Promise<unknown> }),
    dispatcher: wrapped(dispatcher!),
  });
  return { process, died };
}

/** find, findById, hash, dispatch, revoke, commit, revoke, delete. */
const CALLS = 8;
const crashes = Array.from({ length: CALLS }, (_, nth) => nth).flatMap((nth) => [
  [nth, "before"] as const,
  [nth, "after"] as const,
]);

async function crash(nth: number, when: "before" | "after") {
  const world = createWorld();
  const token = await world.token();
  const { process, died } = mortal(world, nth, when);
  process.completeReset({ token, newPassword: GOOD_PASSWORD }).catch(() => {});
  await died;
  const isSet = (await currentHash(world)) !== MIKE.passwordHash;
  return { world, token, isSet };
}

flaws({ X17: "link", X18: "sessions" }, (what) => {
  test.each(crashes)(`a crash at call %i, %s its effect: the ${what}`, async (nth, when) => {
    const { world, token, isSet } = await crash(nth, when);
    expect(isSet).toBe(nth > 5 || (nth === 5 && when === "after"));
    const worker = world.open();

    if (what === "link") {
      // Either nothing has happened and the link is as good as ever, or the password is set and the link dead.
      expect(await worker.verifyToken(token)).toMatchObject({ ok: !isSet });
      expect(await worker.completeReset({ token, newPassword: "second try, after it" })).toMatchObject({
        ok: !isSet,
      });
      const again = await world.token();
      expect(await worker.completeReset({ token: again, newPassword: "third try, after it" })).toMatchObject({
        ok: true,
      });
      return;
    }
    // The queue has the job, if the password was set, and whoever is left ends the sessions and sends the notice.
    world.revoked.length = 0;
    for (const job of world.jobs)
      for (let tries = 0; tries < 3; tries++) await worker.deliver(job).catch(() => {});
    world.clock.now += 3 * 60_000;
    for (const job of world.jobs) await worker.deliver(job);
    const notices = world.mailer.sent.filter(({ kind }) => kind === "password_changed");
    expect([world.revoked.length > 0, notices.length]).toEqual(isSet ? [true, 1] : [false, 0]);
  });
});

flawsOf("g-race");
