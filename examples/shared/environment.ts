/** Where mail goes out, as nodemailer wants it. */
export interface MailSettings {
  from: string;
  transport: {
    host: string;
    port: number;
    secure: boolean;
    requireTLS: boolean;
    auth?: { user: string; pass: string };
    connectionTimeout: number;
    socketTimeout: number;
  };
}

/** The variables of `process.env`, or of anything like it. An empty one counts as absent. */
type Environment = Readonly<Record<string, string | undefined>>;

/** What the demos read from their environment. Throws, with what to write instead, where it makes no sense. */
export const demoSettings = (env: Environment) => ({
  port: portNumber(env, "PORT", 8000),
  development: env["NODE_ENV"] !== "production",
  databaseFile: env["DATABASE_FILE"] || undefined,
  revealUnknown: flag(env, "DEMO_REVEAL_UNKNOWN", false),
  mail: mailSettings(env),
});

/** The `MAIL_*` variables; nothing where `MAIL_SERVER` is not set. */
export function mailSettings(env: Environment): MailSettings | undefined {
  const host = env["MAIL_SERVER"];
  if (!host) return undefined;
  const port = portNumber(env, "MAIL_PORT", 587);
  const user = env["MAIL_USERNAME"] || env["USER_EMAIL_ADDRESS"];
  const pass = env["MAIL_PASSWORD"] || env["USER_EMAIL_PASSWORD"];
  if (Boolean(user) !== Boolean(pass)) {
    throw new Error("MAIL_USERNAME and MAIL_PASSWORD go together: set both, or neither.");
  }
  const from = env["MAIL_FROM"] || user;
  if (!from?.includes("@")) throw new Error("MAIL_FROM has to be the address that the mails come from.");

  const implicitTls = port === 465;
  return {
    from,
    transport: {
      host,
      port,
      secure: implicitTls,
      // STARTTLS or nothing, unless it is switched off in so many letters.
      requireTLS: !implicitTls && flag(env, "MAIL_USE_TLS", true),
      ...(user && pass ? { auth: { user, pass } } : {}),
      connectionTimeout: 10_000,
      socketTimeout: 20_000,
    },
  };
}

function portNumber(env: Environment, name: string, fallback: number): number {
  const port = Number(env[name] || fallback);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`${name} has to be a number from 1 to 65535.`);
}

function flag(env: Environment, name: string, fallback: boolean): boolean {
  const value = (env[name] ?? "").trim().toLowerCase();
  if (value === "") return fallback;
  if (["1", "true", "yes", "on"].includes(value)) return true;
  if (["0", "false", "no", "off"].includes(value)) return false;
  throw new Error(`${name} has to be true or false.`);
}
