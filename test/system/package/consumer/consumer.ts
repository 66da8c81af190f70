// An application as its compiler sees it: every entry imported, every type that people write down used. Needs no
// types of Node and none of the DOM.
import {
  background,
  breachedPassword,
  type CompleteResetResult,
  canonicalEmail,
  createPasswordReset,
  defaultPasswordRules,
  type PasswordReset,
  RelatchError,
  type ResetEvent,
  type ResetUser,
  sessionStamp,
  signedTokens,
  TimeSpan,
  type TokenStore,
  type UserStore,
} from "relatch";
import { passwordResetClient } from "relatch/client";
import { combine } from "relatch/combine";
import { consoleMailer } from "relatch/console";
import { fetchMailer, type MailService, mailgun, postmark, resend, sendgrid } from "relatch/fetch";
import { en, ru } from "relatch/languages";
import { memoryHasher, memoryMailer, memoryPorts, memoryTokens } from "relatch/memory";
import { nodemailerMailer } from "relatch/nodemailer";

const rows = new Map<string, ResetUser>();

const users: UserStore = {
  findByEmail: async (email) => [...rows.values()].find((row) => canonicalEmail(row.email) === email),
  findById: async (id) => rows.get(id) ?? null,
  async replacePasswordHash({ userId, email, expected, next }) {
    const row = rows.get(userId);
    if (!row || row.email !== email || row.passwordHash !== expected) return false;
    row.passwordHash = next;
    return true;
  },
};

const transport = { sendMail: async (mail: { to: string; subject: string }) => `${mail.to}: ${mail.subject}` };
const apiKey = "key";
const services: MailService[] = [
  resend({ apiKey }),
  postmark({ apiKey }),
  sendgrid({ apiKey }),
  mailgun({ apiKey, domain: "mg.example.org" }),
];
const tokens: TokenStore = memoryTokens();
const seen: ResetEvent[] = [];
const failures: unknown[] = [];

export const passwordReset: PasswordReset = createPasswordReset({
  users,
  tokens,
  mailer: combine(
    memoryMailer(),
    consoleMailer(() => {}),
    nodemailerMailer(transport),
    ...services.map((service) => fetchMailer(service)),
  ),
  hasher: memoryHasher(),
  from: ({ tenant = "relatch" }) => `${tenant}@example.org`,
  appName: ({ locale }) => (locale === "ru" ? "Акме" : "Acme"),
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: false,
  tokenLifetime: new TimeSpan(30, "m"),
  passwordRules: [...defaultPasswordRules, breachedPassword({ onUnavailable: "refuse" })],
  limits: { client: { max: 10, window: new TimeSpan(1, "m") }, address: undefined },
  dispatcher: background({ concurrency: 2 }),
  languages: [en, ru],
  onEvent: (event) => seen.push(event),
  onError: ({ code, message, detail }, cause) => failures.push([code, message, detail, cause]),
});

export const tenanted: PasswordReset<{ tenant: "acme" | "globex" }> = createPasswordReset({
  ...memoryPorts(),
  tenants: ["acme", "globex"],
  appName: ({ tenant }) => tenant,
  resetUrl: ({ tenant }) => `https://${tenant}.example.com/password_reset/:token`,
  revokeSessions: false,
});

export const stateless: PasswordReset = createPasswordReset({
  ...memoryPorts(),
  tokens: signedTokens(),
  keys: [new Uint8Array(32)],
  appName: "Acme",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: async (userId, { except }) => userId.length + except.length,
});

/** Results are told apart by literals: without one of these branches this would not compile. */
export function explain(result: CompleteResetResult<{ secondFactor: string }>): string {
  if (result.ok) return sessionStamp({ id: result.userId, passwordHash: null });
  switch (result.reason) {
    case "invalid_or_expired_token":
      return "again";
    case "password_rejected":
      return result.violations.map(({ code, message }) => `${code}: ${message}`).join("\n");
    case "second_factor_required":
    case "second_factor_rejected":
      return result.secondFactors.join();
  }
}

/** In a browser or an app, which the compiler knows as little about. */
export async function describeLink(token: string): Promise<string> {
  const link = await passwordResetClient({ url: "/password_reset" }).verifyToken({ token });
  return link.ok ? link.expiresAt.toISOString() : link.detail;
}

export const isMailFault = (error: unknown): boolean => error instanceof RelatchError && error.code === "ERR_MAILER";
