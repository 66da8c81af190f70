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

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the `MAIL_*` variables. Nothing where `MAIL_SERVER` is not set; throws where they make no sense. */
export function mailSettings(env: Environment): MailSettings | undefined {
  const host = env["MAIL_SERVER"];
  if (!host) return undefined;
  const port = Number(env["MAIL_PORT"] || 587);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new Error("MAIL_PORT has to be a port number.");

  const user = env["MAIL_USERNAME"] || env["USER_EMAIL_ADDRESS"];
  const pass = env["MAIL_PASSWORD"] || env["USER_EMAIL_PASSWORD"];
  if (Boolean(user) !== Boolean(pass)) {
    throw new Error("MAIL_USERNAME and MAIL_PASSWORD go together: set both or neither.");
  }
  const from = env["MAIL_FROM"] || user;
  if (!from?.includes("@")) throw new Error("MAIL_FROM has to be the address that mails come from.");

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

/** A variable that is on or off. */
export function flag(env: Environment, name: string, fallback: boolean): boolean {
  const value = (env[name] ?? "").trim().toLowerCase();
  if (value === "") return fallback;
  if (["1", "true", "yes", "on"].includes(value)) return true;
  if (["0", "false", "no", "off"].includes(value)) return false;
  throw new Error(`${name} has to be true or false.`);
}
