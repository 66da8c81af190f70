import { createHash } from "node:crypto";
import { SHA256 } from "@oslojs/crypto/sha2";
import fc from "fast-check";
import { signedTokens, type TokenRecord } from "relatch";
import { expect, vi } from "vitest";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { GOOD_PASSWORD, type Harness, harness, MIKE } from "../helpers/harness.ts";
import { randomKey, referenceFingerprint, referenceSignedToken, referenceTokenHash } from "../helpers/reference.ts";
import { both, COMPLETE, FORM, handleIn, INSIDE, RESET, VERIFY } from "../system/http/contract/helpers.ts";
import { everyFlawOf, flaw, flawOverHttp, override, REFUSED, RUNS } from "./helpers/flaw.ts";
import { type Front, JANE, ORIGIN } from "./helpers/front.ts";

// A token is a string of one form, bound to one account, its address and its password. Anything else opens nothing,
// and reaches no store.

const GRANT = "__Host-password_reset";
const HOUR = 60 * 60_000;
const newPassword = GOOD_PASSWORD;
const key = randomKey();
const STATE = { id: "42", email: MIKE.email, passwordHash: MIKE.passwordHash };
const madeFor = (app: Harness) => ({ key, origin: ORIGIN, state: STATE, expiresAt: app.clock.now + 1000 });
const signed = { tokens: signedTokens(), keys: [key] };
const KINDS = { stored: () => ({}), signed: () => signed };

/** The token neither opens anything nor sets a password. */
async function expectRefused({ passwordReset }: Harness, token: unknown): Promise<void> {
  expect(await passwordReset.verifyToken({ token })).toEqual(REFUSED);
  expect(await passwordReset.completeReset({ token, newPassword })).toEqual(REFUSED);
}
const acceptsAnything = override(() => ({ verifyToken: async () => ({ ok: true, userId: "42" }) }));

// ── Junk: another type, another form, another length ──────────────────────────────────────────

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const JWTS = [
  `${encode({ alg: "none", typ: "JWT" })}.${encode({ sub: "42", purpose: "password_reset" })}.`,
  `${encode({ alg: "HS256" })}.${encode({ userId: "42", exp: 4102444800 })}.${"A".repeat(43)}`,
  `${encode({ alg: "HS256", kid: "../../dev/null" })}.${encode({ userId: "42" })}.`,
  `${encode({ alg: "RS256" })}.${encode({ userId: "42" })}.${"A".repeat(342)}`,
];
const LAST = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** By id: what was taken for a token, made from a good one if that matters. */
const JUNK: Record<string, (good: string) => unknown[]> = {
  "CVE-2019-18818": () => [undefined, null, "", {}, [], 0, false, { $gt: 0 }, { $ne: null }],
  "CVE-2026-30941": (good) => [
    ...[{ $regex: "^" }, { $gt: "" }, { $ne: "x" }, { $exists: true }, { $in: [good] }, { $eq: good }],
    ...[{ __op: "Delete" }, { length: 43, 0: "A" }],
  ],
  "CVE-2021-22911": (good) => [{ $regex: "^a" }, /^a/, "^a", ".*", `^${good}$`, { $regex: good, $options: "i" }],
  "CVE-2013-0233": (good) => [
    ...[0, 1, -1, true, Number.NaN, new String(good), { toString: () => good }, { valueOf: () => good }],
    ...[{ toJSON: () => good }, { [Symbol.toPrimitive]: () => good }],
  ],
  "CVE-2009-2762": (good) => [[""], [good], [[good]], { 0: good }, Object.assign([good], { length: 1 }), [null]],
  "CVE-2008-3681": (good) => [
    ...["'", "%", "_", "*", "--", "' OR '1'='1", "%".repeat(43), "_".repeat(42), "*".repeat(43)],
    ...[good.slice(0, 42), `${good}A`, `${good} `, ` ${good}`, `${good}\n`, `${good}\0`, `${good}=`],
    ...[good.replace(/.$/, "é"), good.replace(/^./, "+"), good.replace(/^./, "/")],
    // The same 256 bits, written differently: the last character carries two bits that are not used.
    ...(good.length === 43 ? [1, 2, 3] : []).map((n) => good.slice(0, 42) + LAST[LAST.indexOf(good[42] ?? "") + n]),
  ],
  "GHSA-2m5g-8xpw-42vp": () => [
    ...[null, undefined, "", "null", "undefined", "NULL"],
    createHash("sha256").update("").digest("hex"),
  ],
  "CVE-2026-115237": () => ["", " ", "\t", "\0", "\u200b", [], [""], {}],
  "CVE-2010-4535": () => ["1".repeat(1_000_000), "z".repeat(2_000_000), "9".repeat(64)],
  "CVE-2015-9235": () => JWTS,
};

