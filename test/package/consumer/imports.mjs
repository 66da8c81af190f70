// @ts-check
// Runs in an empty project that has installed the tarball: every entry imports, under the names of its types, and
// what was imported does its main job.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const installed = new URL("./node_modules/relatch/", import.meta.url);
const { exports } = JSON.parse(await readFile(new URL("package.json", installed), "utf8"));

for (const [path, target] of Object.entries(exports)) {
  const specifier = `relatch${path.slice(1)}`;
  if (typeof target === "string") {
    assert.equal(import.meta.resolve(specifier), new URL(target, installed).href);
    continue;
  }
  assert.deepEqual(Object.keys(target), ["types", "default"], `${specifier}: types come first`);
  await readFile(new URL(target.types, installed));
  const entry = await import(specifier);
  assert.ok(Object.keys(entry).length > 0, `${specifier} exports nothing`);
  // As an application that is no module yet gets it: the same, and nothing that is awaited on the way.
  assert.equal(require(specifier), entry, `${specifier}: require gives something else`);
}

const { createPasswordReset, inline, sessionStamp } = await import("relatch");

// The hash as it was built in, over several blocks, against the platform's own.
const sized = (/** @type {string} */ text) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
};
for (let length = 1; length < 200; length++) {
  const passwordHash = "x".repeat(length);
  const input = [Buffer.from("relatch/v1/session\0"), sized("42"), sized(passwordHash)];
  const digest = createHash("sha256").update(Buffer.concat(input)).digest("base64url");
  assert.equal(sessionStamp({ id: "42", passwordHash }), digest);
}

const { memoryPorts } = await import("relatch/memory");
const ports = memoryPorts([{ id: "1", email: "mike@example.org", passwordHash: "old" }]);
const passwordReset = createPasswordReset({
  ...ports,
  appName: "Acme",
  resetUrl: "https://app.example.com/:token",
  revokeSessions: false,
  dispatcher: inline(),
});
await passwordReset.requestReset({ email: "Mike@example.org", ip: null });
const token = ports.mailer.lastLink("mike@example.org")?.split("/").at(-1);
const newPassword = "correct horse battery staple";
assert.equal((await passwordReset.completeReset({ token, newPassword: "password123" })).ok, false);
assert.equal((await passwordReset.completeReset({ token, newPassword })).ok, true);
assert.equal((await passwordReset.completeReset({ token, newPassword })).ok, false);
assert.ok(await ports.hasher.verify(ports.users.get("1")?.passwordHash ?? "", newPassword));
