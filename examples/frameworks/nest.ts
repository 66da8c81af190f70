import { type MiddlewareConsumer, Module, type NestModule, type OnApplicationShutdown } from "@nestjs/common";
import type { Request } from "express";
import { passwordResetRoutes } from "relatch/http";
import { nodeMiddleware } from "relatch/node";
import { defaultPages } from "relatch/pages";
import { passwordReset } from "./password-reset.ts";

const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });

/** Set "trust proxy" in main.ts, so that `req.ip` is the client, and call `app.enableShutdownHooks()`. */
@Module({})
export class PasswordResetModule implements NestModule, OnApplicationShutdown {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(nodeMiddleware(routes, (req: Request) => ({ ip: req.ip }))).forRoutes("{*path}");
  }

  async onApplicationShutdown(): Promise<void> {
    await passwordReset.drain();
  }
}
