// @ts-check
// Runs in an empty project that has installed the tarball. Every entry loads by `import` and by `require`, and the
// package does its main job either way.
import assert from "node:assert/strict";
import { readFile, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);
// With pnpm, this folder is a link.
const installed = pathToFileURL(`${await realpath(new URL("node_modules/relatch", import.meta.url))}/`);
const { exports } = JSON.parse(await readFile(new URL("package.json", installed), "utf8"));

for (const [path, target] of Object.entries(exports)) {
  const specifier = `relatch${path.slice(1)}`;
  if (typeof target === "string") {
    assert.equal(import.meta.resolve(specifier), new URL(target, installed).href);
    continue;
  }
  for (const format of ["import", "require"]) {
    assert.deepEqual(Object.keys(target[format]), ["types", "default"], `${specifier}: types come first`);
    await readFile(new URL(target[format].types, installed));
  }
  assert.equal(import.meta.resolve(specifier), new URL(target.import.default, installed).href);
  assert.equal(require.resolve(specifier), new URL(target.require.default, installed).pathname);
  const names = Object.keys(await import(specifier));
  assert.ok(names.length > 0, `${specifier} exports nothing`);
  assert.deepEqual(Object.keys(require(specifier)).sort(), names.sort(), `${specifier}: names by require`);
}

const esm = [await import("relatch"), await import("relatch/memory"), await import("relatch/postgres")];
const cjs = [require("relatch"), require("relatch/memory"), require("relatch/postgres")];
for (const [{ createPasswordReset, RelatchError }, { memoryPorts }, { postgresTokens }] of [
  /** @type {any[]} */ (esm),
  cjs,
]) {
  assert.throws(() => postgresTokens({}), RelatchError, "entries of one format share one RelatchError");

  const ports = memoryPorts([{ id: "1", email: "mike@example.org", passwordHash: "old" }]);
  const passwordReset = createPasswordReset({
    ...ports,
    appName: "Acme",
    resetUrl: "https://app.example.com/:token",
    revokeSessions: false,
  });
  await passwordReset.requestReset({ email: "Mike@example.org", ip: false });
  await passwordReset.drain();
  const token = ports.mailer.lastToken("mike@example.org");
  const newPassword = "correct horse battery staple";
  assert.equal((await passwordReset.completeReset({ token, newPassword: "password123" })).ok, false);
  assert.equal((await passwordReset.completeReset({ token, newPassword })).ok, true);
  assert.equal((await passwordReset.completeReset({ token, newPassword })).ok, false);
  assert.ok(await ports.hasher.verify(ports.users.get("1")?.passwordHash ?? "", newPassword));
  await passwordReset.drain();
}
