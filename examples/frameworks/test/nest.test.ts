import { Body, Controller, HttpCode, Module, Post } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { forward } from "./listen.ts";
import { frameworkSuite } from "./suite.ts";

@Controller("/other")
class OtherController {
  @Post()
  @HttpCode(200)
  lengthOf(@Body() { text }: { text: string }) {
    return { length: text.length };
  }
}

frameworkSuite("NestJS", async () => {
  const { PasswordResetModule } = await import("../nest.ts");

  @Module({ imports: [PasswordResetModule], controllers: [OtherController] })
  class AppModule {}

  const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: false });
  app.set("trust proxy", "loopback");
  await app.listen(0, "127.0.0.1");
  const server = await app.getUrl();
  return { send: (request, ip) => forward(server, request, ip), close: () => app.close() };
});
