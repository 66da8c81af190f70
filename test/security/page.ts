import { CLASS_NAMES, CLASSES, FLAWS, type Flaw, PENDING, testFile } from "./flaws.ts";

/** Where the page is. */
export const PAGE = "docs/security.md";

/** docs/security.md, as it has to be. */
export function securityPage(): string {
  const published = FLAWS.filter(({ product }) => product !== undefined).length;
  return `# Known flaws of password resets

<!-- Written by \`npx tsx test/security/write-docs.ts\`: do not edit. -->

${published} published flaws of other password resets, and ${FLAWS.length - published} that have no number (X). None of them can happen here with the defaults: each is a named test, which goes red when what stands against it is taken away. \`npm run test:security\` runs them all; they are part of \`npm test\`, too.
${CLASS_NAMES.map(section).join("")}`;
}

function section(name: (typeof CLASS_NAMES)[number]): string {
  const [letter, title] = CLASSES[name];
  const rows = FLAWS.filter((row) => row.class === name).map(line);
  const file = testFile(name);
  const tests = PENDING.includes(name) ? "Its tests are still to come." : `Tests: [\`${file}\`](../${file})`;
  return `
## ${letter}. ${title}

${tests}

| flaw | what went wrong | what stands against it here |
|---|---|---|
${rows.join("\n")}
`;
}

const line = ({ id, aliases, product, flaw, guard }: Flaw): string =>
  `| ${[id, ...aliases].map(linked).join(", ")} | ${product ? `${product}: ` : ""}${flaw} | ${guard} |`;

function linked(id: string): string {
  if (id.startsWith("CVE-")) return `[${id}](https://www.cve.org/CVERecord?id=${id})`;
  return id.startsWith("GHSA-") ? `[${id}](https://github.com/advisories/${id})` : id;
}
