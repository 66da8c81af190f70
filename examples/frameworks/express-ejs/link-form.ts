import { type RequestHandler, Router, urlencoded } from "express";
import { passwordReset } from "../password-reset.ts";

/** The shortest way: the form is posted to the link itself, so no cookie is needed. The README shows it. */
export const router = Router();

const ORIGIN = "https://app.example.com";

const refuseOtherSites: RequestHandler = (req, res, next) => {
  if (req.method === "POST" && req.get("Origin") !== ORIGIN) res.sendStatus(403);
  else next();
};

router.use("/password_reset", refuseOtherSites, urlencoded({ extended: false }), (req, res, next) => {
  req.body ??= {};
  // With "no-referrer", forms would be posted with "Origin: null".
  res.set({ "Cache-Control": "no-store", "Referrer-Policy": "strict-origin" });
  next();
});

router.get("/password_reset", (_req, res) => res.render("request", { error: undefined, email: "" }));

router.post("/password_reset", async (req, res) => {
  const { email } = req.body;
  const result = await passwordReset.requestReset({ email, ip: req.ip });
  if (result.ok) return res.render("sent");
  if (result.reason === "throttled") res.set("Retry-After", `${result.retryAfterSeconds}`);
  res.status(result.reason === "throttled" ? 429 : 400).render("request", { error: result.reason, email });
});

router.get("/password_reset/:token", async ({ params: { token } }, res) => {
  const link = await passwordReset.verifyToken({ token });
  if (link.ok) res.render("new-password", { email: link.email, errors: [] });
  else res.status(400).render("request", { error: link.reason, email: "" });
});

router.post("/password_reset/:token", async ({ params: { token }, body }, res) => {
  const { email, password, confirmation } = body;
  const refuse = (errors: string[]) => res.status(422).render("new-password", { email, errors });
  if (password !== confirmation) return refuse(["The passwords don't match."]);
  const result = await passwordReset.completeReset({ token, newPassword: password });
  if (result.ok) return res.redirect(303, "/login?notice=password_set");
  if (result.reason === "password_rejected") return refuse(result.violations.map(({ message }) => message));
  res.status(400).render("request", { error: result.reason, email: "" });
});
