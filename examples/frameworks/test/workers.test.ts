import { expect, test, vi } from "vitest";
import { Browser, locationOf, MIKE, PASSWORD, readField } from "./application.ts";

test("a Worker with D1 completes a reset: the email leaves after the response, and the old session ends", async () => {
  const { default: worker } = await import("../workers.ts");
  const { env, waiting } = await import("cloudflare:workers");
  const emails: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_input, init) => {
    emails.push(String(init?.body));
    return Response.json({ id: "1" });
  });

  const person = new Browser((request) => {
    request.headers.set("CF-Connecting-IP", "192.0.2.1");
    return worker.fetch(request);
  });
  expect((await person.submit("/password_reset", { email: MIKE })).status).toBe(200);
  await Promise.all(waiting.splice(0));
  const link = /https:\/\/app\.example\.com(\/password_reset\/[\w-]+)/.exec(emails[0] ?? "")?.[1] ?? "";
  const form = await person.follow(await person.get(link));
  const handle = readField(await form.text(), "handle");
  const passwords = { handle, password: PASSWORD, password_confirmation: PASSWORD };
  expect(locationOf(await person.submit("/password_reset/new_password", passwords))).toBe("/login?notice=password_set");
  await Promise.all(waiting.splice(0));

  expect(emails).toHaveLength(2);
  const { hasher } = await import("../workers-hasher.ts");
  const row = (await env.DB.prepare("SELECT password_hash AS hash FROM users").bind().first()) as { hash: string };
  expect(await hasher.verify(row.hash, PASSWORD)).toBe(true);
  expect(await env.DB.prepare("SELECT * FROM sessions").bind().first()).toBeNull();
  expect((await worker.fetch(new Request("https://app.example.com/other"))).status).toBe(404);
});