/** The mistake: what comes in is turned into a string, and asked for. */
const coerces = override((core, { tokens, users }) => ({
  async verifyToken({ token }) {
    await tokens.find(JSON.stringify(token) ?? "");
    await users.findById(JSON.stringify(token) ?? "");
    return core.verifyToken({ token });
  },
}));

for (const [id, junkOf] of Object.entries(JUNK)) {
  for (const [kind, options] of Object.entries(KINDS)) {
    const plan = { options, mistake: coerces };
    flaw(id, `Junk reaches no store and costs no digest (${kind})`, plan, async (app) => {
      const good = await app.requestToken();
      const { tokens, users, hasher } = app;
      const ports = [vi.spyOn(tokens, "find"), vi.spyOn(users, "findById"), vi.spyOn(hasher, "hash")];
      const digest = vi.spyOn(SHA256.prototype, "digest");
      for (const token of junkOf(good)) await expectRefused(app, token);
      for (const port of ports) expect(port).not.toHaveBeenCalled();
      expect(digest).not.toHaveBeenCalled();
      // The good link is as good as before, and needs a digest.
      expect(await app.passwordReset.completeReset({ token: good, newPassword })).toMatchObject({ ok: true });
      expect(digest).toHaveBeenCalled();
    });
  }
}

flaw("CVE-2026-30941", "The token store is only ever asked for 64 hex digits", coerces, async (app) => {
  const find = vi.spyOn(app.tokens, "find");
  const shaped = fc.stringMatching(/^[\w-]{42}[AEIMQUYcgkosw048]$/);
  const token = fc.oneof(fc.string(), shaped, fc.anything({ withNullPrototype: false }));
  await fc.assert(
    fc.asyncProperty(token, (each) => expectRefused(app, each)),
    { numRuns: 10 * RUNS },
  );
  expect(find.mock.calls.length).toBeGreaterThan(RUNS);
  expect(find.mock.calls.filter(([hash]) => !/^[0-9a-f]{64}$/.test(hash))).toEqual([]);
});

const signedPlan = { options: signed, mistake: acceptsAnything };

flaw("X1", "A token with another signature opens nothing", signedPlan, async (app) => {
  const made = madeFor(app);
  const bytes = Buffer.from(referenceSignedToken(made), "base64url");
  for (const token of [
    ...JWTS,
    referenceSignedToken({ ...made, key: new Uint8Array(32) }),
    referenceSignedToken({ ...made, key: new TextEncoder().encode("secret") }),
    referenceSignedToken({ ...made, version: 0 }),
    referenceSignedToken({ ...made, version: 1 }),
    referenceSignedToken({ ...made, origin: "https://staging.example.com" }),
    referenceSignedToken({ ...made, bindOrigin: "https://staging.example.com" }),
    referenceSignedToken({ ...made, bindKey: new Uint8Array(32) }),
    referenceSignedToken({ ...made, expiresAt: app.clock.now }),
    bytes.subarray(0, -32).toString("base64url"),
    Buffer.concat([bytes.subarray(0, -32), Buffer.alloc(32)]).toString("base64url"),
  ]) {
    await expectRefused(app, token);
  }
  expect(await app.passwordReset.verifyToken({ token: referenceSignedToken(made) })).toMatchObject({ ok: true });
  const short = new Uint8Array(31).fill(1);
  for (const keys of [[], ["a secret of more than 32 characters"], [short], [new Uint8Array(32)], undefined]) {
    expect(() => harness({ tokens: signedTokens(), keys: keys as never })).toThrow(WRONG_OPTIONS);
  }
});

