import { signedTokens, TimeSpan, type TokenStore } from "relatch";
import { memoryTokens } from "relatch/memory";
import { expect } from "vitest";
import { GOOD_PASSWORD, type Harness, KEYS, MIKE } from "../helpers/harness.ts";
import { both, COMPLETE, FORM, handleIn, INVALID_LOCATION, RESET, VERIFY } from "../system/http/contract/helpers.ts";
import { everyFlawOf, flaw, flawOverHttp, override, REFUSED, signedJob } from "./helpers/flaw.ts";

// A link is valid for its time, for one password and one address, and until it or another link is used.

const [MINUTE, HOUR] = [60_000, 60 * 60_000];
const ANOTHER_PASSWORD = "another password altogether";

/** A store that deletes nothing: a backup may bring back what was deleted, and single use must not depend on it. */
const undying = (store: TokenStore): TokenStore => ({
  ...store,
  deleteByUser: async () => {},
  deleteExpired: async () => 0,
});
const KINDS = {
  stored: () => ({}),
  "stored where nothing is deleted": () => ({ tokens: undying(memoryTokens()) }),
  "stored, the newest only": () => ({ onlyNewestLink: true }),
  signed: () => ({ tokens: signedTokens(), keys: KEYS }),
};
type Kind = keyof typeof KINDS;
const EVERY_KIND: Kind[] = ["stored", "stored where nothing is deleted", "signed"];

const complete = ({ passwordReset }: Harness, token: string, newPassword = GOOD_PASSWORD) =>
  passwordReset.completeReset({ token, newPassword });

/** Uses the link, and comes back later. */
const useAndWait =
  (later: number) =>
  async (app: Harness, token: string): Promise<void> => {
    expect(await complete(app, token)).toMatchObject({ ok: true });
    app.clock.now += later;
  };
const passes = (time: number) => async (app: Harness) => {
  app.clock.now += time;
};
const changes =
  (change: object, later = 0) =>
  async (app: Harness) => {
    app.users.set({ ...MIKE, ...change });
    app.clock.now += later;
  };
