import { type RequestHandler, Router, urlencoded } from "express";
import { passwordReset } from "../password-reset.ts";

/** The shortest way: the form is posted to the link itself, so no cookie is needed. */
export const router = Router();

const ORIGIN = "https://app.example.com";

const refuseOtherSites: RequestHandler = (req, res, next) => {
  if (req.method === "POST" && req.get("Origin") !== ORIGIN) res.status(403).send("Another site has sent this form.");
  else next();
};

router.use("/password_reset", refuseOtherSites, urlencoded({ extended: false }), (req, res, next) => {
  req.body ??= {};
  // The page with the form has the token in its address, and forms of pages without a referrer have no Origin.
  res.set({ "Cache-Control": "no-store", "Referrer-Policy": "strict-origin" });
  next();
});

router.get("/password_reset", (_req, res) => res.render("request", { error: undefined, email: "" }));

router.post("/password_reset", async (req, res) => {
  const { email } = req.body;
  const result = await passwordReset.requestReset({ email, ip: req.ip, locale: req.get("Accept-Language") });
  if (result.ok) return res.render("sent");
  res.status(result.reason === "throttled" ? 429 : 400).render("request", { error: result.reason, email });
});

router.get("/password_reset/:token", async ({ params: { token } }, res) => {
  const link = await passwordReset.verifyToken({ token });
  if (link.ok) res.render("new-password", { email: link.email, errors: [] });
  else res.status(400).render("request", { error: link.reason, email: "" });
});

router.post("/password_reset/:token", async ({ params: { token }, body, ip, headers }, res) => {
  const { email, password: newPassword } = body;
  const locale = headers["accept-language"];
  const result = await passwordReset.completeReset({ token, newPassword, ip, locale });
  if (result.ok) return res.redirect(303, "/login?notice=password_set");
  if (result.reason === "invalid_or_expired_token") {
    return res.status(400).render("request", { error: result.reason, email: "" });
  }
  const errors = result.violations.map(({ message }) => message);
  res.status(422).render("new-password", { email, errors });
});
