import type { Client } from "../../e2e/client.ts";
import { COMPLETE, FORM, handleIn, RESET, VERIFY } from "../../e2e/contract/helpers.ts";
import { type Harness, MIKE } from "../../harness.ts";
import type { Front } from "./adapters.ts";
import type { Recorder } from "./leak-recorder.ts";
import { GOOD, PASSWORDS, PERSONAL, SHORT, type Stage } from "./leak-stage.ts";

const JUNK_EMAILS: unknown[] = [
  "mike",
  "",
  undefined,
  [MIKE.email],
  { $gt: "" },
  `${MIKE.email}\r\nBcc: x@y.z`,
];
const JUNK_TOKENS: unknown[] = [
  "x",
  "",
  undefined,
  ["x"],
  { $ne: null },
  "A".repeat(43),
  "A".repeat(100_000),
  7,
];
const JUNK_PASSWORDS: unknown[] = [undefined, "", 7, ["x"], "x".repeat(10_000), "\0".repeat(9)];
const JUNK_JOBS: unknown[] = [undefined, "x", {}, { v: 1 }, { v: 2, type: "reset_requested" }];

/** The newest token, whether or not its mail arrived. */
const newest = ({ secrets }: Recorder): string =>
  [...secrets].findLast((secret) => /^[\w-]{43,244}$/.test(secret)) ?? "";

/** Every step, with all that can be wrong with what it is given. What it answers or throws is noted. */
export async function everyStep(app: Harness, stage: Stage, recorder: Recorder): Promise<void> {
  const { passwordReset, clock } = app;
  const step = async (where: string, run: () => Promise<unknown>): Promise<void> => {
    try {
      recorder.note(where, await run());
    } catch (error) {
      recorder.note(`${where}, error`, error);
    }
  };
  const request = (email: unknown) =>
    step("requestReset", () => passwordReset.requestReset({ email, ip: "192.0.2.1" }));
  /** Works off the jobs, each as it comes back from a queue, and once more where that failed. */
  const work = async () => {
    await passwordReset.drain();
    for (const job of [...stage.jobs.splice(0)].flatMap((each) => [each, each])) {
      recorder.note("job", job);
      await step("deliver", () => passwordReset.deliver(structuredClone(job)));
    }
  };

  recorder.note("passwordReset", passwordReset);
  for (const email of [MIKE.email, "nobody@example.org", ...JUNK_EMAILS]) await request(email);
  await work();
  clock.now += 60_000;
  const token = newest(recorder);
  for (const each of [token, ...JUNK_TOKENS]) {
    await step("verifyToken", () => passwordReset.verifyToken(each));
    await step("completeReset", () => passwordReset.completeReset({ token: each, newPassword: SHORT }));
  }
  for (const newPassword of [...JUNK_PASSWORDS, PERSONAL]) {
    await step("completeReset", () => passwordReset.completeReset({ token, newPassword }));
  }
  await step("tenant", () => passwordReset.completeReset({ token, newPassword: GOOD, tenant: 7 as never }));
  const [, , , other = ""] = PASSWORDS;
  await Promise.all(
    [GOOD, GOOD, other].map((newPassword) =>
      step("completeReset", () => passwordReset.completeReset({ token, newPassword })),
    ),
  );
  await work();
  await step("verifyToken", () => passwordReset.verifyToken(token));
  for (const job of JUNK_JOBS) await step("deliver", () => passwordReset.deliver(job));
  await step("revokeTokens", () => passwordReset.revokeTokens(MIKE.id));
  await step("revokeTokens", () => passwordReset.revokeTokens({ token } as never));
  await work();
  recorder.note("the account", app.users.get(MIKE.id));
  recorder.note("passwordReset", passwordReset);
}

interface RouteOptions {
  /** With all that can be wrong with what is sent. */
  junk?: boolean;
  /** Called when there is a link. */
  breakIt?: () => void;
}

/** The same over HTTP, by the pages and by JSON. What comes back is noted, but the cookie that is to hold the token. */
export async function everyRoute(
  app: Front,
  recorder: Recorder,
  { junk, breakIt }: RouteOptions,
): Promise<void> {
  const { clock, visitor, passwordReset } = app;
  const browser = visitor();
  const go = async (client: Client, ...[method, path, sent]: Parameters<Client["send"]>) => {
    const site = method === "POST" && sent?.form && { "Sec-Fetch-Site": "same-origin" };
    const answer = await client.send(method, path, { ...sent, headers: { ...site, ...sent?.headers } });
    const cookies = answer.cookies.map((cookie) => cookie.replace(GRANT, "$1"));
    const headers = { ...answer.headers, "set-cookie": cookies };
    recorder.note(`${method} ${path.split("/")[2]?.length === 43 ? "the link" : path}`, {
      ...answer,
      headers,
      cookies,
    });
    return answer;
  };
  const form = (path: string, fields: Record<string, string>) => go(browser, "POST", path, { form: fields });
  const json = (path: string, fields: object) => go(visitor(), "POST", path, { json: fields });
  const both = (password: string, confirmation = password) => ({
    password,
    password_confirmation: confirmation,
  });
  const drain = () => passwordReset.drain().catch((error) => recorder.note("drain", error));
  const request = async (email: unknown) => {
    clock.now += 60_000;
    if (typeof email === "string") await form(RESET, { email });
    else await json(RESET, { email });
    await drain();
  };

  await request(MIKE.email);
  const token = newest(recorder);
  const link = `${RESET}/${token}`;
  await go(browser, "GET", link);
  const handle = handleIn(await go(browser, "GET", FORM));
  breakIt?.();

  if (junk) await everyJunk();
  await json(VERIFY, { token });
  await go(browser, "GET", link);
  await go(browser, "GET", FORM);
  for (const password of [SHORT, PERSONAL]) {
    await form(FORM, { handle, ...both(password) });
    await json(COMPLETE, { token, password });
  }
  await form(link, both(GOOD, `${GOOD}!`));
  await form(FORM, { handle, ...both(GOOD) });
  await json(COMPLETE, { token, password: GOOD });
  await drain();
  await go(browser, "GET", link);
  await request(MIKE.email);
  recorder.note("onError", ...app.faults);

  async function everyJunk() {
    for (const email of ["nobody@example.org", ...JUNK_EMAILS]) await request(email);
    for (const method of ["HEAD", "PUT", "DELETE"]) await go(browser, method, link);
    for (const password of ["", "x".repeat(10_000), GOOD.repeat(900)]) {
      await form(FORM, { handle, ...both(password) });
      await form(link, both(password));
      await json(COMPLETE, { token, password });
    }
    for (const no of JUNK_TOKENS) {
      if (String(no).length < 1000) await go(browser, "GET", `${RESET}/${encodeURIComponent(String(no))}`);
      await json(VERIFY, { token: no, password: GOOD });
      await json(COMPLETE, { token: no, password: GOOD });
    }
    const headers = { "Sec-Fetch-Site": "cross-site" };
    await go(browser, "POST", FORM, { headers, form: { handle, ...both(GOOD) } });
    for (const type of ["text/plain", "application/json", "application/json;charset=utf-16"]) {
      const body = `{"token":"${token}","password":"${GOOD}"`;
      await go(browser, "POST", COMPLETE, { headers: { "Content-Type": type }, body });
    }
  }
}

const GRANT = /^(__Secure-password_reset=)[\w-]{43}(?=;)/;
