import express from "express";
import { passwordResetRoutes } from "relatch/http";
import { nodeMiddleware } from "relatch/node";
import { defaultPages } from "relatch/pages";
import { passwordReset } from "./password-reset.ts";

const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });

export const app = express();
app.set("trust proxy", "loopback"); // the address of your proxy, so that `req.ip` is the client
app.use(nodeMiddleware(routes)); // before body parsers
