import { type Context, type ErrorHandler, Hono } from "hono";
import { accepts } from "hono/accepts";
import {
  createPasswordReset,
  type Mailer,
  type PasswordReset,
  type PasswordResetOptions,
  type SecondFactor,
} from "relatch";
import { en, ru } from "relatch/languages";
import { defaultPages } from "relatch/pages";
import type { AppDatabase } from "../shared/database.ts";
import { REFUSALS, RefusedRequest } from "../shared/form-guard.ts";
import { FRAME_POLICY, frameEmail, INBOX_PATH, type Inbox, isLoopback } from "../shared/inbox.ts";
import type { LoginHasher } from "../shared/sign-in.ts";
import { createProblemPage, linkInbox, pageHeaders } from "../shared/site.ts";
import { createViews, type Views } from "../shared/views.ts";
import { accounts } from "./accounts.ts";
import { passwordResetMiddleware } from "./adapter.ts";

export interface AppOptions {
  /** The origin at which people reach the application, for example `https://app.example.com`. Links are made from this alone. */
  origin: string;
  database: AppDatabase;
  hasher: LoginHasher;
  mailer: Mailer;
  /** The sender of all emails, for example `"Acme <noreply@example.com>"`. */
  from?: string | undefined;
  /** Returns the client's address. Each runtime has its own way to learn it. */
  clientIp: (c: Context) => string | undefined;
  /** Shown at /dev/mail of this machine. Leave it out in production. */
  inbox?: Inbox | undefined;
  /** Says on the page that an address is unknown. */
  revealUnknown?: boolean | undefined;
  /** Keys for codes. With them, the pages ask for the code in the email. */
  codeKeys?: PasswordResetOptions["keys"];
  secondFactor?: SecondFactor<string> | undefined;
  limits?: PasswordResetOptions["limits"];
  dispatcher?: PasswordResetOptions["dispatcher"];
  onEvent?: PasswordResetOptions["onEvent"];
  onError?: (error: unknown) => void;
}

const APP_NAME = "Acme";

/** Creates the application. `app.fetch` responds to a request, on any runtime. */
export function createApp(options: AppOptions): { app: Hono; passwordReset: PasswordReset } {
  const { origin, database, hasher, mailer, from, clientIp, inbox, revealUnknown } = options;
  const { codeKeys, secondFactor, limits, dispatcher, onEvent, onError = console.error } = options;
  const { users, sessions, tokens } = database;

  const passwordReset = createPasswordReset({
    users,
    tokens,
    mailer,
    from,
    hasher,
    appName: APP_NAME,
    resetUrl: `${origin}/password_reset/:token`,
    revokeSessions: (userId, { except }) => sessions.deleteAllBut(except, userId),
    languages: [en, ru],
    keys: codeKeys,
    codes: codeKeys !== undefined,
    secondFactor,
    limits,
    dispatcher,
    onEvent,
  });

  const pages = inbox ? linkInbox(defaultPages()) : defaultPages();
  const views = createViews({ appName: APP_NAME, inboxPath: inbox && INBOX_PATH });
  const localeOf = (c: Context) => passwordReset.settings({ locale: c.req.header("Accept-Language") }).locale;
  const rateLimiter = limits ? limits.rateLimiter : undefined;
  const { routes: accountRoutes, userOf } = accounts({
    database,
    hasher,
    views,
    origin,
    localeOf,
    clientIp,
    rateLimiter,
  });

  const app = new Hono();
  app.use((c, next) => {
    for (const [name, value] of Object.entries(pageHeaders(pages))) c.header(name, value);
    return next();
  });
  app.use(
    passwordResetMiddleware({
      passwordReset,
      pages,
      method: codeKeys ? "code" : "link",
      signOutPath: "/logout",
      visitorOf: async (c) => ({ ip: clientIp(c), isSignedIn: (await userOf(c)) !== undefined }),
      // Only if telling people that they mistyped is worth telling strangers who has an account here:
      ...(revealUnknown && { revealUnknownAccounts: async (email) => Boolean(await users.findByEmail(email)) }),
      onError,
    }),
  );
  app.route("/", accountRoutes);
  if (inbox) app.route(INBOX_PATH, inboxRoutes(inbox, views));
  app.notFound(() => {
    throw new RefusedRequest("not_found");
  });
  app.onError(handleErrors(createProblemPage(passwordReset, pages), onError));
  return { app, passwordReset };
}

/** Responds to errors with fixed words. The cause is for `onError` and not for the visitor. */
const handleErrors =
  (renderProblem: ReturnType<typeof createProblemPage>, onError: (error: unknown) => void): ErrorHandler =>
  async (error, c) => {
    const { reason, retryAfterSeconds } = error instanceof RefusedRequest ? error : new RefusedRequest("fault");
    if (reason === "fault") onError(error);
    if (retryAfterSeconds !== undefined) c.header("Retry-After", String(retryAfterSeconds));
    return c.html(await renderProblem(reason, c.req.header("Accept-Language"), retryAfterSeconds), REFUSALS[reason]);
  };

function inboxRoutes(inbox: Inbox, views: Views): Hono {
  const routes = new Hono();
  const prefersJson = (c: Context): boolean =>
    accepts(c, { header: "Accept", supports: ["text/html", "application/json"], default: "text/html" }) !== "text/html";
  const findEmail = async (c: Context) => {
    const email = await inbox.find(Number(c.req.param("id")));
    if (!email) throw new RefusedRequest("not_found");
    return email;
  };
  routes.use((c, next) => {
    if (!isLoopback(c.req.url)) throw new RefusedRequest("not_found");
    return next();
  });
  routes.get("/", async (c) => {
    const content = await inbox.list();
    return prefersJson(c) ? c.json(content.emails) : c.html(views.inbox(content));
  });
  routes.get("/:id", async (c) => {
    const email = await findEmail(c);
    return prefersJson(c) ? c.json(email) : c.html(views.email(email));
  });
  routes.get("/:id/html", async (c) => {
    const email = await findEmail(c);
    c.header("Content-Security-Policy", FRAME_POLICY);
    return c.html(frameEmail(email));
  });
  return routes;
}
