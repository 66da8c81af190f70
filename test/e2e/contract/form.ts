import { describe, expect, it } from "vitest";
import { attribute } from "../client.ts";
import {
  errorAt,
  FORM,
  handleIn,
  type Launch,
  NEW_PASSWORD,
  pairs,
  requestLink,
  signIn,
  submit,
} from "./helpers.ts";

/** The form for the new password, and what it refuses. */
export function formContract(name: string, launch: Launch): void {
  describe(`${name}: the form`, () => {
    it("is what people and password managers need", async () => {
      const { app, mike, client } = await launch();
      const { body, headers } = await client.follow(await client.get(await requestLink(app, client, mike)));
      for (const field of ["password", "password_confirmation"]) {
        expect(attribute(body, `name="${field}"`, "type")).toBe("password");
        expect(attribute(body, `name="${field}"`, "autocomplete")).toBe("new-password");
      }
      expect(attribute(body, 'autocomplete="username"', "value")).toBe(mike.email);
      expect(body).toContain("At least 8 characters.");
      expect(headers).toMatchObject({ "referrer-policy": "same-origin", "cache-control": "no-store" });
    });

    it("shows each error at its field, and keeps the link", async () => {
      const { app, mike, client } = await launch();
      const form = await client.follow(await client.get(await requestLink(app, client, mike)));
      const different = await submit(client, form, NEW_PASSWORD, `${NEW_PASSWORD} `);
      expect(different.status).toBe(400);
      expect(errorAt(different, "password_confirmation")).toBe(
        "The two passwords were different. Enter both again.",
      );
      expect(errorAt(different, "password")).toBeUndefined();
      expect(different.body).not.toContain(NEW_PASSWORD);

      const short = await submit(client, different, "1234567");
      expect(short.status).toBe(400);
      expect(errorAt(short, "password")).toBe("Use at least 8 characters.");
      expect(errorAt(short, "password_confirmation")).toBeUndefined();
      expect(errorAt(await submit(client, short, "password1"), "password")).toMatch(/most common/);
      expect((await submit(client, short, NEW_PASSWORD)).headers.location).toBe("/login?notice=password_set");
    });

    it.each([
      ["nothing", []],
      ["one of the two", [["password", NEW_PASSWORD]]],
      ["both twice", [...pairs(NEW_PASSWORD), ...pairs(NEW_PASSWORD)]],
      [
        "arrays",
        [
          ["password[]", NEW_PASSWORD],
          ["password_confirmation[]", NEW_PASSWORD],
        ],
      ],
      [
        "objects",
        [
          ["password[a]", NEW_PASSWORD],
          ["password_confirmation[a]", NEW_PASSWORD],
        ],
      ],
      [
        "prototypes",
        [
          ["__proto__[password]", NEW_PASSWORD],
          ["constructor[prototype][password]", NEW_PASSWORD],
        ],
      ],
    ] as const)("refuses %s, and nothing changes", async (_, fields) => {
      const { app, mike, client, visitor } = await launch();
      const form = await client.follow(await client.get(await requestLink(app, client, mike)));
      const handle = handleIn(form);
      expect((await client.post(FORM, [["handle", handle], ...fields])).status).toBe(400);
      expect((await signIn(visitor(), mike)).headers.location).toBe("/");
      expect((await submit(client, form, NEW_PASSWORD)).headers.location).toBe("/login?notice=password_set");
    });
  });
}