// ── Tokens of something else, or of somebody else ─────────────────────────────────────────────────────────

/** By id: what the token was made for. */
const PURPOSES = {
  "CVE-2026-105785": ["verify-email", "share-link"],
  "CVE-2021-37693": ["email-verification", "confirm_new_email"],
  "CVE-2025-69614": ["activation", "invite", "magic-link"],
};
const raw = randomKey();
const token = Buffer.from(raw).toString("base64url");
const digest = (...parts: (string | Uint8Array)[]) =>
  createHash("sha256")
    .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
    .digest("hex");
const otherDigests = (purpose: string) => [
  ...[digest(raw), digest(token), digest(Buffer.from(raw).toString("hex"))],
  ...[`${purpose}\0`, `relatch/v2/${purpose}\0`, "relatch/v2/fingerprint\0", "relatch/v1/token\0"].map((prefix) =>
    digest(prefix, raw),
  ),
];
/** The mistake: a record is found by any of the digests. */
const looseStore = override((core, { tokens }) => ({
  async verifyToken({ token: given }) {
    for (const hash of [digest(raw), digest(token)]) if (await tokens.find(hash)) return { ok: true };
    return core.verifyToken({ token: given });
  },
}));

for (const [id, purposes] of Object.entries(PURPOSES)) {
  flaw(id, "A token for another purpose in the same table opens nothing", looseStore, async (app) => {
    const expiresAt = new Date(app.clock.now + 1000);
    const right = {
      tokenHash: referenceTokenHash(raw),
      fingerprint: referenceFingerprint(raw, expiresAt.getTime(), STATE),
    };
    for (const other of purposes.flatMap(otherDigests)) {
      for (const part of [{ tokenHash: other }, { fingerprint: other }]) {
        await app.tokens.save({ ...right, ...part, userId: "42", expiresAt });
        await expectRefused(app, token);
        await app.tokens.deleteByUser("42");
      }
    }
    // The digests are what was wrong with the records.
    await app.tokens.save({ ...right, userId: "42", expiresAt });
    expect(await app.passwordReset.verifyToken({ token })).toMatchObject({ ok: true, userId: "42" });
    await app.passwordReset.revokeTokens("42");
    await expectRefused(app, token);
  });

  flaw(id, "A token that was signed for another purpose opens nothing", signedPlan, async (app) => {
    const made = madeFor(app);
    for (const purpose of purposes) {
      for (const macPrefix of [
        "",
        `${purpose}\0`,
        `relatch/v2/${purpose}\0`,
        "relatch/v2/bind\0",
        "relatch/v2/job\0",
      ]) {
        await expectRefused(app, referenceSignedToken({ ...made, macPrefix }));
      }
    }
    expect(await app.passwordReset.verifyToken({ token: referenceSignedToken(made) })).toMatchObject({ ok: true });
  });
}

/** By id: how the form named somebody else. */
const NAMED: Record<string, Record<string, string>> = {
  "CVE-2025-50433": { email: JANE.email, username: JANE.email, account: JANE.email, login: "jane" },
  "GHSA-93x3-m7pw-ppqm": { userId: "43", user_id: "43", id: "43", uid: "43", verify_user_id: "43" },
  "CVE-2023-26481": {
    user: "43",
    uid_field: JANE.email,
    pending_user: "43",
    identifier: JANE.email,
    pk: "43",
  },
};
/** The mistake: a reset sets the password of another account as well. */
const setsJanes = override((core, { users }) => ({
  async completeReset(input) {
    users.set({ ...JANE, passwordHash: "set by somebody else" });
    return core.completeReset(input);
  },
}));
const janes = { options: { accounts: [MIKE, JANE] }, mistake: setsJanes };

