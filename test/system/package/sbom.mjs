// @ts-check
// The bill of materials in the tarball is valid CycloneDX, and names exactly the packages whose code is in the tarball,
// with the versions, licenses and hashes of what the lock file installs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";

const [root = ".", app = ".", work = "."] = process.argv.slice(2);
const installed = join(app, "node_modules/relatch");
/** @param {string[]} path */
const json = async (...path) => JSON.parse(await readFile(join(...path), "utf8"));
const bom = await json(installed, "dist/sbom.cdx.json");
const manifest = await json(installed, "package.json");
const { packages: locked } = await json(root, "package-lock.json");

// The schemas come with CycloneDX's own library, which is only unpacked.
const library = "@cyclonedx/cyclonedx-library@10.3.0";
const [{ filename }] = JSON.parse(
  execFileSync("npm", ["pack", library, "--json", "--pack-destination", work], { encoding: "utf8" }),
);
execFileSync("tar", ["-xzf", join(work, filename), "-C", work, "package/res/schema"]);
const schemas = join(work, "package/res/schema");
const ajv = new Ajv({ strict: false, validateFormats: false });
for (const file of ["spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"]) {
  ajv.addSchema({ ...(await json(schemas, file)), $id: `http://cyclonedx.org/schema/${file}` });
}
const validate = ajv.compile(await json(schemas, `bom-${bom.specVersion}.SNAPSHOT.schema.json`));
validate(bom);
assert.deepEqual(validate.errors, null, "valid by the schema of CycloneDX");
for (const broken of [
  { ...bom, components: [{ type: "code" }] },
  { ...bom, bomFormat: "SPDX" },
]) {
  assert.equal(validate(broken), false, "the schema refuses a wrong one");
}

// The build writes a comment with its path above each module. One package is replaced by its list, without a comment.
const builtIn = new Set(["@zxcvbn-ts/language-common"]);
for (const file of await readdir(join(installed, "dist"), { recursive: true })) {
  if (!/\.c?js$/.test(file)) continue;
  const text = await readFile(join(installed, "dist", file), "utf8");
  for (const [, name = ""] of text.matchAll(/^\/\/ \S*?node_modules\/((?:@[^/]+\/)?[^/]+)\/\S+$/gm)) builtIn.add(name);
}
/** @type {Record<string, string>} */
const refs = {};
for (const name of [...builtIn].sort()) {
  const { version } = await json(root, "node_modules", name, "package.json");
  refs[name] = `pkg:npm/${name.replace("@", "%40")}@${version}`;
}
const expected = Object.entries(refs).map(([name, purl]) => {
  const { version, license, integrity } = locked[`node_modules/${name}`];
  const [group, short] = name.includes("/") ? name.split("/") : [undefined, name];
  const content = Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
  return {
    type: "library",
    "bom-ref": purl,
    ...(group && { group }),
    name: short,
    version,
    licenses: [{ license: { id: license } }],
    purl,
    scope: "required",
    hashes: [{ alg: "SHA-512", content }],
  };
});
assert.deepEqual(bom.components, expected, "components");

const { name, version, license } = manifest;
const purl = `pkg:npm/${name}@${version}`;
const itself = { type: "library", "bom-ref": purl, name, version, licenses: [{ license: { id: license } }], purl };
assert.deepEqual(bom.metadata.component, itself, "the package itself");
const dependsOn = Object.fromEntries(
  bom.dependencies.map((/** @type {{ ref: string, dependsOn: string[] }} */ entry) => [entry.ref, entry.dependsOn]),
);
const crypto = refs["@oslojs/crypto"] ?? "";
const binary = refs["@oslojs/binary"] ?? "";
assert.deepEqual(dependsOn[crypto], [binary], "@oslojs/crypto needs @oslojs/binary");
assert.deepEqual(
  dependsOn[purl],
  Object.values(refs).filter((ref) => ref !== binary),
  "everything else is used by the package itself",
);
assert.deepEqual(Object.keys(dependsOn), [purl, ...Object.values(refs)], "one entry per component");
assert.ok(!("serialNumber" in bom) && !("timestamp" in bom.metadata), "equal sources give equal bytes");
