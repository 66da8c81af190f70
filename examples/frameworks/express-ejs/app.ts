import { join } from "node:path";
import express, { type Application } from "express";

/** An application with EJS templates. */
export function createApp(): Application {
  const app = express();
  app.set("view engine", "ejs");
  app.set("views", join(import.meta.dirname, "views"));
  app.set("trust proxy", "loopback"); // the address of your proxy, so that `req.ip` is the client
  return app;
}
