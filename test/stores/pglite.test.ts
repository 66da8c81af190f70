import { PGlite } from "@electric-sql/pglite";
import { postgresTokens } from "relatch/postgres";
import { afterAll, beforeAll, describe } from "vitest";
import { postgresEngine } from "./postgres-engine.ts";
import { tableSuite } from "./table-suite.ts";
import { tokenStoreSuite } from "./token-store-suite.ts";

describe("postgresTokens on PGlite", () => {
  const db = new PGlite();
  const tokens = postgresTokens(db);
  beforeAll(() => tokens.createTable(), 30_000);
  afterAll(() => db.close());

  tokenStoreSuite(() => tokens);
  tableSuite(() => postgresEngine(db));
});
