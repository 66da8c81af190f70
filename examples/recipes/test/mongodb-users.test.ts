import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { type Collection, MongoClient, ServerApiVersion } from "mongodb";
import { canonicalEmail } from "relatch";
import { userStoreContract } from "relatch/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mongoUsers, type UserDocument } from "../users/mongodb.ts";
import { mongoStandIn } from "./mongodb-stand-in.ts";

// MongoDB's driver as it is; behind it a stand-in for the server, or a real one where RELATCH_TEST_MONGODB names it.
const given = process.env["RELATCH_TEST_MONGODB"];
const server = mongoStandIn();

describe.each([false, true])(`MongoDB${given ? "" : ", by a stand-in"}, ignoreUndefined: %s`, (ignoreUndefined) => {
  let client: MongoClient;
  let users: Collection<UserDocument>;
  beforeAll(async () => {
    if (!given && !server.listening) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    const url = given ?? `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = await new MongoClient(url, {
      directConnection: !given,
      serverApi: ServerApiVersion.v1,
      ignoreUndefined,
    }).connect();
    users = client.db("test").collection(`users_${randomUUID()}`);
  });
  afterAll(async () => {
    if (given) await users.drop();
    await client.close();
    server.close();
  });

  const cases = userStoreContract(() => ({
    store: mongoUsers(users),
    async add({ email, passwordHash, active }) {
      const _id = randomUUID();
      await users.insertOne({
        _id,
        email,
        canonicalEmail: canonicalEmail(email) ?? "",
        passwordHash,
        active,
      });
      return _id;
    },
    change: (_id, { email, passwordHash, active }) =>
      users.updateOne(
        { _id },
        {
          $set: {
            ...(email !== undefined && { email, canonicalEmail: canonicalEmail(email) ?? "" }),
            ...(passwordHash !== undefined && { passwordHash }),
            ...(active !== undefined && { active }),
          },
        },
      ),
    remove: (_id) => users.deleteOne({ _id }),
  }));
  for (const { name, run } of cases) test(name, run);

  test("takes no operator for a value", async () => {
    const [_id, email] = [randomUUID(), `${randomUUID()}@example.org`];
    await users.insertOne({ _id, email, canonicalEmail: email, passwordHash: "old", active: true });
    const expected = { $ne: null } as unknown as string;
    const commit = mongoUsers(users).replacePasswordHash({ userId: _id, email, expected, next: "new" });
    await expect(commit).rejects.toThrow(TypeError);
  });
});
