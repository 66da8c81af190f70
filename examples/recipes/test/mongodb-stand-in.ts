import { createServer, type Server, type Socket } from "node:net";
import { Query, update } from "mingo";
import { BSON } from "mongodb";

// As much of a MongoDB server as the recipe's queries need: the wire protocol (OP_MSG) around mingo, which evaluates
// MongoDB's filters and updates. It is not a database: one process, no replication, no collations.

type Document = Record<string, unknown>;
const OP_MSG = 2013;

export function mongoStandIn(): Server {
  const collections = new Map<string, Document[]>();

  function answer(command: Document): Document {
    const name = Object.keys(command)[0] ?? "";
    const key = `${command["$db"]}.${command[name]}`;
    const documents = collections.get(key) ?? [];
    collections.set(key, documents);
    const matching = (filter: unknown) => {
      const query = new Query(filter as Document);
      return documents.filter((document) => query.test(document));
    };
    switch (name) {
      case "hello":
        return { isWritablePrimary: true, minWireVersion: 0, maxWireVersion: 25, maxBsonObjectSize: 2 ** 24 };
      case "insert":
        documents.push(...(command["documents"] as Document[]));
        return { n: (command["documents"] as Document[]).length };
      case "find":
        return { cursor: { id: 0n, ns: key, firstBatch: matching(command["filter"]).slice(0, 1) } };
      case "update": {
        const [{ q, u }] = command["updates"] as [{ q: Document; u: Document }];
        const [document] = matching(q);
        if (document) update(document, u);
        return { n: document ? 1 : 0, nModified: document ? 1 : 0 };
      }
      case "delete": {
        const [{ q }] = command["deletes"] as [{ q: Document }];
        const [document] = matching(q);
        if (document) documents.splice(documents.indexOf(document), 1);
        return { n: document ? 1 : 0 };
      }
      default:
        return {};
    }
  }

  function converse(socket: Socket) {
    let received = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const message = received.subarray(0, received.readInt32LE(0));
        received = received.subarray(message.length);
        socket.write(encode(answer(decode(message)), message.readInt32LE(4)));
      }
    });
  }

  return createServer(converse);
}

/** Header of 16 bytes, flags, then sections: one body, and batches of documents with the name of their field. */
function decode(message: Buffer): Document {
  const command: Document = {};
  let at = 20;
  while (at < message.length) {
    const kind = message.readUInt8(at++);
    const end = at + message.readInt32LE(at);
    if (kind === 0) Object.assign(command, BSON.deserialize(message.subarray(at, end)));
    else {
      let next = message.indexOf(0, at + 4) + 1;
      const batch: Document[] = [];
      command[message.toString("utf8", at + 4, next - 1)] = batch;
      for (; next < end; next += message.readInt32LE(next)) {
        batch.push(BSON.deserialize(message.subarray(next, next + message.readInt32LE(next))));
      }
    }
    at = end;
  }
  return command;
}

function encode(answer: Document, responseTo: number): Buffer {
  const body = BSON.serialize({ ok: 1, ...answer });
  const head = Buffer.alloc(21);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(responseTo, 8);
  head.writeInt32LE(OP_MSG, 12);
  return Buffer.concat([head, body]);
}
