import manifest from "./package.json" with { type: "json" };
import lock from "./package-lock.json" with { type: "json" };

interface Locked {
  version: string;
  license: string;
  integrity: string;
  dependencies?: Readonly<Record<string, string>>;
}

/**
 * Returns the software bill of materials of the package, as CycloneDX JSON: the packages whose code is in `dist`.
 * Versions, licenses and hashes come from the lock file. A hash is the SHA-512 of the tarball that npm installed.
 * There is no serial number and no time, so equal sources give equal bytes.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function sbomOf(builtIn: Iterable<string>): string {
  const names = [...builtIn].sort();
  const refs = names.map((name) => refOf(name, lockedAs(name).version));
  const root = refOf(manifest.name, manifest.version);
  const bom = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      lifecycles: [{ phase: "build" }],
      component: component(manifest.name, manifest.version, manifest.license),
    },
    components: names.map((name) => {
      const { version, license, integrity } = lockedAs(name);
      const hashes = [
        { alg: "SHA-512", content: Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex") },
      ];
      return { ...component(name, version, license), scope: "required", hashes };
    }),
    dependencies: [
      { ref: root, dependsOn: refs.filter((_, index) => (names[index] ?? "") in manifest.devDependencies) },
      ...names.map((name) => {
        const needed = Object.keys(lockedAs(name).dependencies ?? {}).filter((other) => names.includes(other));
        return {
          ref: refOf(name, lockedAs(name).version),
          dependsOn: needed.sort().map((other) => refOf(other, lockedAs(other).version)),
        };
      }),
    ],
    compositions: [{ aggregate: "complete", assemblies: [root] }],
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function component(name: string, version: string, license: string) {
  const [, group, rest = name] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
  const ref = refOf(name, version);
  return {
    type: "library",
    "bom-ref": ref,
    ...(group !== undefined && { group }),
    name: rest,
    version,
    licenses: [{ license: { id: license } }],
    purl: ref,
  };
}

const refOf = (name: string, version: string) => `pkg:npm/${name.replace("@", "%40")}@${version}`;

function lockedAs(name: string): Locked {
  const entry: Partial<Locked> | undefined = (lock.packages as Record<string, Partial<Locked>>)[`node_modules/${name}`];
  const { version, license, integrity = "", dependencies } = entry ?? {};
  if (version === undefined || license === undefined || !integrity.startsWith("sha512-")) {
    throw new Error(`package-lock.json must name the version, license and SHA-512 of ${name}, which is built in.`);
  }
  return { version, license, integrity, ...(dependencies && { dependencies }) };
}
