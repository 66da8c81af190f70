import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, expect, test, vi } from "vitest";
import { storedTokens } from "../../src/reset-token.ts";
import { both, COMPLETE, RESET, VERIFY } from "../e2e/contract/helpers.ts";
import { GOOD_PASSWORD, harness, MIKE } from "../harness.ts";
import { account } from "../helpers/account.ts";
import { overRoutes } from "./helpers/adapters.ts";
import { flaw, flawsOf } from "./helpers/flaw.ts";
import { LONG } from "./helpers/runs.ts";
import { chiSquare, furthest, monobit, orderliness, TOO_MANY, tally } from "./helpers/statistics.ts";

// A token is 256 bits of the platform's CSPRNG, fresh each time, and nothing else.

const NO_STORE = { save: async () => {}, find: async () => undefined, deleteByUser: async () => {} };
const AT = Date.UTC(2026, 0, 1);

const tokensOf = (count: number, mint = storedTokens(NO_STORE)): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => mint.issue(account(), AT)));

/** A million bytes of tokens; in a long run a million tokens. */
const SAMPLE = await tokensOf(LONG ? 1_000_000 : 31_250);
const bytesOf = (token: string) => Buffer.from(token, "base64url");
const BYTES = Buffer.concat(SAMPLE.map(bytesOf));

/** Every draw of 32 bytes from the CSPRNG from now on. */
function watchDraws(): Uint8Array[] {
  const draws: Uint8Array[] = [];
  const real = crypto.getRandomValues.bind(crypto);
  vi.spyOn(crypto, "getRandomValues").mockImplementation(((array: Uint8Array) => {
    const drawn = real(array);
    if (drawn.byteLength === 32) draws.push(Uint8Array.from(drawn));
    return drawn;
  }) as typeof crypto.getRandomValues);
  return draws;
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

flaw("CVE-2019-16303", () => {
  test("a token is exactly 32 bytes of the CSPRNG, drawn for it", async () => {
    const draws = watchDraws();
    const app = harness();
    const token = await app.requestToken();
    expect(draws).toHaveLength(1);
    expect(token).toBe(Buffer.from(draws[0]!).toString("base64url"));
  });

  test.each(["reset-token.ts", "tokens.ts", "bytes.ts", "account.ts"])(
    "src/%s knows no other source of numbers",
    (name) => {
      const code = readFileSync(join(import.meta.dirname, "../../src", name), "utf8");
      expect(code).not.toMatch(/Math\.random|Date\.|performance|randomUUID|hrtime|process\b|node:/);
    },
  );
});

flaw("GHSA-p4cc-w597-6cpm", () => {
  test("Math.random is never asked, whatever it would say", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
    const app = harness({ limits: { client: false, address: false } });
    const tokens = new Set<string>();
    for (let count = 0; count < 20; count++) tokens.add(await app.requestToken());
    for (const token of await tokensOf(1000)) tokens.add(token);
    await app.passwordReset.completeReset({ token: [...tokens][19], newPassword: GOOD_PASSWORD });
    await app.passwordReset.drain();
    expect(tokens.size).toBe(1020);
    expect(random).not.toHaveBeenCalled();
  });

  test(`${SAMPLE.length} tokens are all different`, () => {
    expect(new Set(SAMPLE).size).toBe(SAMPLE.length);
  });
});

flaw("CVE-2016-5100", () => {
  test("256 bits, as many ones as zeros, every byte as often as any other", () => {
    for (const token of SAMPLE) expect(bytesOf(token)).toHaveLength(32);
    expect(monobit(BYTES)).toBeLessThan(TOO_MANY);
    expect(chiSquare(tally(BYTES, 256))).toBeLessThan(TOO_MANY);
  });

  test("as often after one byte as after another, and in every place of the token", () => {
    const low = (byte: number) => byte & 15;
    const pairs = BYTES.subarray(1).map((byte, index) => (low(BYTES[index]!) << 4) | low(byte));
    expect(chiSquare(tally(pairs, 256))).toBeLessThan(TOO_MANY);
    for (let place = 0; place < 32; place++) {
      const there = BYTES.filter((_, index) => index % 32 === place);
      expect(chiSquare(tally(there, 256))).toBeLessThan(TOO_MANY);
    }
  });

  test("one bit that is set too often, or a small generator, would show", () => {
    const biased = BYTES.map((byte, index) => (index % 20 === 0 ? byte | 1 : byte));
    expect(monobit(biased)).toBeGreaterThan(TOO_MANY);
    expect(chiSquare(tally(biased, 256))).toBeGreaterThan(TOO_MANY);
    // 31-bit linear congruential generator, low bits first, as rand() was.
    let state = 1;
    const linear = BYTES.map(() => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return state & 255;
    });
    expect(chiSquare(tally(linear, 256))).toBeGreaterThan(TOO_MANY);
  });
});

