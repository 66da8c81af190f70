import express, { type Application } from "express";
import { listen } from "./listen.ts";
import { frameworkSuite } from "./suite.ts";

const addOther = (app: Application): Application =>
  app.post("/other", express.json(), (req, res) => void res.json({ length: req.body.text.length }));

frameworkSuite("Express", async () => {
  const { app } = await import("../express.ts");
  return listen(addOther(app));
});

frameworkSuite("Express behind body parsers", async () => {
  const { app } = await import("../express.ts");
  const parsers = [express.json(), express.urlencoded({ extended: true })];
  return listen(addOther(express().set("trust proxy", "loopback").use(parsers, app)));
});

frameworkSuite("The adapter for Express", async () => {
  const { passwordResetMiddleware } = await import("../../express/adapter.ts");
  const { defaultPages } = await import("relatch/pages");
  const { passwordReset } = await import("../password-reset.ts");
  const visitorOf = (req: express.Request) => ({ ip: req.ip });
  const middleware = passwordResetMiddleware({ passwordReset, pages: defaultPages(), visitorOf });
  return listen(addOther(express().set("trust proxy", "loopback").use(middleware)));
});
