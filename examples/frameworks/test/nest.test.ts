import { Body, Controller, HttpException, Module, Post } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { expect, onTestFinished, test } from "vitest";
import { frameworkSuite } from "./suite.ts";

@Controller("/other")
class OtherController {
  @Post()
  lengthOf(@Body() { text }: { text: string }) {
    return { length: text.length };
  }
}

async function start(prepare = (_app: NestExpressApplication) => {}) {
  const { limitResetBodies, PasswordResetModule } = await import("../nest.ts");

  @Module({ imports: [PasswordResetModule], controllers: [OtherController] })
  class AppModule {}

  const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: false });
  app.set("trust proxy", "loopback");
  limitResetBodies(app);
  prepare(app);
  await app.listen(0, "127.0.0.1");
  return { app, server: await app.getUrl(), close: () => app.close() };
}

frameworkSuite("NestJS", "/password_reset", async () => {
  const { server, close } = await start();
  return {
    send({ url, headers, body }, ip) {
      // What the client says comes first, what the proxy appends last.
      const forwarded = [headers.get("x-forwarded-for"), ip].filter(Boolean).join(", ");
      return fetch(server + new URL(url).pathname, {
        method: "POST",
        headers: { ...Object.fromEntries(headers), "x-forwarded-for": forwarded },
        body,
        duplex: "half",
      });
    },
    close,
  };
});

const postJson = (url: string, fields: unknown) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(fields),
  });

test("the limit of bodies leaves other routes their parser", async () => {
  const { server, close } = await start();
  onTestFinished(close);
  const answer = await postJson(`${server}/other`, { text: "a".repeat(50_000) });
  expect(await answer.json()).toEqual({ length: 50_000 });
});

test("what a guard of the application refuses keeps its status", async () => {
  const refuse = () => {
    throw new HttpException("the guard's own words", 429);
  };
  const { server, close } = await start((app) => app.useGlobalGuards({ canActivate: refuse }));
  onTestFinished(close);
  const answer = await postJson(`${server}/password_reset`, { email: "mike@example.org" });
  expect(answer.status).toBe(429);
  expect(await answer.json()).toMatchObject({ status: 429, reason: "refused" });
});