flaw("GHSA-382v-gxj9-ffhc", () => {
  test("without the CSPRNG there is no token, no record and no mail", async () => {
    const app = harness();
    const save = vi.spyOn(app.tokens, "save");
    const real = crypto.getRandomValues.bind(crypto);
    vi.spyOn(crypto, "getRandomValues").mockImplementation(((array: Uint8Array) => {
      if (array.byteLength === 32) throw new DOMException("no entropy", "QuotaExceededError");
      return real(array);
    }) as typeof crypto.getRandomValues);
    expect(await app.passwordReset.requestReset({ email: MIKE.email, ip: null })).toEqual({ ok: true });
    await app.passwordReset.drain();
    expect(save).not.toHaveBeenCalled();
    expect(app.mailer.sent).toEqual([]);
    expect(app.happened()).toContain("delivery_failed:ERR_DISPATCHER");
  });

  test("a token of fewer bytes opens nothing", async () => {
    const app = harness();
    const real = crypto.getRandomValues.bind(crypto);
    vi.spyOn(crypto, "getRandomValues").mockImplementation(((array: Uint8Array) =>
      real(array.byteLength === 32 ? array.subarray(0, 8) : array)) as typeof crypto.getRandomValues);
    const token = await app.requestToken();
    expect(token).toHaveLength(11);
    expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: false });
    expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: false,
    });
  });
});

flaw("CVE-2011-4321", () => {
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const counts = new Array<number>(64).fill(0);
  for (const token of SAMPLE) {
    for (const symbol of token.slice(0, 42)) counts[ALPHABET.indexOf(symbol)]! += 1;
  }

  test("43 characters of base64url, of which none is preferred", () => {
    for (const token of SAMPLE) expect(token).toMatch(/^[\w-]{42}[AEIMQUYcgkosw048]$/);
    expect(furthest(counts)).toBeLessThan(TOO_MANY);
    expect(chiSquare(counts)).toBeLessThan(TOO_MANY);
  });

  test("characters by the remainder of a division would show", () => {
    // 256 values to 62 characters: the first eight come five times, and the others four times.
    const remainders = tally(
      BYTES.map((byte) => byte % 62),
      62,
    );
    expect(furthest(remainders)).toBeGreaterThan(TOO_MANY);
  });
});

flaw("CVE-2026-93868", () => {
  test("while the clock stands still, tokens have nothing in common", async () => {
    vi.useFakeTimers({ now: AT, toFake: ["Date", "performance"] });
    const app = harness({ limits: { client: false, address: false } });
    const tokens: string[] = [];
    for (let count = 0; count < 300; count++) tokens.push(await app.requestToken());
    tokens.push(...(await tokensOf(1000)));
    // Eight characters are 48 bits: two of 1300 tokens share them once in 3·10^8 runs.
    expect(new Set(tokens.map((token) => token.slice(0, 8))).size).toBe(tokens.length);
    expect(new Set(tokens.map((token) => token.slice(-8))).size).toBe(tokens.length);
  });
});

