import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deadLinks } from "./dead-links.ts";
import { writePages } from "./pages.ts";
import { writePlayground } from "./playground.ts";
import { writeReference } from "./reference.ts";

// `npm run docs`: the API reference, the guides and the playground, into `site`. Ends with 1 where anything is amiss.

const root = join(import.meta.dirname, "..", "..");
const out = join(root, "site");
const folder = mkdtempSync(join(tmpdir(), "relatch-pages-"));
try {
  await writeReference(writePages(root, folder), out);
  await writePlayground(root, join(out, "playground"));
  const dead = deadLinks(out);
  if (dead.length > 0) throw new Error(`${dead.length} broken links\n${dead.join("\n")}`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
