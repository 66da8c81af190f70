import express, { type ErrorRequestHandler, type Express, type Request, type Router } from "express";
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
import { REFUSALS, type Refusal, RefusedRequest } from "../shared/form-guard.ts";
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
  /** Shown at /dev/mail of this machine. Leave it out in production. */
  inbox?: Inbox | undefined;
  /** Says on the page that an address is unknown. */
  revealUnknown?: boolean | undefined;
  /** Keys for codes. With them, the pages ask for the code in the email. */
  codeKeys?: PasswordResetOptions["keys"];
  secondFactor?: SecondFactor<string> | undefined;
  limits?: PasswordResetOptions["limits"];
  onEvent?: PasswordResetOptions["onEvent"];
  onError?: (error: unknown) => void;
}

const APP_NAME = "Acme";

/** Creates the application, ready to be given a port. */
export function createApp(options: AppOptions): { app: Express; passwordReset: PasswordReset } {
  const { origin, database, hasher, mailer, from, inbox, revealUnknown } = options;
  const { codeKeys, secondFactor, limits, onEvent, onError = console.error } = options;
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
    onEvent,
  });

  const pages = inbox ? linkInbox(defaultPages()) : defaultPages();
  const views = createViews({ appName: APP_NAME, inboxPath: inbox && INBOX_PATH });
  const localeOf = (req: Request) => passwordReset.settings({ locale: req.get("Accept-Language") }).locale;
  const { router: accountRoutes, userOf } = accounts({ database, hasher, views, origin, localeOf });

  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use((_req, res, next) => {
    res.set(pageHeaders(pages));
    next();
  });
  app.use(
    passwordResetMiddleware({
      passwordReset,
      pages,
      method: codeKeys ? "code" : "link",
      signOutPath: "/logout",
      visitorOf: async (req) => ({ ip: req.ip, isSignedIn: (await userOf(req)) !== undefined }),
      // Only if telling people that they mistyped is worth telling strangers who has an account here:
      ...(revealUnknown && { revealUnknownAccounts: async (email) => Boolean(await users.findByEmail(email)) }),
      onError,
    }),
  );
  app.use(accountRoutes);
  if (inbox) app.use(INBOX_PATH, inboxRoutes(inbox, views));
  app.use(() => {
    throw new RefusedRequest("not_found");
  });
  app.use(handleErrors(createProblemPage(passwordReset, pages), onError));
  return { app, passwordReset };
}

/** Responds to errors with fixed words. The cause is for `onError` and not for the visitor. */
const handleErrors =
  (renderProblem: ReturnType<typeof createProblemPage>, onError: (error: unknown) => void): ErrorRequestHandler =>
  async (error, req, res, next) => {
    const { reason, retryAfterSeconds } = toRefusal(error);
    if (reason === "fault") onError(error);
    if (res.headersSent) return next(error);
    if (retryAfterSeconds !== undefined) res.set("Retry-After", String(retryAfterSeconds));
    res.status(REFUSALS[reason]).send(await renderProblem(reason, req.get("Accept-Language"), retryAfterSeconds));
  };

/** Express and its body parser put a status on the errors that are the client's. */
const CLIENT_ERRORS: ReadonlyMap<unknown, Refusal> = new Map([
  [400, "not_found"],
  [413, "too_large"],
  [415, "unsupported_media_type"],
]);

const toRefusal = (error: unknown): RefusedRequest =>
  error instanceof RefusedRequest ? error : new RefusedRequest(CLIENT_ERRORS.get(Object(error).status) ?? "fault");

function inboxRoutes(inbox: Inbox, views: Views): Router {
  const router = express.Router();
  const prefersJson = (req: Request) => req.accepts(["html", "json"]) === "json";
  router.use((req, _res, next) => {
    // Not req.hostname, which can come from X-Forwarded-Host.
    if (!isLoopback(`http://${req.headers.host}`)) throw new RefusedRequest("not_found");
    next();
  });
  router.get("/", async (req, res) => {
    const content = await inbox.list();
    if (prefersJson(req)) res.json(content.emails);
    else res.send(views.inbox(content));
  });
  router.get("/:id", async (req, res, next) => {
    const email = await inbox.find(Number(req.params.id));
    if (!email) next();
    else if (prefersJson(req)) res.json(email);
    else res.send(views.email(email));
  });
  router.get("/:id/html", async (req, res, next) => {
    const email = await inbox.find(Number(req.params.id));
    if (!email) next();
    else res.set("Content-Security-Policy", FRAME_POLICY).send(frameEmail(email));
  });
  return router;
}
