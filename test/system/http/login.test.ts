import express from "express";
import type { ResetUser } from "relatch";
import { expect, onTestFinished, test } from "vitest";
import { loginRoutes } from "../../../examples/express/login.ts";
import { Client } from "./client.ts";

// The sign-in of docs/new-application.md, with sessions in memory.

const ORIGIN = "http://localhost:8000";
const user = { id: "1", email: "mike@example.org", passwordHash: "right", resetAllowed: true };

async function launch() {
  const open = new Map<string, ResetUser>();
  const { router, userOf } = loginRoutes({
    origin: ORIGIN,
    users: { findByEmail: async (email) => (email === user.email ? user : undefined) },
    sessions: {
      async open(owner) {
        const id = crypto.randomUUID();
        open.set(id, owner);
        return id;
      },
      userOf: async (id) => open.get(id),
      close: async (id) => open.delete(id),
    },
    hasher: { hash: async () => "nobody's", verify: async (hash, password) => hash === password },
  });
  const app = express().use(router);
  app.get("/", async (req, res) => void res.send((await userOf(req))?.email ?? "Signed out"));
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return () => new Client((server.address() as { port: number }).port, { Origin: ORIGIN });
}

test("signing out ends this session for a copy of its cookie, and no other session", async () => {
  const browser = await launch();
  const [person, elsewhere] = [browser(), browser()];
  const signIn = (client: Client) => client.post("/login", { email: user.email, password: "right" });
  const [cookie = ""] = (await signIn(person)).cookies[0]?.split(";") ?? [];
  await signIn(elsewhere);
  const readCopy = async () => (await browser().get("/", { Cookie: cookie })).body;
  expect(await readCopy()).toBe(user.email);
  expect((await person.post("/logout", { return_to: "/" })).headers.location).toBe("/");
  expect([await readCopy(), (await elsewhere.get("/")).body]).toEqual(["Signed out", user.email]);
  expect((await browser().post("/logout", {})).headers.location).toBe("/login");
});