for (const [id, extra] of Object.entries(NAMED)) {
  flaw(id, "A reset changes only the account of its link", janes, async (app) => {
    const own = await app.requestToken();
    await app.requestToken(JANE.email);
    const write = vi.spyOn(app.users, "replacePasswordHash");
    const { findById } = app.users;
    // A store that returns another account does not change that.
    app.users.findById = async () => JANE;
    const completing = app.passwordReset.completeReset({ token: own, newPassword });
    await expect(completing).rejects.toMatchObject({ code: "ERR_USER_STORE" });
    app.users.findById = findById;
    const input = { ...extra, token: own, newPassword };
    expect(await app.passwordReset.completeReset(input)).toMatchObject({ userId: "42" });
    expect(write.mock.calls.map(([{ userId, email }]) => [userId, email])).toEqual([["42", MIKE.email]]);
    expect(app.users.get("43")).toEqual(JANE);
  });
}

const TWINS = [
  { ...MIKE, tenant: "main" },
  { ...MIKE, tenant: "main", id: "43", email: "twin@example.org" },
  { ...MIKE, tenant: "blue", id: "44" },
];
const TENANTS = { tenants: ["main", "blue"], tenant: "main" };

for (const [kind, options] of Object.entries(KINDS)) {
  const plan = { options: () => ({ ...options(), ...TENANTS, accounts: TWINS }), mistake: acceptsAnything };
  flaw("CVE-2015-2559", `Accounts with the same password hash share no link (${kind})`, plan, async (app) => {
    const own = await app.requestToken();
    expect(await app.passwordReset.verifyToken({ token: own })).toMatchObject({ userId: "42" });
    const [{ findById }, { find }] = [app.users, app.tokens];
    // Not even if somebody makes a store say that the link is of the twin.
    for (const twin of TWINS.slice(1)) {
      app.users.findById = async () => ({ ...twin, id: "42" });
      await expectRefused(app, own);
      app.users.findById = findById;
      app.tokens.find = async (hash) => ({ ...(await find(hash)), userId: twin.id }) as TokenRecord;
      if (kind === "stored") await expectRefused(app, own);
      app.tokens.find = find;
    }
  });
}

/** By kind: a token of somebody who knows this much of an account, and may write the token store. */
const FORGERIES: Record<
  string,
  { keys?: Uint8Array[]; forge: (state: State, at: number, seal?: Uint8Array) => Forged }
> = {
  stored: { forge: (state, at) => storedFor(state, at) },
  sealed: { keys: [key], forge: storedFor },
  signed: {
    keys: [key],
    forge: (state, expiresAt, seal = randomKey()) => ({
      token: referenceSignedToken({ key: seal, origin: ORIGIN, state, expiresAt }),
    }),
  },
};
type State = typeof STATE;
type Forged = { token: string; record?: TokenRecord };
function storedFor(state: State, at: number, seal?: Uint8Array): Forged {
  const fingerprint = referenceFingerprint(raw, at, state, seal);
  const record = { tokenHash: referenceTokenHash(raw), fingerprint, userId: state.id, expiresAt: new Date(at) };
  return { token, record };
}

for (const [kind, { keys, forge }] of Object.entries(FORGERIES)) {
  const options = { ...(keys && { keys }), ...(kind === "signed" && { tokens: signedTokens() }) };
  const plan = { options, mistake: acceptsAnything };
  flaw("CVE-2015-2559", `A forged link needs the hash, and the key if there is one (${kind})`, plan, async (app) => {
    const expiresAt = app.clock.now + HOUR / 2;
    const tokenFor = async (passwordHash: string | null, seal = keys?.[0]) => {
      const forged = forge({ ...STATE, passwordHash }, expiresAt, seal);
      await app.tokens.deleteByUser("42");
      if (forged.record) await app.tokens.save(forged.record);
      return forged.token;
    };
    for (const passwordHash of [null, "", "x", `${MIKE.passwordHash} `]) {
      await expectRefused(app, await tokenFor(passwordHash));
    }
    if (keys) await expectRefused(app, await tokenFor(MIKE.passwordHash, randomKey()));
    const own = await tokenFor(MIKE.passwordHash);
    expect(await app.passwordReset.verifyToken({ token: own })).toMatchObject({ ok: true });
    // An account without a password has no such secret: only a key protects it then.
    app.users.set({ ...MIKE, passwordHash: null });
    const forged = await app.passwordReset.verifyToken({ token: await tokenFor(null, randomKey()) });
    expect(forged).toMatchObject({ ok: keys === undefined });
  });
}

