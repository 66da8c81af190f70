import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import dynalite from "dynalite";
import { canonicalEmail } from "relatch";
import { type TestUser, type UserStoreFixture, userStoreContract } from "relatch/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dynamoUsers, type UserEmailItem, type UserItem } from "../users/dynamodb.ts";

// DynamoDB's interface, by dynalite, in this process.
const server = dynalite({ createTableMs: 0 });
const TABLES = { users: "users", userEmails: "user_emails" };
const KEYS = { users: "id", userEmails: "canonicalEmail" };
let db: DynamoDBDocumentClient;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  for (const table of ["users", "userEmails"] as const) {
    await client.send(
      new CreateTableCommand({
        TableName: TABLES[table],
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [{ AttributeName: KEYS[table], KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: KEYS[table], AttributeType: "S" }],
      }),
    );
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  db = DynamoDBDocumentClient.from(client);
});
afterAll(() => {
  db.destroy();
  server.close();
});

async function put(id: string, { email, passwordHash, active }: TestUser) {
  const user: UserItem = { id, email, active, ...(passwordHash === null ? {} : { passwordHash }) };
  const owner: UserEmailItem = { canonicalEmail: canonicalEmail(email) ?? "", userId: id };
  await db.send(new PutCommand({ TableName: TABLES.users, Item: user }));
  await db.send(new PutCommand({ TableName: TABLES.userEmails, Item: owner }));
}

const fixture = (client: Pick<DynamoDBDocumentClient, "send"> = db): UserStoreFixture => ({
  store: dynamoUsers(client, TABLES),
  async add(account) {
    const id = randomUUID();
    await put(id, account);
    return id;
  },
  async change(id, change) {
    const { Item } = await db.send(new GetCommand({ TableName: TABLES.users, Key: { id } }));
    const before = { ...Item, passwordHash: Item?.["passwordHash"] ?? null } as TestUser;
    const Key = { canonicalEmail: canonicalEmail(before.email) };
    await db.send(new DeleteCommand({ TableName: TABLES.userEmails, Key }));
    await put(id, { ...before, ...change });
  },
  remove: (id) => db.send(new DeleteCommand({ TableName: TABLES.users, Key: { id } })),
});

describe("DynamoDB, by dynalite", () => {
  for (const { name, run } of userStoreContract(() => fixture())) test(name, run);

  test("replacePasswordHash returns true if the client repeats a write whose response got lost", async () => {
    const twice = {
      send: (async (command: UpdateCommand) => {
        if (command instanceof UpdateCommand) await db.send(command);
        return db.send(command);
      }) as DynamoDBDocumentClient["send"],
    };
    const { store, add } = fixture(twice);
    const email = `${randomUUID()}@example.org`;
    const userId = await add({ email, passwordHash: "old", active: true });
    expect(await store.replacePasswordHash({ userId, email, expected: "old", next: "new" })).toBe(true);
  });
});