async function asksAgain(app: Harness): Promise<string> {
  app.clock.now += MINUTE;
  return app.requestToken();
}
/** The older link expires although a newer one is valid. */
async function asksAndWaits(app: Harness, token: string): Promise<void> {
  app.clock.now += HOUR - MINUTE;
  await app.requestToken();
  expect(await app.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
  app.clock.now += MINUTE;
}
/** A newer link is used. Until then the older one stays valid. */
async function usesNewer(app: Harness, token: string): Promise<void> {
  const newer = await asksAgain(app);
  expect(await app.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
  expect(await complete(app, newer)).toMatchObject({ ok: true });
}

/** By id: how a link ends, after which it must open nothing. */
const ENDS: [id: string, title: string, end: (app: Harness, token: string) => Promise<unknown>, kinds?: Kind[]][] = [
  ["CVE-2026-28268", "A used link opens nothing", useAndWait(0)],
  ["CVE-2022-24743", "A used link opens nothing a millisecond later", useAndWait(1)],
  ["GHSA-2hp9-3xfr-r9w2", "A used link opens nothing a minute later", useAndWait(MINUTE)],
  ["CVE-2024-41888", "A used link opens nothing 59 minutes later", useAndWait(59 * MINUTE)],
  ["CVE-2024-41890", "A newer link invalidates the older one", asksAgain, ["stored, the newest only"]],
  ["CVE-2024-41890", "An older link is valid until a newer one is used", usesNewer],
  ["CVE-2024-41890", "A newer link does not extend the older one", asksAndWaits],
  ["CVE-2016-11074", "A reset by a newer link invalidates the older one", usesNewer],
  ["CVE-2026-73431", "A reset by a newer link invalidates a signed one", usesNewer, ["signed"]],
  ["CVE-2023-1976", "A link expires after an hour", passes(HOUR)],
  ["CVE-2026-21622", "A link of last year opens nothing", passes(365 * 24 * HOUR)],
  ["CVE-2020-11027", "A new password by other means invalidates the link", changes({ passwordHash: "other" })],
  ["CVE-2026-26060", "A link is invalid a day after a new password", changes({ passwordHash: "x" }, 23 * HOUR)],
  ["CVE-2022-46177", "A new address invalidates the link", changes({ email: "mike@elsewhere.example" })],
  ["X13", "A clock that goes back by a week invalidates the link", passes(-7 * 24 * HOUR), ["stored"]],
];

/** The mistake: a link that was valid once stays valid. */
const remembers = override((core, { users }) => {
  const known = new Map<string, object>();
  return {
    async verifyToken({ token }) {
      const result = await core.verifyToken({ token });
      if (result.ok) known.set(token, result);
      return known.get(token) ?? result;
    },
    async completeReset(input) {
      const result = await core.completeReset(input);
      if (!result.ok && known.has(input.token)) users.set({ ...MIKE, passwordHash: input.newPassword });
      return result;
    },
  };
});

for (const [id, title, end, kinds = EVERY_KIND] of ENDS) {
  const tokenLifetime = new TimeSpan(id === "CVE-2026-26060" ? 24 : 1, "h");
  for (const kind of kinds) {
    const plan = { options: () => ({ ...KINDS[kind](), tokenLifetime }), mistake: remembers };
    flaw(id, `${title} (${kind})`, plan, async (app) => {
      const token = await app.requestToken();
      expect(await app.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
      await end(app, token);
      const account = app.users.get("42");
      expect(await app.passwordReset.verifyToken({ token })).toEqual(REFUSED);
      expect(await complete(app, token)).toEqual(REFUSED);
      expect(await complete(app, token, ANOTHER_PASSWORD)).toEqual(REFUSED);
      expect(app.users.get("42")).toEqual(account);
    });
  }

  const plan = { options: () => ({ ...KINDS[kinds[0] ?? "stored"](), tokenLifetime }), mistake: remembers };
  flawOverHttp(id, `${title}, also with the form open`, plan, async (app) => {
    const token = await app.requestToken();
    const form = await app.client.follow(await app.client.get(`${RESET}/${token}`));
    expect(form.status).toBe(200);
    await end(app, token);
    const account = app.users.get("42");
    await app.client.post(FORM, { ...both(ANOTHER_PASSWORD), handle: handleIn(form) });
    const visitor = app.visitor();
    expect((await visitor.get(`${RESET}/${token}`)).headers.location).toBe(INVALID_LOCATION);
    const posted = await visitor.post(`${RESET}/${token}`, both(ANOTHER_PASSWORD));
    expect(posted.headers.location).toBe(INVALID_LOCATION);
    expect((await visitor.json(VERIFY, { token })).status).toBe(400);
    expect((await visitor.json(COMPLETE, { token, newPassword: ANOTHER_PASSWORD })).status).toBe(400);
    expect(app.users.get("42")).toEqual(account);
  });
}

flaw("CVE-2026-26060", "revokeTokens invalidates the link", remembers, async (app) => {
  const token = await app.requestToken();
  expect(await app.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
  await app.passwordReset.revokeTokens("42");
  expect(await app.passwordReset.verifyToken({ token })).toEqual(REFUSED);
});

// ── The lifetime ──────────────────────────────────────────────────────────────────────────────────────────

const LIFETIMES: [minutes: number, words: string][] = [
  [15, "15 minutes"],
  [60, "1 hour"],
  [120, "2 hours"],
  [1440, "1 day"],
];
const saysAnHour = ({ mailer }: Harness) => {
  const { send } = mailer;
  mailer.send = (message, about) => send({ ...message, text: message.text.replace("15 minutes", "1 hour") }, about);
};

for (const kind of ["stored", "signed"] as const) {
  for (const [minutes, words] of LIFETIMES) {
    const options = () => ({ ...KINDS[kind](), tokenLifetime: new TimeSpan(minutes, "m") });
    const plan = { options, mistake: minutes === 15 ? saysAnHour : { tokenLifetime: new TimeSpan(13, "m") } };
    flaw("CVE-2026-52809", `A link is valid for ${words}, as the email says (${kind})`, plan, async (app) => {
      const token = await app.requestToken();
      const expiresAt = new Date(app.clock.now + minutes * MINUTE);
      expect(await app.passwordReset.verifyToken({ token })).toMatchObject({ ok: true, expiresAt });
      for (const text of [app.mailer.sent[0]?.text, app.mailer.sent[0]?.html]) expect(text).toContain(words);
      app.clock.now = expiresAt.getTime() - 1;
      expect(await app.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
      app.clock.now += 1;
      expect(await complete(app, token)).toEqual(REFUSED);
    });
  }
}

const ignoresTheClock = override((core, { clock }) => ({
  verifyToken({ token }) {
    clock.now = Date.UTC(2026, 0, 1);
    return core.verifyToken({ token });
  },
}));

flaw("X13", "No clock moves the expiry of a link", ignoresTheClock, async (app) => {
  const made = app.clock.now;
  const token = await app.requestToken();
  const expiresAt = new Date(made + HOUR);
  for (const [shift, ok] of [
    [-MINUTE, true],
    [HOUR - 1, true],
    [HOUR, false],
  ] as const) {
    app.clock.now = made + shift;
    expect(await app.passwordReset.verifyToken({ token })).toMatchObject(ok ? { ok, expiresAt } : { ok });
  }
});

const believesJobs = override((core, app) => ({
  deliver: (job) => core.deliver(signedJob(app, { ...(job as object), at: app.clock.now })),
}));
const queued = { options: { keys: KEYS }, mistake: believesJobs };

flaw("X13", "A job of the future, or of long ago, makes no link", queued, async (app) => {
  for (const [nth, shift] of [6 * MINUTE, HOUR, 365 * 24 * HOUR, -HOUR - 1].entries()) {
    const at = app.clock.now + shift;
    const job = { type: "reset_requested", email: MIKE.email, id: `job ${nth}`, at };
    await app.passwordReset.deliver(signedJob(app, job));
  }
  expect(app.happened()).toEqual(Array(4).fill("job_dropped:stale"));
  expect(app.mailer.sent).toEqual([]);
});

everyFlawOf("f-life-cycle");