const nearly = override((core, { tokens }) => ({
  verifyToken: async ({ token: near }) => ((await tokens.find("")) ? { ok: true } : core.verifyToken({ token: near })),
}));

for (const id of ["CVE-2026-72700", "CVE-2017-14775"]) {
  flaw(id, "A nearly right token opens nothing", nearly, async (app) => {
    const own = await app.requestToken();
    const { find } = app.tokens;
    const asked: string[] = [];
    app.tokens.find = (hash) => {
      asked.push(hash);
      return find(referenceTokenHash(Buffer.from(own, "base64url")));
    };
    for (let place = 0; place < 43; place++) {
      await expectRefused(app, own.slice(0, place) + (own[place] === "A" ? "E" : "A") + own.slice(place + 1));
    }
    // A store compares digests, so the time of a comparison says nothing about the token.
    const hash = referenceTokenHash(Buffer.from(own, "base64url"));
    expect(asked.filter((near) => near.startsWith(hash.slice(0, 8)))).toEqual([]);
    expect(await app.passwordReset.verifyToken({ token: own })).toMatchObject({ ok: true });
  });
}

// ── Expiry, order of the steps, odd return values ─────────────────────────────────────────────────────────

/** The mistake: only looking at a link checks its expiry. */
const neverExpires = override((core, { clock }) => ({
  async completeReset(input) {
    clock.now -= HOUR;
    return core.completeReset(input);
  },
}));

flaw("CVE-2026-39923", "completeReset itself refuses an expired link", neverExpires, async (app) => {
  for (const late of [1000, 0, HOUR, -1]) {
    const own = await app.requestToken();
    app.clock.now += HOUR + late;
    const due = { ok: late < 0 };
    expect(await app.passwordReset.completeReset({ token: own, newPassword })).toMatchObject(due);
    app.clock.now += HOUR;
  }
});

for (const [kind, options] of Object.entries({ stored: {}, sealed: { keys: [key] } })) {
  const plan = { options, mistake: acceptsAnything };
  flaw("CVE-2026-18363", `Writing the store extends and revives no link (${kind})`, plan, async (app) => {
    const { find } = app.tokens;
    const own = await app.requestToken();
    for (const [passed, shift] of [
      [0, 1000],
      [0, 24 * HOUR],
      [HOUR, HOUR],
      [30 * 24 * HOUR, 31 * 24 * HOUR],
    ] as const) {
      app.clock.now += passed;
      app.tokens.find = async (hash) => {
        const record = await find(hash);
        return record && { ...record, expiresAt: new Date(record.expiresAt.getTime() + shift) };
      };
      await expectRefused(app, own);
    }
  });
}

flaw("CVE-2026-18363", "A record without a valid expiry opens nothing", acceptsAnything, async (app) => {
  const { find } = app.tokens;
  const own = await app.requestToken();
  const { now } = app.clock;
  for (const expiresAt of [
    ...[null, undefined, new Date(Number.NaN), "2099-01-01T00:00:00Z", now + 1000, {}, new Date(-1)],
    ...[new Date(now + 365 * 24 * HOUR), { getTime: () => Number.POSITIVE_INFINITY }],
    { getTime: () => "soon" },
  ]) {
    app.tokens.find = async (hash) => ({ ...(await find(hash)), expiresAt }) as TokenRecord;
    for (const call of [
      app.passwordReset.verifyToken({ token: own }),
      app.passwordReset.completeReset({ token: own, newPassword }),
    ]) {
      expect([REFUSED, "ERR_TOKEN_STORE"]).toContainEqual(await call.catch(({ code }) => code));
    }
  }
  expect(app.users.get("42")).toEqual(MIKE);
});

