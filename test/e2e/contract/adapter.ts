import { type PasswordReset, RelatchError } from "relatch";
import { describe, expect, it } from "vitest";
import type { Client } from "../client.ts";
import { both, expectPlainProblem, expectRefusal, SOME_TOKEN } from "./helpers.ts";

/** The routes of an adapter and nothing else, over a library that answers as it is told. */
export type MountAdapter = (options: {
  resetUrl: string;
  passwordReset: PasswordReset;
}) => Promise<{ client: Client; faults: readonly unknown[] }>;

type Answers = Pick<PasswordReset, "requestReset" | "verifyToken" | "completeReset">;

const RESET = "/account/reset";
const LINK = `${RESET}/${SOME_TOKEN}`;

/** What an adapter promises, whatever the library and the application do. */
export function adapterContract(name: string, mountAdapter: MountAdapter): void {
  const mount = (changed: Partial<Answers> = {}, resetUrl = `https://app.test${RESET}/:token`) => {
    const answers: Answers = {
      requestReset: async () => ({ ok: true }),
      verifyToken: async () => ({ ok: true, userId: "1", expiresAt: new Date(Date.now() + 60_000) }),
      completeReset: async () => ({ ok: true, userId: "1", sessionsRevoked: true }),
    };
    return mountAdapter({ resetUrl, passwordReset: { ...answers, ...changed } as PasswordReset });
  };

  describe(`${name}: the adapter by itself`, () => {
    it("mounts at the path of resetUrl", async () => {
      const { client } = await mount();
      const opened = await client.get(LINK);
      expect(opened.headers.location).toBe(`${RESET}/new_password`);
      expect(opened.cookies[0]).toContain(`; Path=${RESET};`);
      expect((await client.json(`${RESET}/complete`, {})).status).toBe(200);
      for (const path of ["/password_reset", "/account", "/account/resets", `${LINK}/x`]) {
        expect((await client.get(path)).status).toBe(404);
      }
    });

    it("lets the grant live no longer than the link", async () => {
      const { client } = await mount();
      const [cookie] = (await client.get(LINK)).cookies;
      expect(Number(cookie?.match(/Max-Age=(\d+)/)?.[1])).toBeLessThanOrEqual(60);
    });

    it("tells programs of sessions that may be alive, of accounts without an address, and of no id", async () => {
      const userId = "the-id-of-the-user";
      const expiresAt = new Date(Date.now() + 60_000);
      const { client } = await mount({
        verifyToken: async () => ({ ok: true, userId, expiresAt }),
        completeReset: async () => ({ ok: true, userId, sessionsRevoked: false }),
      });
      const verified = await client.json(`${RESET}/verify`, { token: SOME_TOKEN });
      expect(JSON.parse(verified.body)).toEqual({
        ok: true,
        email: null,
        expiresAt: expiresAt.toISOString(),
      });
      const completed = await client.json(`${RESET}/complete`, { token: SOME_TOKEN, password: "x" });
      expect(JSON.parse(completed.body)).toEqual({ ok: true, sessionsRevoked: false });
    });

    it.each([
      [
        503,
        "unavailable",
        new RelatchError("ERR_USER_STORE", "secret detail", { cause: new Error("SELECT * FROM users") }),
      ],
      [500, "fault", new Error("secret detail")],
      // What body parsers throw looks like this; a store's error may, too, by chance.
      [500, "fault", Object.assign(new Error("secret detail"), { status: 400, type: "entity.parse.failed" })],
    ] as const)(
      "answers a fault with %i and fixed words, and hands it to the application",
      async (status, reason, fault) => {
        const fail = async () => {
          throw fault;
        };
        const { client, faults } = await mount({
          requestReset: fail,
          verifyToken: fail,
          completeReset: fail,
        });
        const asked = { email: "mike@example.org", token: SOME_TOKEN, password: "x" };
        const pages = [
          await client.get(LINK),
          await client.post(LINK, both("x")),
          await client.post(RESET, asked),
        ];
        for (const answer of pages) {
          expectPlainProblem(answer, status);
          expect(answer.body).not.toMatch(/secret|SELECT/);
          expect(answer.headers["referrer-policy"]).toBe("no-referrer");
        }
        const problems = [
          await client.json(RESET, asked),
          await client.json(`${RESET}/verify`, asked),
          await client.json(`${RESET}/complete`, asked),
          await client.get(LINK, { Accept: "application/json" }),
        ];
        for (const answer of problems) {
          expectRefusal(answer, status, reason);
          expect(answer.body).not.toMatch(/secret|SELECT|mike/);
        }
        expect(faults).toEqual(Array(7).fill(fault));
      },
    );

    it("says so when resetUrl is none it can serve", async () => {
      // At the root these routes would take over the whole application.
      for (const resetUrl of ["https://app.test/reset?token=:token", "https://app.test/:token"]) {
        await expect(mount({}, resetUrl)).rejects.toThrow("resetUrl needs a path and /:token at its end");
      }
    });
  });
}
