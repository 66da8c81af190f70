import { sqliteTokens } from "relatch/sqlite";
import { beforeAll, describe } from "vitest";
import { tableSuite } from "../../../test/contract/stores/table-suite.ts";
import { tokenStoreSuite } from "../../../test/contract/stores/token-store-suite.ts";
import { engineOver, openOwnSqlite } from "./sqlite-of-runtime.ts";

const db = await openOwnSqlite();

describe("sqliteTokens on the runtime's own SQLite", () => {
  const tokens = sqliteTokens(db);
  beforeAll(() => tokens.createTable());
  tokenStoreSuite(() => tokens);
  tableSuite(() => engineOver(db));
});
