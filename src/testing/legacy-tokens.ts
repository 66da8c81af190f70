import type { LegacyTokens } from "../ports/contract.ts";
import { assertSame, type ContractCase, createSuite, randomHex } from "./cases.ts";

/** The functions for old links, and the old flow that issues them. */
export interface LegacyTokensFixture {
  legacyTokens: LegacyTokens;
  /** Adds an account that no other case uses, and returns its id as your `UserStore` does. */
  addUser(): string | Promise<string>;
  /** Issues a token as the old flow does, and returns it as it is in the link. */
  issue(userId: string, expiresAt: Date): string | Promise<string>;
  /**
   * Optional: `true` if tokens sign the password hash, so that the commit invalidates them and `spend` returns `true` to
   * every caller. Default: `false`.
   */
  signsPasswordHash?: boolean | undefined;
}

const MINUTE = 60_000;
const CALLERS = 20;

/**
 * Returns a case for everything that `LegacyTokens` must do. Every case gets a new fixture. The cases can run at the same
 * time over one table.
 *
 * @example
 * for (const { name, run } of legacyTokensContract(create)) test(name, run);
 */
export function legacyTokensContract(create: () => LegacyTokensFixture | Promise<LegacyTokensFixture>): ContractCase[] {
  const { cases, add: addCase } = createSuite(create);
  /** Adds a case that starts with a valid token. */
  const add = (name: string, run: (fixture: LegacyTokensFixture, valid: ValidToken) => Promise<void>) =>
    addCase(name, async (fixture) => {
      const userId = await fixture.addUser();
      // Whole seconds, because some tables have no others.
      const expiresAt = new Date(Math.ceil(Date.now() / 1000) * 1000 + 30 * MINUTE);
      await run(fixture, { userId, expiresAt, token: await fixture.issue(userId, expiresAt) });
    });

  add("find returns the account of a token and the time at which it expires", async ({ legacyTokens }, valid) => {
    const found = await legacyTokens.find(valid.token);
    assertSame("the userId", found?.userId, valid.userId, "Return the id as text, as findById gets it.");
    assertSame("the expiresAt", found?.expiresAt, valid.expiresAt, TIME_ZONE);
  });

  add("find consumes nothing", async ({ legacyTokens }, { token, userId }) => {
    for (let opening = 0; opening < 3; opening++) await legacyTokens.find(token);
    assertSame("the userId after three openings", (await legacyTokens.find(token))?.userId, userId);
    assertSame("spend", await legacyTokens.spend(token), true);
  });

  add("find returns nothing for a token that was never issued", async ({ legacyTokens }, { token }) => {
    for (const [name, unknown] of Object.entries({ ...UNKNOWN, "its beginning": token.slice(0, -1) })) {
      assertSame(`find with ${name}`, (await legacyTokens.find(unknown)) ?? null, null);
    }
  });

  add("an expired token is not found, or its expiresAt is past", async ({ legacyTokens, issue }, { userId }) => {
    const found = await legacyTokens.find(await issue(userId, new Date(Date.now() - MINUTE)));
    assertSame("whether it is valid", found ? found.expiresAt.getTime() > Date.now() : false, false, TIME_ZONE);
  });

  add("spend returns true once, and then the token is not found", async (fixture, { token }) => {
    const { legacyTokens, signsPasswordHash } = fixture;
    assertSame("the first spend", await legacyTokens.spend(token), true, BOOLEAN);
    if (signsPasswordHash) return;
    assertSame("the second spend", await legacyTokens.spend(token), false, BOOLEAN);
    assertSame("find", (await legacyTokens.find(token)) ?? null, null, "Skip rows that are marked as used.");
  });

  add(`one of ${CALLERS} concurrent calls of spend returns true`, async (fixture, { token }) => {
    const { legacyTokens, signsPasswordHash } = fixture;
    if (signsPasswordHash) return;
    const spent = await Promise.all(Array.from({ length: CALLERS }, () => legacyTokens.spend(token)));
    assertSame("how many", spent.filter((each) => each !== false).length, 1, ATOMIC);
  });

  add("spend leaves the other tokens", async ({ legacyTokens, addUser, issue }, { token, expiresAt }) => {
    const other = await addUser();
    const others = await issue(other, expiresAt);
    await legacyTokens.spend(token);
    assertSame("the userId of another account's token", (await legacyTokens.find(others))?.userId, other);
  });

  add("revoke invalidates every token of an account", async ({ legacyTokens, issue }, { userId, expiresAt, token }) => {
    const second = await issue(userId, new Date(expiresAt.getTime() + MINUTE));
    await legacyTokens.revoke(userId);
    for (const each of [token, second]) assertSame("find", (await legacyTokens.find(each)) ?? null, null);
  });

  add("revoke leaves the tokens of other accounts", async ({ legacyTokens, addUser }, { userId, token }) => {
    await legacyTokens.revoke(await addUser());
    assertSame("the userId of another account's token", (await legacyTokens.find(token))?.userId, userId);
    assertSame("spend", await legacyTokens.spend(token), true);
  });

  add("revoke may be called for an account that has no token", async ({ legacyTokens, addUser }) => {
    const userId = await addUser();
    await legacyTokens.revoke(userId);
    await legacyTokens.revoke(userId);
  });

  return cases;
}

interface ValidToken {
  userId: string;
  token: string;
  expiresAt: Date;
}

/** Texts that may be in the place of a token: 1 to 512 characters without control characters. */
const UNKNOWN: Record<string, string> = {
  "random digits": randomHex(64),
  "512 letters": "x".repeat(512),
  "256 emoji": "😀".repeat(256),
  "a space": " ",
  "a quotation mark": "' OR '1'='1",
  "a wildcard": "%",
  "many dots and hyphens": "1-2.3-4.5-6",
  "the name of a property": "__proto__",
};

const TIME_ZONE = "A column without a time zone is read in that of the process: convert it to UTC.";
const BOOLEAN = "Return whether a row was changed, for example result.rowCount === 1.";
const ATOMIC = "Use one statement, for example DELETE … WHERE token_hash = $1, and count its rows.";
