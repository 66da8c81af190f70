import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PAGE, securityPage } from "./page.ts";

// npx tsx test/security/write-docs.ts

writeFileSync(join(import.meta.dirname, "../..", PAGE), securityPage());
