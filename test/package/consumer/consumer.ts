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

const transport = {
  sendMail: async (mail: { to: string; subject: string }) => `${mail.to}: ${mail.subject}`,
};
const apiKey = "key";
const services: MailService[] = [
  resend({ apiKey }),
  postmark({ apiKey }),
  sendgrid({ apiKey }),
  mailgun({ apiKey, domain: "mg.example.org" }),
];
const tokens: TokenStore = memoryTokens();
const seen: ResetEvent[] = [];

export const passwordReset: PasswordReset = createPasswordReset({
  users,
  tokens,
  mailer: combine(
    memoryMailer(),
    consoleMailer(() => {}),
    nodemailerMailer(transport, { from: "a@example.org" }),
    ...services.map((service) => fetchMailer(service, { from: ({ tenant }) => `${tenant}@example.org` })),
  ),
  hasher: memoryHasher(),
  appName: ({ locale }) => (locale === "ru" ? "Акме" : "Acme"),
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: false,
  tokenLifetime: new TimeSpan(30, "m"),
  passwordRules: [...defaultPasswordRules, breachedPassword({ onUnavailable: "refuse" })],
  limits: { client: { max: 10, windowSeconds: 60 }, address: undefined },
  dispatcher: background({ concurrency: 2 }),
  languages: [en, ru],
  onEvent: (event) => seen.push(event),
});

export const stateless: PasswordReset = createPasswordReset({
  ...memoryPorts(),
  tokens: signedTokens({ keys: [new Uint8Array(32)] }),
  appName: "Acme",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: async (userId) => userId.length,
});

/** Results are told apart by literals: without one of these branches this would not compile. */
export function explain(result: CompleteResetResult): string {
  if (result.ok) return sessionStamp({ id: result.userId, passwordHash: null });
  switch (result.reason) {
    case "invalid_or_expired_token":
      return "again";
    case "password_rejected":
      return result.violations.map(({ code, message }) => `${code}: ${message}`).join("\n");
  }
}

export const isMailFault = (error: unknown): boolean =>
  error instanceof RelatchError && error.code === "ERR_MAILER";

// @ts-expect-error: leaving the sessions out of account is a decision that has to be written down.
createPasswordReset({ ...memoryPorts(), appName: "Acme", resetUrl: "https://app.example.com/:token" });

// @ts-expect-error: and so is leaving out the client's address.
void passwordReset.requestReset({ email: "mike@example.org" });
