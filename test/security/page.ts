import { CLASSES, FLAWS, type Flaw, testFile } from "./flaws.ts";

export const PAGE = "docs/known-flaws.md";

/** Returns docs/known-flaws.md as it has to be. */
export function securityPage(): string {
  const published = FLAWS.filter(({ product }) => product !== undefined).length;
  return `# Known flaws of password resets

<!-- Written by \`npx tsx test/security/write-docs.ts\`: do not edit. -->

${published} published flaws of other password resets, and ${FLAWS.length - published} that have no number (X). With the defaults their tests find none of them here, with one exception: an older link stays valid beside a newer one until one of them is used (CVE-2024-41890); the option \`onlyNewestLink\` prevents that. Each number is in the title of at least one test. Numbers with one cause share the code of a test and differ in its input. Each test has a control: it must fail where the mistake is planted. \`npm run test:security\` runs them all, and so does \`npm test\`.
${CLASSES.map(section).join("")}`;
}

const section = ({ name, title, flaws }: (typeof CLASSES)[number]): string => `
## ${name.charAt(0).toUpperCase()}. ${title}

Tests: [\`${testFile(name)}\`](../${testFile(name)})

| flaw | what went wrong | guard |
|---|---|---|
${flaws.map(line).join("\n")}
`;

const line = ({ id, aliases, product, flaw, guard }: Flaw): string =>
  `| ${[id, ...aliases].map(link).join(", ")} | ${product ? `${product}: ` : ""}${flaw} | ${guard} |`;

function link(id: string): string {
  if (id.startsWith("CVE-")) return `[${id}](https://www.cve.org/CVERecord?id=${id})`;
  return id.startsWith("GHSA-") ? `[${id}](https://github.com/advisories/${id})` : id;
}
