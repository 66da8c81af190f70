import { type Context, Hono } from "hono";
import {
  canonicalEmail,
  createPasswordReset,
  type Mailer,
  type PasswordReset,
  type PasswordResetOptions,
} from "relatch";
import { en, ru } from "relatch/languages";
import type { AppDatabase } from "../shared/database.ts";
import { type CaughtMail, FRAMED_MAIL_POLICY, framedMail, inboxPage, mailPage } from "../shared/inbox.ts";
import { brandMark, ICON_PATH } from "../shared/layout.ts";
import type { LoginHasher } from "../shared/sign-in.ts";
import { createViews, type Views } from "../shared/views.ts";
import { accounts } from "./accounts.ts";
import { errorPage, localeOf, pageHeaders, passwordResetRoutes, prefersJson } from "./adapter.ts";

export interface AppOptions {
  /** Where people reach the application, e.g. `https://app.example.com`. Links are made from this alone. */
  origin: string;
  database: AppDatabase;
  hasher: LoginHasher;
  mailer: Mailer;
  /** The client's address: each runtime has its own way to tell it. */
  clientIp: (c: Context) => string | undefined;
  /** Shown at /dev/mail; leave it out where real mail is sent. */
  inbox?: Inbox | undefined;
  /** Says on the page that an address is unknown. */
  revealUnknown?: boolean | undefined;
  limits?: PasswordResetOptions["limits"];
  dispatcher?: PasswordResetOptions["dispatcher"];
  onEvent?: PasswordResetOptions["onEvent"];
  onError?: (error: unknown) => void;
}

/** The mails that were caught, in memory or in a store. */
interface Inbox {
  list(): readonly CaughtMail[] | Promise<readonly CaughtMail[]>;
  find(id: number): CaughtMail | undefined | Promise<CaughtMail | undefined>;
}

const APP_NAME = "Acme";
const INBOX_PATH = "/dev/mail";

/** The application: `app.fetch` answers a request, on any runtime. */
export function createApp(options: AppOptions): { app: Hono; passwordReset: PasswordReset } {
  const { origin, database, hasher, mailer, clientIp, inbox, revealUnknown } = options;
  const { limits, dispatcher, onEvent, onError = console.error } = options;
  const { users, sessions, tokens } = database;
  const resetUrl = `${origin}/password_reset/:token`;

  const passwordReset = createPasswordReset({
    users,
    tokens,
    mailer,
    hasher,
    appName: APP_NAME,
    resetUrl,
    revokeSessions: (userId, { stamp }) => sessions.deleteAllBut(stamp, userId),
    languages: [en, ru],
    limits,
    dispatcher,
    onEvent,
  });

  const views = createViews({
    appName: APP_NAME,
    homePath: "/",
    loginPath: "/login",
    logoutPath: "/logout",
    resetPath: "/password_reset",
    passwordMinLength: 8,
    inboxPath: inbox && INBOX_PATH,
  });
  const { routes: accountRoutes, userOf } = accounts({
    database,
    hasher,
    views,
    origin,
    clientIp,
    rateLimiter: limits?.rateLimiter,
  });

  const app = new Hono();
  app.use((c, next) => {
    for (const [name, value] of Object.entries(pageHeaders(views))) c.header(name, value);
    return next();
  });
  app.route(
    "/",
    passwordResetRoutes({
      passwordReset,
      resetUrl,
      views,
      emailOf: async (userId) => (await users.findById(userId))?.email,
      isSignedIn: async (c) => (await userOf(c)) !== undefined,
      homePath: "/",
      loginPath: "/login",
      clientIp,
      onError,
      // Only where telling people that they mistyped is worth telling strangers who has an account here:
      ...(revealUnknown && {
        isUnknown: async (email) => !(await users.findByEmail(canonicalEmail(email) ?? "")),
      }),
    }),
  );
  app.route("/", accountRoutes);
  app.get(ICON_PATH, (c) =>
    c.body(brandMark, 200, { "Cache-Control": "max-age=86400", "Content-Type": "image/svg+xml" }),
  );
  if (inbox) app.route(INBOX_PATH, inboxRoutes(inbox, views));
  app.notFound((c) => c.html(views.problem({ locale: localeOf(c), status: 404 }), 404));
  app.onError(errorPage(views, onError));
  return { app, passwordReset };
}

function inboxRoutes(inbox: Inbox, views: Views): Hono {
  const routes = new Hono();
  routes.use((c, next) => {
    const policy = pageHeaders(views)["Content-Security-Policy"];
    c.header("Content-Security-Policy", `${policy}; frame-src 'self'`);
    return next();
  });
  const mailOf = (c: Context) => inbox.find(Number(c.req.param("id")));
  routes.get("/", async (c) => {
    const mails = await inbox.list();
    return prefersJson(c) ? c.json(mails) : c.html(inboxPage(views, INBOX_PATH, mails));
  });
  routes.get("/:id", async (c) => {
    const mail = await mailOf(c);
    if (!mail) return c.notFound();
    return prefersJson(c) ? c.json(mail) : c.html(mailPage(views, INBOX_PATH, mail));
  });
  routes.get("/:id/html", async (c) => {
    const mail = await mailOf(c);
    if (!mail) return c.notFound();
    c.header("Content-Security-Policy", FRAMED_MAIL_POLICY);
    return c.html(framedMail(mail));
  });
  return routes;
}
