import { readJson } from "./application.ts";
import { frameworkSuite } from "./suite.ts";

frameworkSuite("Astro", async () => {
  const { onRequest } = await import("../astro/middleware.ts");
  return {
    send: (request, ip) =>
      onRequest({ request, url: new URL(request.url), clientAddress: ip }, async () =>
        Response.json({ length: (await readJson(request))["text"]?.length }),
      ),
  };
});
