import { randomUUID } from "node:crypto";
import { type Request, type RequestHandler, Router, urlencoded } from "express";
import { canonicalEmail, type PasswordHasher, type ResetUser } from "relatch";
import { readSignInEmail } from "relatch/http";

// The sign-in of the tutorial. Four things matter: the session is opened for the row that was verified, an unknown address
// takes as long as a known one, every request calls `userOf`, and signing out ends the session itself, because somebody may
// have copied the cookie. A real sign-in also slows down people who guess.

export interface LoginOptions {
  /** The origin at which people reach the application. Forms of other sites are refused. */
  origin: string;
  users: { findByEmail(email: string): Promise<ResetUser | undefined> };
  sessions: {
    open(user: ResetUser): Promise<string>;
    userOf(sessionId: string): Promise<ResetUser | undefined>;
    close(sessionId: string): Promise<unknown>;
  };
  hasher: PasswordHasher & { verify(hash: string, password: string): Promise<boolean> };
}

/** Returns the routes `/login` and `/logout`, and the function that tells who is signed in. */
export function loginRoutes({ origin, users, sessions, hasher }: LoginOptions) {
  const nobodysHash = hasher.hash(randomUUID());
  const ownForm: RequestHandler[] = [
    (req, res, next) => (req.get("Origin") === origin ? next() : void res.sendStatus(403)),
    urlencoded({ extended: false }),
  ];
  const router = Router();

  router.get("/login", (req, res) => {
    const email = escapeHtml(readSignInEmail(req.headers.cookie) ?? ""); // of the person who has just set a new password
    const notice = req.query["notice"] === "password_set" ? "<p>Your new password is set. Sign in with it.</p>" : "";
    res.send(`<!doctype html><html lang="en"><title>Sign in</title><h1>Sign in</h1>${notice}
      <form method="post"><input name="email" aria-label="Email address" autocomplete="username" value="${email}">
      <input name="password" type="password" aria-label="Password" autocomplete="current-password">
      <button>Sign in</button></form><p><a href="/password_reset">Forgot your password?</a></p></html>`);
  });

  router.post("/login", ...ownForm, async (req, res) => {
    const { email, password } = req.body ?? {};
    const user = await users.findByEmail(canonicalEmail(email) ?? "");
    const matches = await hasher.verify(user?.passwordHash ?? (await nobodysHash), String(password));
    if (!user?.resetAllowed || !matches) return void res.status(400).send("Wrong email address or password.");
    const secure = origin.startsWith("https:");
    res.cookie("session", await sessions.open(user), { httpOnly: true, secure, sameSite: "lax" });
    res.redirect(303, "/");
  });

  router.post("/logout", ...ownForm, async (req, res) => {
    const id = sessionOf(req);
    if (id !== undefined) await sessions.close(id);
    const path = String(req.body?.return_to); // two slashes, or a backslash, would lead to another site
    res.clearCookie("session").redirect(303, /^\/(?![/\\])[!-~]*$/.test(path) ? path : "/login");
  });

  const sessionOf = (req: Request) => /(?:^|; )session=([^;]+)/.exec(req.headers.cookie ?? "")?.[1];

  async function userOf(req: Request): Promise<ResetUser | undefined> {
    const id = sessionOf(req);
    return id === undefined ? undefined : sessions.userOf(id);
  }

  return { router, userOf };
}

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
