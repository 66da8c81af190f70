import { randomBytes, randomUUID } from "node:crypto";
import type { SecondFactor } from "relatch";
import { type SecondFactorFixture, secondFactorContract } from "relatch/testing";
import { expect, test } from "vitest";
import { type Flaws, findError, findFailing, flaw, testFlaws } from "./failing.ts";

/** A word for each case. */
const named = {
  lists: "methods lists the methods of an account, each once, and the same again",
  nobody: "methods returns an empty array for an unknown account",
  right: "verify returns true for the right response",
  wrong: "verify returns false for a wrong response",
  once: "verify accepts a response for single use once",
  atOnce: "20 concurrent calls of verify accept a response for single use once",
  other: "verify returns false for the response of another account",
  method: "verify returns false for a method that it does not know",
  junk: "verify returns false for junk, however long it is",
};

/** Recovery codes, of which each opens once, and a PIN, which opens always. */
function createGood() {
  const userId: string = randomUUID();
  const codes = new Set([randomBytes(10).toString("hex"), randomBytes(10).toString("hex")]);
  const pins = new Map([[userId, "4711-0815"]]);
  const ownerOf = new Map([...codes].map((code) => [code, userId]));
  const secondFactor: SecondFactor = {
    methods: async (id) => (id === userId ? ["recovery_code", "pin"] : []),
    async verify(id, { method, response }) {
      if (method === "pin") return pins.get(id) === response;
      return method === "recovery_code" && ownerOf.get(response) === id && ownerOf.delete(response);
    },
  };
  const fixture: SecondFactorFixture = {
    secondFactor,
    userId,
    methods: ["pin", "recovery_code"],
    respond: async (method) =>
      method === "pin"
        ? { response: "4711-0815", isSingleUse: false }
        : { response: [...ownerOf.keys()][0] ?? "", isSingleUse: true },
  };
  return { ...fixture, ownerOf };
}

type Good = ReturnType<typeof createGood>;
type Flaw = (good: Good) => Partial<SecondFactor>;
const flawed = (create: Flaw) => () => {
  const good = createGood();
  return { ...good, secondFactor: { ...good.secondFactor, ...create(good) } };
};
const pause = () => new Promise((resolve) => setTimeout(resolve, 0));
/** Changes what verify returns or does. */
const verifies = (title: string, fails: string, verify: (good: Good) => SecondFactor["verify"]) =>
  flaw<Flaw>(title, fails, (good) => ({ verify: verify(good) }));

const flaws: Flaws<Flaw> = [
  flaw("no methods", "lists", () => ({ methods: async () => [] })),
  flaw("a method twice", "lists", ({ userId }) => ({
    methods: async (id) => (id === userId ? ["pin", "pin", "recovery_code"] : []),
  })),
  flaw("the methods of everybody", "nobody", () => ({ methods: async () => ["pin", "recovery_code"] })),
  flaw("no account is an error", "nobody", ({ userId, secondFactor }) => ({
    async methods(id) {
      if (id !== userId) throw new Error("no rows");
      return secondFactor.methods(id);
    },
  })),
  flaw("methods that are used up by listing them", "lists", ({ secondFactor }) => {
    let calls = 0;
    return { methods: async (id) => (calls++ === 0 ? secondFactor.methods(id) : []) };
  }),
  verifies("nothing is right", "right once atOnce", () => async () => false),
  verifies(
    "a number for a boolean",
    "right wrong once atOnce other method junk",
    ({ secondFactor }) =>
      async (...input) =>
        Number(await secondFactor.verify(...input)) as never,
  ),
  verifies("everything is right", "wrong once atOnce other method junk", () => async () => true),
  verifies("the beginning is enough", "wrong", ({ secondFactor, ownerOf }) => async (id, { method, response }) => {
    const whole = [...ownerOf.keys()].find((code) => code.slice(2) === response.slice(2)) ?? response;
    return secondFactor.verify(id, { method, response: whole });
  }),
  verifies(
    "codes that can be used again",
    "once atOnce",
    ({ secondFactor, ownerOf }) =>
      async (id, proof) =>
        proof.method === "recovery_code" ? ownerOf.get(proof.response) === id : secondFactor.verify(id, proof),
  ),
  verifies("a look, then a deletion", "atOnce", ({ secondFactor, ownerOf }) => async (id, proof) => {
    if (proof.method !== "recovery_code") return secondFactor.verify(id, proof);
    const isRight = ownerOf.get(proof.response) === id;
    await pause();
    ownerOf.delete(proof.response);
    return isRight;
  }),
  verifies(
    "codes that open every account",
    "other",
    ({ secondFactor, ownerOf }) =>
      async (id, proof) =>
        proof.method === "recovery_code" ? ownerOf.delete(proof.response) : secondFactor.verify(id, proof),
  ),
  verifies(
    "every other method is the last one",
    "method",
    ({ secondFactor }) =>
      (id, { method, response }) =>
        secondFactor.verify(id, { method: method === "pin" ? method : "recovery_code", response }),
  ),
  verifies("an error for a method that it does not know", "method", ({ secondFactor }) => async (id, proof) => {
    if (!["pin", "recovery_code"].includes(proof.method)) throw new Error("unknown method");
    return secondFactor.verify(id, proof);
  }),
  verifies("an error for what is too long", "junk", ({ secondFactor }) => async (id, proof) => {
    if (proof.response.length > 1000) throw new Error("too long");
    return secondFactor.verify(id, proof);
  }),
  verifies("an error for U+0000, as from PostgreSQL", "junk", ({ secondFactor }) => async (id, proof) => {
    if (proof.response.includes("\0")) throw new Error("invalid byte sequence");
    return secondFactor.verify(id, proof);
  }),
  verifies("junk that is parsed", "junk", ({ secondFactor }) => async (id, proof) => {
    if (proof.response.startsWith("{")) JSON.parse(proof.response);
    return secondFactor.verify(id, proof);
  }),
];

testFlaws("secondFactorContract", named, (each) => secondFactorContract(flawed(each)), flaws);

test("a good second factor passes secondFactorContract", async () => {
  expect(await findFailing(secondFactorContract(createGood))).toEqual([]);
});

test("secondFactorContract looks for an unknown account under the id that it is given", async () => {
  const asked: string[] = [];
  const create = () => {
    const { secondFactor, ...good } = createGood();
    const methods = async (id: string) => {
      asked.push(id);
      return secondFactor.methods(id);
    };
    return { ...good, unknownUserId: "0", secondFactor: { ...secondFactor, methods } };
  };
  expect(await findError(secondFactorContract(create), named.nobody)).toBe("no error");
  expect(asked).toEqual(["0"]);
});

test("secondFactorContract says what to do about a code that was accepted twice", async () => {
  const [, , planted] = flaws.find(([title]) => title === "codes that can be used again")!;
  const message = await findError(secondFactorContract(flawed(planted)), named.once);
  expect(message).toBe(
    "Error: the second verify of recovery_code: received true, expected false. " +
      "Compare and consume it in one statement, for example DELETE … WHERE user_id = $1 AND code_hash = $2.",
  );
});
