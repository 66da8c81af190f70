import { TimeSpan } from "relatch";
import { describe, expect, test, vi } from "vitest";
import type { Tenants } from "../../../src/lib/tenants.ts";
import type { Calls } from "../../../src/ports/calls.ts";
import type {
  MailContext,
  Mailer,
  MailMessage,
  PasswordChange,
  TokenRecord,
  TokenStore,
  UserStore,
} from "../../../src/ports/contract.ts";
import { guardTokens, guardUsers, sendEmail, type TakenUnit, takeUnits } from "../../../src/ports/guarded.ts";
import { relatchError } from "../../helpers/errors.ts";
import { gate, MIKE } from "../../helpers/harness.ts";

// How the functions of the application may fail is tested in core/faults.test.ts, and how they are called in
// calls.test.ts. The sentences of the messages are in refusals.test.ts.
const CALLS: Calls = { report: () => {}, timeout: 1000 };
const raise = () => {
  throw new Error("a trap");
};

describe("guardUsers", () => {
  const guard = (found: unknown, tenants?: Tenants) => {
    const find = async () => found;
    return guardUsers(CALLS, { findByEmail: find, findById: find } as unknown as UserStore, tenants);
  };
  const BARE = { id: "42", email: MIKE.email, passwordHash: "hash" };
  const READ = { ...BARE, name: undefined, locale: undefined, tenant: undefined, resetAllowed: true };

  test.each<[string, object, object]>([
    ["without optional columns", BARE, READ],
    ["with null in optional columns", { ...BARE, name: null, locale: null, tenant: null }, READ],
    ["with every column", { ...READ, name: "M", locale: "ru" }, { ...READ, name: "M", locale: "ru" }],
    ["with a name that was cut inside a character", { ...BARE, name: "\ud83d" }, { ...READ, name: "\ud83d" }],
    ["that may reset", { ...BARE, resetAllowed: true }, READ],
    ["that may not reset", { ...BARE, resetAllowed: false }, { ...READ, resetAllowed: false }],
    ["as one that may not reset if that is NULL", { ...BARE, resetAllowed: null }, { ...READ, resetAllowed: false }],
    ["as one that may reset if that is absent", { ...BARE, resetAllowed: undefined }, READ],
    ["without a password", { ...BARE, passwordHash: null }, { ...READ, passwordHash: null }],
    ["with columns that nobody asked for", { ...BARE, isAdmin: true }, READ],
    ["with an id of 128 bytes", { ...BARE, id: "x".repeat(128) }, { ...READ, id: "x".repeat(128) }],
    ["with an id of 128 bytes in 32 characters", { ...BARE, id: "😀".repeat(32) }, { ...READ, id: "😀".repeat(32) }],
  ])("reads an account %s", async (_, found, account) => {
    expect(await guard(found).findByEmail(MIKE.email, undefined)).toEqual(account);
    expect(await guard(found).findById(Object(found).id)).toEqual(account);
  });

  test("reads an account whose columns are getters of its class", async () => {
    class Row {
      #row = BARE;
      get id() {
        return this.#row.id;
      }
      get email() {
        return this.#row.email;
      }
      get passwordHash() {
        return this.#row.passwordHash;
      }
    }
    expect(await guard(new Row()).findById("42")).toEqual(READ);
  });

  test.each([null, undefined])("reads %s as no account", async (found) => {
    expect(await guard(found).findByEmail(MIKE.email, undefined)).toBeUndefined();
    expect(await guard(found).findById("42")).toBeUndefined();
  });

  test.each([
    ["a string", "42", "one account or null"],
    ["a row in an array", [MIKE], "rows[0]"],
    ["two rows", [MIKE, MIKE], "that the sign-in finds"],
    ["no id", { ...MIKE, id: undefined }, "id is a string"],
    ["an empty id", { ...MIKE, id: "" }, "1 to 128 bytes"],
    ["an id with a lone surrogate", { ...MIKE, id: "\ud800" }, "1 to 128 bytes"],
    ["an id of bytes that were decoded", { ...MIKE, id: Buffer.from("a0ff", "hex").toString() }, "U+FFFD"],
    ["an empty hash", { ...MIKE, passwordHash: "" }, "passwordHash"],
    ["a buffer as the hash", { ...MIKE, passwordHash: new Uint8Array(3) }, "passwordHash"],
    ["0 for suspended", { ...MIKE, resetAllowed: 0 }, "resetAllowed"],
    ["1 for active", { ...MIKE, resetAllowed: 1 }, "resetAllowed"],
    ["'f' for suspended", { ...MIKE, resetAllowed: "f" }, "resetAllowed"],
    ["an empty string for suspended", { ...MIKE, resetAllowed: "" }, "resetAllowed"],
    ["a bit for suspended", { ...MIKE, resetAllowed: Buffer.of(0) }, "resetAllowed"],
    ["the time of a deletion for suspended", { ...MIKE, resetAllowed: new Date(0) }, "resetAllowed"],
    ["a tenant without the option tenants", { ...MIKE, tenant: "a" }, "option tenants"],
    ["an empty tenant without the option tenants", { ...MIKE, tenant: "" }, "option tenants"],
    ["a column that throws when it is read", Object.defineProperty({ ...MIKE }, "email", { get: raise }), "threw"],
  ])("refuses %s as an account", async (_, found, keyword) => {
    const users = guard(found);
    await expect(users.findByEmail(MIKE.email, undefined)).rejects.toEqual(relatchError("ERR_USER_STORE", keyword));
    await expect(users.findById("42")).rejects.toEqual(relatchError("ERR_USER_STORE", keyword));
  });

  const ofBytes = /id is .* Use a hex or UUID string, and read it back|tenant is .* CONVERT\(tenant /;
  // Values that drivers return for a key, with the advice that leads to ids which findById finds again.
  test.each<[string, unknown, string, RegExp]>([
    ["a number", 42, "42", /::text, or use String\(row\.\w+\)/],
    ["a bigint", 42n, "a bigint", /::text, or use String\(row\.\w+\)/],
    ["a number that was rounded", 2 ** 53, "9007199254740992", /has rounded it.*CAST/],
    ["a Buffer", Buffer.alloc(16), "bytes", ofBytes],
    ["a Uint8Array", new Uint8Array(16), "bytes", ofBytes],
    ["an ArrayBuffer", new ArrayBuffer(16), "bytes", ofBytes],
    ["an ObjectId", { toHexString: () => "abc" }, "an object", /row\.\w+\.toHexString\(\)/],
    ["nothing", undefined, "undefined", /Select the column/],
  ])("advises what fits %s as the id or the tenant", async (_, value, received, advice) => {
    for (const column of ["id", "tenant"]) {
      const found = guard({ ...MIKE, tenant: "a", [column]: value }, ["a"]).findByEmail(MIKE.email, "a");
      const error = (await found.catch((error: unknown) => error)) as Error;
      expect(error).toEqual(relatchError("ERR_USER_STORE", `${column} is a string`));
      expect(error.message).toContain(`received ${received}. `);
      expect(error.message).toMatch(advice);
      expect(error.message).not.toMatch(/row\.(?!id|tenant)/);
    }
  });

  describe.each<[string, Tenants]>([
    ["tenants that are declared", ["a", "b"]],
    ["dynamic tenants", "dynamic"],
  ])("with %s", (_, tenants) => {
    test.each(["a", "c", "A", "x".repeat(256)])("reads an account of the tenant %j", async (tenant) => {
      expect(await guard({ ...BARE, tenant }, tenants).findById("42")).toEqual({ ...READ, tenant });
    });

    test("reads NULL as an account that belongs to no tenant", async () => {
      expect(await guard({ ...BARE, tenant: null }, tenants).findById("42")).toEqual(READ);
    });

    test.each([
      ["no tenant, because the column was not selected", BARE],
      ["an empty tenant", { ...BARE, tenant: "" }],
      ["a tenant of 257 characters", { ...BARE, tenant: "x".repeat(257) }],
      ["a tenant with a lone surrogate", { ...BARE, tenant: "\ud800" }],
      ["a number as the tenant", { ...BARE, tenant: 7 }],
      ["an array as the tenant", { ...BARE, tenant: ["a"] }],
    ])("refuses %s", async (_, found) => {
      const users = guard(found, tenants);
      const refused = relatchError("ERR_USER_STORE", "whose tenant is");
      await expect(users.findByEmail(MIKE.email, "a")).rejects.toEqual(refused);
      await expect(users.findById("42")).rejects.toEqual(refused);
    });
  });

  test.each(["43", "42 ", "42\0"])("refuses the account with the id %j if another one was asked for", async (id) => {
    await expect(guard({ ...MIKE, id }).findById("42")).rejects.toEqual(relatchError("ERR_USER_STORE", "this id"));
  });

  const change: PasswordChange = { userId: "42", email: MIKE.email, expected: "old", next: "new" };
  test("returns exactly what a commit returned, and passes its arguments and this on", async () => {
    const users = {
      ...{ findByEmail: async () => null, findById: async () => null },
      replacePasswordHash: vi.fn(async () => true),
      setFirstPasswordHash: vi.fn(async () => false),
    };
    const its = guardUsers(CALLS, users, undefined);
    expect(await its.replacePasswordHash(change)).toBe(true);
    expect(await its.setFirstPasswordHash?.(change)).toBe(false);
    for (const { mock } of [users.replacePasswordHash, users.setFirstPasswordHash]) {
      expect([mock.calls, mock.contexts]).toEqual([[[change]], [users]]);
    }
  });

  test("has no setFirstPasswordHash if the application has none", () => {
    expect(guardUsers(CALLS, {} as UserStore, undefined).setFirstPasswordHash).toBeUndefined();
  });
});

describe("guardTokens", () => {
  const RECORD: TokenRecord = { tokenHash: "a", userId: "42", fingerprint: "b", expiresAt: new Date(0) };
  const guard = (found: unknown) => guardTokens(CALLS, { find: async () => found } as unknown as TokenStore);

  test("returns the record, or nothing for null and undefined", async () => {
    expect(await guard(RECORD).find("a")).toEqual(RECORD);
    for (const nothing of [null, undefined]) expect(await guard(nothing).find("a")).toBeUndefined();
  });

  test.each([
    ["an array", [RECORD]],
    ["a string", "row"],
    ["true", true],
    ["a number as the user", { ...RECORD, userId: 42 }],
    ["an empty user", { ...RECORD, userId: "" }],
    ["no hash", { ...RECORD, tokenHash: undefined }],
    ["no fingerprint", { ...RECORD, fingerprint: null }],
    ["no expiry", { ...RECORD, expiresAt: undefined }],
    ["a string as the expiry", { ...RECORD, expiresAt: "2099-01-01" }],
    ["a number as the expiry", { ...RECORD, expiresAt: 0 }],
    ["an invalid Date", { ...RECORD, expiresAt: new Date("x") }],
    ["an object with the record in it", { record: RECORD }],
  ])("refuses %s as a record", async (_, found) => {
    await expect(guard(found).find("a")).rejects.toEqual(relatchError("ERR_TOKEN_STORE", "TokenRecord"));
  });

  test("calls save and deleteByUser and returns nothing of their results", async () => {
    const store = { save: vi.fn(async () => "saved"), deleteByUser: vi.fn(async () => 1) };
    const its = guardTokens(CALLS, store as unknown as TokenStore);
    expect([await its.save(RECORD), await its.deleteByUser("42")]).toEqual([undefined, undefined]);
    expect([store.save.mock.calls, store.deleteByUser.mock.calls]).toEqual([[[RECORD]], [["42"]]]);
  });
});

describe("takeUnits", () => {
  const RULES = [60, 3600].map((seconds) => ({ max: 1, window: new TimeSpan(seconds, "s") }));
  const take = (...verdicts: unknown[]) => {
    const consume = vi.fn(async (_key: string, _rule: object) => verdicts.shift() as never);
    return { consume, taken: takeUnits(CALLS, { consume }, "key", RULES) };
  };
  const YES = { allowed: true, retryAfterSeconds: 0 };

  test("takes a unit of every rule in turn", async () => {
    const { consume, taken } = take(YES, YES);
    expect(await taken).toEqual({ allowed: true });
    expect(consume.mock.calls).toEqual(RULES.map((rule) => ["key", rule]));
  });

  test.each([
    ["fails", () => Promise.reject(new Error("down"))],
    ["returns junk", async () => ({ allowed: "yes" })],
  ])("counts a unit as taken if the limiter %s, because it may have been", async (_, fail) => {
    const consume = vi.fn(async (): Promise<never> => YES as never).mockImplementationOnce(fail as never);
    const taken: TakenUnit[] = [];
    const work = takeUnits(CALLS, { consume }, "key", RULES, taken);
    await expect(work).rejects.toEqual(relatchError("ERR_RATE_LIMITER"));
    expect(taken).toEqual([{ rule: RULES[0], isTaken: expect.any(Promise) }]);
    expect(await taken[0]?.isTaken).toBe(true);
  });

  test("counts no unit as taken if the limiter refuses, however late", async () => {
    vi.useFakeTimers();
    const { opened, open } = gate();
    const consume = () => opened.then(() => ({ allowed: false, retryAfterSeconds: 1 }));
    const taken: TakenUnit[] = [];
    const work = expect(takeUnits(CALLS, { consume }, "key", RULES, taken)).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(CALLS.timeout).finally(() => vi.useRealTimers());
    await work;
    open();
    expect(await taken[0]?.isTaken).toBe(false);
  });

  test.each([
    [12, 12],
    [1.2, 2],
    [0, 1],
    [-5, 1],
    [Number.NaN, 1],
    [61, 60],
    [Number.POSITIVE_INFINITY, 60],
  ])("stops at the first refusal, and turns a wait of %s into %s seconds", async (wait, seconds) => {
    const { consume, taken } = take({ allowed: false, retryAfterSeconds: wait });
    expect(await taken).toEqual({ allowed: false, rule: RULES[0], retryAfterSeconds: seconds });
    expect(consume).toHaveBeenCalledOnce();
  });
});

describe("sendEmail", () => {
  const MESSAGE: MailMessage = {
    ...{ to: MIKE.email, subject: "S", text: "T", headers: {} },
    variables: { kind: "no_account", appName: "Acme" },
  };
  const ABOUT: MailContext = { kind: "no_account", jobId: "job", locale: "en", idempotencyKey: "key" };
  const send = (run: Mailer["send"]) => sendEmail(CALLS, { send: run }, { ...MESSAGE }, { ...ABOUT });

  test("freezes its arguments, so that no mailer can change what the next one sends", async () => {
    const run = vi.fn(async (..._email: object[]) => {});
    expect(await send(run)).toBeUndefined();
    expect(run.mock.calls).toEqual([[MESSAGE, ABOUT]]);
    expect(run.mock.calls[0]?.map((each) => Object.isFrozen(each))).toEqual([true, true]);
  });

  test("returns the refusal of a mail server that refuses for good", async () => {
    const refusal = Object.assign(new Error("no such user"), { permanent: true, code: "EENVELOPE" });
    expect(await send(() => Promise.reject(refusal))).toEqual({ detail: "EENVELOPE" });
  });

  test.each([
    ["throws", raise, undefined],
    ["knows when to come back", () => Promise.reject({ retryAfterSeconds: 60 }), 60],
    ["says something else than true about permanence", () => Promise.reject({ permanent: 1 }), undefined],
    ["rejects with nothing", () => Promise.reject(undefined), undefined],
  ])("rejects with ERR_MAILER and without a cause if the mailer %s", async (_, run, retryAfterSeconds) => {
    const error: unknown = await send(run).catch((error: unknown) => error);
    expect(error).toEqual(relatchError("ERR_MAILER", "mailer.send threw"));
    expect(error).toMatchObject({ retryAfterSeconds });
    expect((error as Error).cause).toBeUndefined();
  });
});
