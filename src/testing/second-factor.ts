import type { SecondFactor } from "../ports/contract.ts";
import { assertSame, type ContractCase, createSuite, randomHex } from "./cases.ts";

/** A second factor, and an account that has one. */
export interface SecondFactorFixture {
  secondFactor: SecondFactor;
  /** An account that no other case uses, with every method that you offer. */
  userId: string;
  /** All methods of this account. */
  methods: readonly string[];
  /** Returns a right response that was not used yet, and whether it may be used only once. Called once for each method. */
  respond(method: string): SecondFactorAnswer | Promise<SecondFactorAnswer>;
  /** Optional: an id that no account has, in your own form. Default: a random UUID. */
  unknownUserId?: string | undefined;
}

/** A right response. */
export interface SecondFactorAnswer {
  response: string;
  /** Whether it may be used only once: `true` for one-time codes, recovery codes and WebAuthn assertions. */
  isSingleUse: boolean;
}

/**
 * Returns a case for everything that a `SecondFactor` must do. Every case gets a new fixture, so the cases can run at the
 * same time.
 *
 * @example
 * for (const { name, run } of secondFactorContract(create)) test(name, run);
 */
export function secondFactorContract(create: () => SecondFactorFixture | Promise<SecondFactorFixture>): ContractCase[] {
  const { cases, add } = createSuite(create);
  /** Adds a case that runs with the right response to each method of the account. */
  const addForEach = (name: string, run: (fixture: SecondFactorFixture, proof: Proof) => Promise<void>) =>
    add(name, async (fixture) => {
      for (const method of fixture.methods) await run(fixture, { method, ...(await fixture.respond(method)) });
    });

  add("methods lists the methods of an account, each once, and the same again", async (fixture) => {
    const { secondFactor, userId, methods } = fixture;
    for (const call of ["first", "second"]) {
      const listed = [...(await secondFactor.methods(userId))].sort();
      assertSame(`the methods at the ${call} call`, listed, [...methods].sort());
    }
    const odd = methods.filter((method) => !/^[a-z0-9_]{1,32}$/.test(method));
    assertSame("the names with other characters than a-z, 0-9 and _, or with more than 32", odd, []);
    assertSame("whether there are 1 to 16", methods.length >= 1 && methods.length <= 16, true);
  });

  add("methods returns an empty array for an unknown account", async ({ secondFactor, ...fixture }) => {
    assertSame("the methods", await secondFactor.methods(unknownIn(fixture)), []);
  });

  addForEach("verify returns true for the right response", async ({ secondFactor, userId }, { method, response }) => {
    assertSame(`verify of ${method}`, await secondFactor.verify(userId, { method, response }), true);
  });

  addForEach("verify returns false for a wrong response", async ({ secondFactor, userId }, { method, response }) => {
    for (const wrong of [change(response), randomHex(12)]) {
      assertSame(`verify of ${method}`, await secondFactor.verify(userId, { method, response: wrong }), false);
    }
  });

  addForEach("verify accepts a response for single use once", async ({ secondFactor, userId }, proof) => {
    if (!proof.isSingleUse) return;
    const { method, response } = proof;
    assertSame(`the first verify of ${method}`, await secondFactor.verify(userId, { method, response }), true);
    assertSame(
      `the second verify of ${method}`,
      await secondFactor.verify(userId, { method, response }),
      false,
      ATOMIC,
    );
  });

  addForEach("20 concurrent calls of verify accept a response for single use once", async (fixture, proof) => {
    if (!proof.isSingleUse) return;
    const { secondFactor, userId } = fixture;
    const { method, response } = proof;
    const calls = Array.from({ length: 20 }, () => secondFactor.verify(userId, { method, response }));
    const accepted = (await Promise.all(calls)).filter((verdict) => verdict !== false);
    assertSame(`what was accepted of ${method}`, accepted, [true], ATOMIC);
  });

  addForEach("verify returns false for the response of another account", async (fixture, { method, response }) => {
    const { secondFactor } = fixture;
    const verdict = await secondFactor.verify(unknownIn(fixture), { method, response });
    assertSame(`verify of ${method} for another account`, verdict, false, "Look responses up by the account as well.");
  });

  addForEach("verify returns false for a method that it does not know", async (fixture, { response }) => {
    const { secondFactor, userId } = fixture;
    for (const method of ["unknown", "constructor", "__proto__"]) {
      assertSame(`verify of ${method}`, await secondFactor.verify(userId, { method, response }), false);
    }
  });

  add("verify returns false for junk, however long it is", async ({ secondFactor, userId, methods }) => {
    for (const method of methods) {
      for (const [name, response] of Object.entries(JUNK)) {
        assertSame(`verify of ${method} with ${name}`, await secondFactor.verify(userId, { method, response }), false);
      }
    }
  });

  return cases;
}

type Proof = SecondFactorAnswer & { method: string };

const ATOMIC = "Compare and consume it in one statement, for example DELETE … WHERE user_id = $1 AND code_hash = $2.";

/** Responses as they may come from the network: 1 to 8,192 characters of any kind. */
const JUNK: Record<string, string> = {
  "8,192 letters": "x".repeat(8192),
  "8,192 digits": "1".repeat(8192),
  "4,096 emoji": "😀".repeat(4096),
  "a space": " ",
  "U+0000": "\0",
  "half a surrogate pair": "\ud83d",
  "a quotation mark": "' OR '1'='1",
  wildcards: "%%%%%%",
  "the beginning of JSON": '{"id":',
  "an empty object of JSON": "{}",
  "null of JSON": "null",
};

const unknownIn = ({ unknownUserId }: Pick<SecondFactorFixture, "unknownUserId">): string =>
  unknownUserId ?? crypto.randomUUID();

/** Changes the first letter or digit. */
const change = (response: string): string => response.replace(/[a-z0-9]/i, (first) => (first === "7" ? "8" : "7"));