flaw("CVE-2012-5508", () => {
  const inAnySpelling = (draw: Uint8Array): string[] => {
    const bytes = Buffer.from(draw);
    return [bytes.toString("hex"), bytes.toString("base64"), bytes.toString("base64url"), bytes.join(",")];
  };

  test("no error, event or answer holds what was drawn for a token", async () => {
    const draws = watchDraws();
    const told: unknown[] = [];
    for (const broken of ["tokens.save", "mailer.send", "tokens.find", "users.findById", "hasher.hash"]) {
      const app = harness({ dispatcher: { dispatch: async (job) => told.push(job) } });
      const [port, method] = broken.split(".") as ["tokens", "save"];
      const fail = () => (app[port][method] = async () => Promise.reject(new Error("down")));
      const deliver = () => app.passwordReset.deliver(told.at(-1)).catch((error) => told.push(error));
      const complete = (token: unknown) =>
        app.passwordReset
          .completeReset({ token, newPassword: GOOD_PASSWORD })
          .then((answer) => told.push(answer))
          .catch((error) => told.push(error, error.stack, error.message));
      const early = /save|send/.test(broken);
      if (early) fail();
      told.push(await app.passwordReset.requestReset({ email: MIKE.email, ip: null }), told.at(-1));
      await deliver();
      if (!early) fail();
      await complete(app.mailer.lastLink(MIKE.email)?.split("/").at(-1) ?? "A".repeat(43));
      told.push(app.events);
    }
    const everything = inspect(told, { depth: 9, maxArrayLength: 9999, maxStringLength: 99999 });
    expect(draws.length).toBeGreaterThanOrEqual(4);
    for (const draw of draws) {
      for (const spelling of inAnySpelling(draw)) expect(everything).not.toContain(spelling);
    }
  });

  overRoutes("nor does a page about a fault", async (app) => {
    const draws = watchDraws();
    const token = await app.requestToken();
    app.users.findById = async () => Promise.reject(new Error(`no row for ${token}`));
    const answers = [
      await app.client.get(`${RESET}/${token}`),
      await app.client.post(`${RESET}/${token}`, both(GOOD_PASSWORD)),
      await app.client.json(VERIFY, { token }),
      await app.client.json(COMPLETE, { token, password: GOOD_PASSWORD }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    for (const spelling of draws.flatMap(inAnySpelling)) {
      expect(JSON.stringify(answers)).not.toContain(spelling);
    }
  });
});

flaw("CVE-2025-63314", () => {
  test("the same account in the same millisecond gets another token", async () => {
    const [first, second] = await tokensOf(2);
    expect(first).not.toBe(second);
  });

  overRoutes("and over HTTP", async (app) => {
    const tokens = new Set<string | undefined>();
    for (const ask of [app.client.post.bind(app.client), app.client.json.bind(app.client)]) {
      await ask(RESET, { email: MIKE.email });
      await app.passwordReset.drain();
      tokens.add(app.mailer.lastLink(MIKE.email));
      app.clock.now += 60_000;
    }
    expect(tokens.size).toBe(2);
    expect([...tokens].join()).toMatch(/\/[\w-]{43},.*\/[\w-]{43}$/);
  });
});

flaw("CVE-2020-7378", () => {
  test("two processes that start at the same instant share no token", async () => {
    vi.useFakeTimers({ now: AT, toFake: ["Date", "performance"] });
    const process = async () => {
      vi.resetModules();
      const { storedTokens: fresh } = await import("../../src/reset-token.ts");
      expect(fresh).not.toBe(storedTokens);
      return tokensOf(100, fresh(NO_STORE));
    };
    const tokens = [...(await process()), ...(await process())];
    expect(new Set(tokens).size).toBe(200);
  });
});

flaw("X2", () => {
  const numbers = SAMPLE.map((token) => bytesOf(token).toString("hex"));

  test("the order of tokens says nothing of the order in which they were made", () => {
    expect(orderliness(numbers)).toBeLessThan(TOO_MANY);
    expect(orderliness(numbers.map((number) => [...number].reverse().join("")))).toBeLessThan(TOO_MANY);
  });

  test("a clock in them would show, even where only every tenth has one", () => {
    const clock = (index: number) => (AT + index).toString(16);
    expect(orderliness(numbers.map((number, index) => clock(index) + number))).toBeGreaterThan(TOO_MANY);
    const share = (index: number) => Math.floor((256 * index) / SAMPLE.length).toString(16);
    const some = numbers.map((number, index) =>
      index % 10 ? number : share(index).padStart(2, "0") + number,
    );
    expect(orderliness(some)).toBeGreaterThan(TOO_MANY);
  });
});

flawsOf("c-generation");
