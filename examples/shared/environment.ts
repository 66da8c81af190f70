/** The mail server, as nodemailer wants it. */
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

/** Variables such as those of `process.env`. An empty one counts as absent. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings of the demos. Throws if a variable is invalid, and says what to write instead. */
export function demoSettings(env: Environment) {
  const development = env["NODE_ENV"] !== "production";
  const mail = mailSettings(env);
  if (!development && !mail) {
    throw new Error("MAIL_SERVER must be set if NODE_ENV is production, because the inbox is for development only.");
  }
  return {
    port: portNumber(env, "PORT", 8000),
    development,
    databaseFile: env["DATABASE_FILE"] || undefined,
    revealUnknown: flag(env, "DEMO_REVEAL_UNKNOWN", false),
    codes: flag(env, "DEMO_CODES", false),
    secondFactor: flag(env, "DEMO_SECOND_FACTOR", false),
    mail,
  };
}

/** Reads the `MAIL_*` variables. Returns `undefined` without `MAIL_SERVER`. */
export function mailSettings(env: Environment): MailSettings | undefined {
  const host = env["MAIL_SERVER"];
  if (!host) return undefined;
  const port = portNumber(env, "MAIL_PORT", 587);
  const user = env["MAIL_USERNAME"] || env["USER_EMAIL_ADDRESS"];
  const pass = env["MAIL_PASSWORD"] || env["USER_EMAIL_PASSWORD"];
  if (Boolean(user) !== Boolean(pass)) {
    throw new Error("MAIL_USERNAME and MAIL_PASSWORD must be set together. Set both, or neither.");
  }
  const from = env["MAIL_FROM"] || user;
  if (!from?.includes("@"))
    throw new Error("MAIL_FROM must be the address that the emails come from. Example: noreply@example.com.");

  const implicitTls = port === 465;
  return {
    from,
    transport: {
      host,
      port,
      secure: implicitTls,
      // STARTTLS or no email, unless a variable says otherwise.
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
  throw new Error(`${name} must be a number from 1 to 65535.`);
}

function flag(env: Environment, name: string, fallback: boolean): boolean {
  const value = (env[name] ?? "").trim().toLowerCase();
  if (value === "") return fallback;
  if (["1", "true", "yes", "on"].includes(value)) return true;
  if (["0", "false", "no", "off"].includes(value)) return false;
  throw new Error(`${name} must be true or false.`);
}