flawOverHttp("CVE-2026-18963", "No order of requests replaces the email", setsMikes(), async (app) => {
  const { client } = app;
  const steps = [
    () => client.post(RESET, { email: MIKE.email }),
    () => client.get(FORM),
    () => client.post(FORM, { ...both(newPassword), handle: "0".repeat(16) }),
    () => client.json(COMPLETE, { email: MIKE.email, newPassword }),
    () => client.post(FORM, both(newPassword), { Cookie: `${GRANT}=; password_reset=` }),
  ];
  for (const first of steps)
    for (const second of steps)
      for (const third of steps) {
        if (new Set([first, second, third]).size === 3) for (const take of [first, second, third]) await take();
      }
  expect(app.users.get("42")).toEqual(MIKE);
});

/** The mistake: a request alone changes the account. */
function setsMikes() {
  return override((core, { users }) => ({
    async completeReset(input) {
      users.set({ ...MIKE, passwordHash: "set without a link" });
      return core.completeReset(input);
    },
  }));
}

const CALLS = ["tokens.find", "users.findById", "users.replacePasswordHash", "hasher.hash"] as const;
const ODD = [undefined, null, {}, [], true, 1, "ok", { rowCount: 1, rows: [{}] }];

flaw("CVE-2021-43498", "An odd return value of a port makes no reset succeed", succeeds(), async (app) => {
  for (const call of CALLS) {
    const [port, method] = call.split(".") as ["users", "findById"];
    for (const odd of ODD) {
      // These two are what the ports may return.
      if (call === "users.replacePasswordHash" && odd === true) continue;
      if (call === "hasher.hash" && odd === "ok") continue;
      const own = await app.requestToken();
      const original = app[port][method];
      app[port][method] = async () => odd as never;
      const outcome = await app.passwordReset.completeReset({ token: own, newPassword }).catch((error) => error);
      expect(outcome).not.toMatchObject({ ok: true });
      app[port][method] = original;
      app.clock.now += HOUR;
    }
  }
  expect(app.users.get("42")).toEqual(MIKE);
});

/** The mistake: a failure counts as a success. */
function succeeds() {
  return override((core) => ({
    completeReset: async (input) => core.completeReset(input).catch(() => ({ ok: true })),
  }));
}

// ── What a request is, and what its response may say ──────────────────────────────────────────────────────

/** The mistake: inherited properties count. */
const inherits = override((core) => ({
  requestReset: ({ email, ip }) => core.requestReset({ email, ip }),
  completeReset: (input) => core.completeReset({ token: input.token, newPassword: input.newPassword }),
}));

const polluting = { options: { keys: [key] }, mistake: inherits };

