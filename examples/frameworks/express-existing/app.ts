import { randomBytes, randomUUID } from "node:crypto";
import express from "express";
import session from "express-session";
import { canonicalEmail } from "relatch";
import { readSignInEmail } from "relatch/http";
import { ports } from "../password-reset.ts";
import { passwordResetPages } from "./password-reset.ts";
import { compareStamp, openSession } from "./sessions.ts";

/** An application as many are: sessions, global body parsers, and a token in every form. */
export function createApp() {
  const app = express();
  const secret = randomBytes(32).toString("hex");
  app.use(session({ secret, resave: false, saveUninitialized: false, cookie: { sameSite: "lax" } }));
  app.use(compareStamp); // new
  app.use(passwordResetPages); // new: behind the sessions, before the parsers and the check of tokens
  app.use(express.json(), express.urlencoded({ extended: true }));

  app.use((req, res, next) => {
    req.session.csrf ??= randomBytes(16).toString("hex");
    if (req.method !== "POST" || req.body?.csrf === req.session.csrf) return next();
    res.status(403).send("The token of the form is wrong.");
  });

  app.get("/", (req, res) => {
    res.send(req.session.userId ? `Signed in as ${req.session.userId}` : "Signed out");
  });
  app.get("/login", (req, res) => {
    const email = readSignInEmail(req.headers.cookie) ?? ""; // new: who has just set a new password
    res.json({ csrf: req.session.csrf, email });
  });
  // The hash for an unknown address, so that it takes as long as a known one.
  const nobodysHash = ports.hasher.hash(randomUUID());
  app.post("/login", async (req, res) => {
    const { email, password } = req.body;
    const user = await ports.users.findByEmail(canonicalEmail(String(email)) ?? "", undefined);
    const matches = await ports.hasher.verify(user?.passwordHash ?? (await nobodysHash), String(password));
    if (!user?.passwordHash || !matches) {
      return void res.status(400).send("Wrong email address or password.");
    }
    await openSession(req, user); // new: with the stamp
    res.redirect(303, "/");
  });
  return app;
}
