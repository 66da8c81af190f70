import cookieParser from "cookie-parser";
import { type RequestHandler, Router, urlencoded } from "express";
import { passwordReset } from "../password-reset.ts";

/** Your own routes and templates, over the three calls. */
export const router = Router();

const ORIGIN = "https://app.example.com";
const LINK = "__Host-link";
const cookie = { httpOnly: true, secure: true, sameSite: "lax", path: "/" } as const;

const refuseOtherSites: RequestHandler = (req, res, next) => {
  if (req.method === "POST" && req.get("Origin") !== ORIGIN) res.status(403).send("Another site has sent this form.");
  else next();
};

router.use("/password_reset", refuseOtherSites, urlencoded({ extended: false }), cookieParser(), (req, res, next) => {
  req.body ??= {};
  res.set({ "Cache-Control": "no-store", "Referrer-Policy": "same-origin" });
  next();
});

router.get("/password_reset", (req, res) => {
  res.render("request", { error: req.query["notice"], email: "" });
});

router.post("/password_reset", async (req, res) => {
  const { email } = req.body;
  const result = await passwordReset.requestReset({ email, ip: req.ip, locale: req.get("Accept-Language") });
  if (result.ok) return res.redirect(303, "/password_reset/sent");
  if (result.reason === "throttled") res.set("Retry-After", `${result.retryAfterSeconds}`);
  res.status(result.reason === "throttled" ? 429 : 400).render("request", { error: result.reason, email });
});

router.get("/password_reset/sent", (_req, res) => res.render("sent"));

router.get("/password_reset/new_password", async (req, res) => {
  const link = await passwordReset.verifyToken({ token: req.cookies[LINK] });
  if (!link.ok) return res.redirect(303, "/password_reset?notice=invalid_or_expired_token");
  res.render("new-password", { email: link.email, errors: [] });
});

router.post("/password_reset/new_password", async (req, res) => {
  const token = req.cookies[LINK];
  const { email, password, confirmation } = req.body;
  const link = await passwordReset.verifyToken({ token });
  // Two links in two tabs share the cookie, and a form must not set the password of the other link's account.
  const isOther = !link.ok || link.email !== email;
  if (isOther) return res.redirect(303, "/password_reset?notice=invalid_or_expired_token");
  const showErrors = (errors: string[]) => res.status(422).render("new-password", { email, errors });
  if (password !== confirmation) return showErrors(["The passwords don't match."]);
  const locale = req.get("Accept-Language");
  const result = await passwordReset.completeReset({ token, newPassword: password, ip: req.ip, locale });
  if (result.ok) return res.clearCookie(LINK, cookie).redirect(303, "/login?notice=password_set");
  if (result.reason === "password_rejected") return showErrors(result.violations.map(({ message }) => message));
  res.redirect(303, "/password_reset?notice=invalid_or_expired_token");
});

// The link moves from the address bar into a cookie. Email scanners may open it too, any number of times.
router.get("/password_reset/:token", async (req, res) => {
  const { token } = req.params;
  const link = await passwordReset.verifyToken({ token });
  if (!link.ok) return res.redirect(303, "/password_reset?notice=invalid_or_expired_token");
  res.cookie(LINK, token, { ...cookie, expires: link.expiresAt }).redirect(303, "/password_reset/new_password");
});