flaw("X3", "A polluted Object.prototype is neither input nor an option nor a job", polluting, async (app) => {
  const own = await app.requestToken();
  // Loads everything that is loaded late, because the module loader of Vitest does not survive the pollution.
  await app.passwordReset.completeReset({ token: own, newPassword: "password1" });
  app.clock.now += 60_000;
  const polluted = Object.prototype as unknown as Record<string, unknown>;
  const fields = {
    ...{
      email: MIKE.email,
      token: own,
      newPassword,
      locale: "ru",
      ip: null,
      v: 2,
      id: "a",
      type: "reset_requested",
    },
    ...{ resetUrl: "https://evil.test/:token", tokenLifetime: 1, limits: false, revokeSessions: false },
  };
  let results: unknown[];
  let link: string | undefined;
  try {
    Object.assign(polluted, fields, { at: app.clock.now });
    const other = harness();
    await app.passwordReset.deliver({});
    results = [
      await app.passwordReset.requestReset({} as never),
      await app.passwordReset.completeReset({} as never),
      await app.passwordReset.verifyToken({ token: own }),
    ];
    await other.requestToken();
    link = other.mailer.lastLink(MIKE.email);
  } finally {
    for (const name of [...Object.keys(fields), "at"]) delete polluted[name];
  }
  expect(results).toMatchObject([{ ok: false, reason: "invalid_email" }, REFUSED, { ok: true }]);
  expect(link).toMatch(/^https:\/\/app\.example\.com\//);
  expect(app.happened()).toContain("job_dropped:malformed");
  expect(app.mailer.sent).toHaveLength(1);
  expect(app.users.get("42")).toEqual(MIKE);
});

/** The mistake: what is missing is taken from elsewhere. */
const fillsIn = override((core, { mailer }) => ({
  requestReset: (input) => core.requestReset({ ...input, email: input.email ?? MIKE.email }),
  completeReset: (input) =>
    core.completeReset({ ...input, token: mailer.lastLink(MIKE.email)?.split("/").at(-1) ?? input.token }),
}));

flawOverHttp("X4", "The query is not read, and no field may come twice", fillsIn, async (app) => {
  const own = await app.requestToken();
  const other = `${"B".repeat(42)}A`;
  const set = `"newPassword":"${newPassword}"`;
  const json = (path: string, body: string) =>
    app.client.send("POST", path, { headers: { "Content-Type": "application/json" }, body });
  const answers = [
    await app.client.post(`${FORM}?token=${own}`, both(newPassword)),
    await app.client.post(`${RESET}?email=${MIKE.email}`, {}),
    await json(`${COMPLETE}?token=${own}`, `{${set}}`),
    await json(`${VERIFY}?token=${own}`, "{}"),
    await json(COMPLETE, `{"token":"${other}","token":"${own}",${set}}`),
    await json(COMPLETE, `{"token":"${own}","token":"${other}",${set}}`),
    await json(COMPLETE, `{"token":"${own}","\\u0074oken":"${own}",${set}}`),
    await json(COMPLETE, `{"token":"${own}",${set},${set}}`),
    await json(VERIFY, `{"a":{"token":1},"token":"${own}","token":"${own}"}`),
    await json(RESET, `{"email":"a@example.org","email":"${MIKE.email}"}`),
    await app.client.post(`${RESET}/${own}`, [...Object.entries(both(newPassword)), ["password", "another one"]]),
  ];
  expect(answers.map(({ status }) => status)).toEqual([303, ...new Array(10).fill(400)]);
  expect(app.users.get("42")).toEqual(MIKE);
  expect(app.mailer.sent).toHaveLength(1);
});

/** The mistake: refusals quote the failure. */
const explains = override((core, { users }) => ({
  async verifyToken({ token: given }) {
    const user = await users.findById("42").catch((error) => String(error));
    return typeof user === "string"
      ? { ok: true, userId: user, expiresAt: new Date() }
      : core.verifyToken({ token: given });
  },
}));

flawOverHttp("X22", "A failure has fixed words over HTTP", explains, async (app: Front) => {
  const own = await app.requestToken();
  const opened = await app.client.follow(await app.client.get(`${RESET}/${own}`));
  const failure = 'SELECT * FROM "users" WHERE id = 42 at file:///app/db.js:1:2';
  app.users.findById = async () => Promise.reject(new Error(failure));
  const pages = [
    await app.client.get(`${RESET}/${own}`),
    await app.client.get(FORM),
    await app.client.post(FORM, { ...both(newPassword), handle: handleIn(opened) }),
    await app.client.json(VERIFY, { token: own }),
    await app.client.json(COMPLETE, { token: own, newPassword }),
  ];
  for (const { status, body } of pages) {
    expect(status).toBe(503);
    expect(body).not.toMatch(INSIDE);
    expect(body).not.toMatch(/SELECT|users|RelatchError|ERR_|42/);
  }
  expect(new Set(pages.slice(0, 3).map(({ body }) => body)).size).toBe(1);
  // `onError` of the application hears of it, and that of the routes does not hear of it again.
  expect([app.errors.length, app.faults]).toEqual([5, []]);
  const bodies = ["", "{", "[]", "null", '"x"', "{'a':1}", `{"email":${"[".repeat(5000)}`, "\xff\xfe{}"];
  for (const body of bodies) {
    const answer = await app.client.send("POST", RESET, {
      headers: { "Content-Type": "application/json" },
      body,
    });
    expect([answer.status, JSON.parse(answer.body).reason]).toEqual([400, "invalid_json"]);
    expect(answer.body).not.toMatch(/position|Unexpected|SyntaxError|JSON at/);
  }
});

everyFlawOf("e-validation");
