import express, { type Express } from "express";
import {
  canonicalEmail,
  createPasswordReset,
  type Mailer,
  type PasswordReset,
  type PasswordResetOptions,
} from "relatch";
import { en, ru } from "relatch/languages";
import type { AppDatabase } from "../shared/database.ts";
import { FRAMED_MAIL_POLICY, framedMail, type Inbox, inboxPage, mailPage } from "../shared/inbox.ts";
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
  /** Shown at /dev/mail; leave it out where real mail is sent. */
  inbox?: Inbox | undefined;
  /** Says on the page that an address is unknown. */
  revealUnknown?: boolean | undefined;
  limits?: PasswordResetOptions["limits"];
  onEvent?: PasswordResetOptions["onEvent"];
  onError?: (error: unknown) => void;
}

const APP_NAME = "Acme";
const INBOX_PATH = "/dev/mail";

/** The application, ready to be given a port. */
export function createApp(options: AppOptions): { app: Express; passwordReset: PasswordReset } {
  const {
    origin,
    database,
    hasher,
    mailer,
    inbox,
    revealUnknown,
    limits,
    onEvent,
    onError = console.error,
  } = options;
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
  const { router: accountRoutes, userOf } = accounts({ database, hasher, views, origin });

  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use((_req, res, next) => {
    res.set(pageHeaders(views));
    next();
  });
  app.use(
    passwordResetRoutes({
      passwordReset,
      resetUrl,
      views,
      emailOf: async (userId) => (await users.findById(userId))?.email,
      isSignedIn: async (req) => (await userOf(req)) !== undefined,
      homePath: "/",
      loginPath: "/login",
      onError,
      // Only where telling people that they mistyped is worth telling strangers who has an account here:
      ...(revealUnknown && {
        isUnknown: async (email) => !(await users.findByEmail(canonicalEmail(email) ?? "")),
      }),
    }),
  );
  app.use(accountRoutes);
  app.get(ICON_PATH, (_req, res) => res.set("Cache-Control", "max-age=86400").type("svg").send(brandMark));
  if (inbox) app.use(INBOX_PATH, inboxRoutes(inbox, views));
  app.use((req, res) => {
    res.status(404).send(views.problem({ locale: localeOf(req), status: 404 }));
  });
  app.use(errorPage(views, onError));
  return { app, passwordReset };
}

function inboxRoutes(inbox: Inbox, views: Views): express.Router {
  const router = express.Router();
  router.use((_req, res, next) => {
    const headers = pageHeaders(views);
    res.set({
      ...headers,
      "Content-Security-Policy": `${headers["Content-Security-Policy"]}; frame-src 'self'`,
    });
    next();
  });
  router.get("/", (req, res) => {
    const mails = inbox.list();
    if (prefersJson(req)) res.json(mails);
    else res.send(inboxPage(views, INBOX_PATH, mails));
  });
  router.get("/:id", (req, res, next) => {
    const mail = inbox.find(Number(req.params.id));
    if (!mail) next();
    else if (prefersJson(req)) res.json(mail);
    else res.send(mailPage(views, INBOX_PATH, mail));
  });
  router.get("/:id/html", (req, res, next) => {
    const mail = inbox.find(Number(req.params.id));
    if (!mail) next();
    else res.set("Content-Security-Policy", FRAMED_MAIL_POLICY).send(framedMail(mail));
  });
  return router;
}
