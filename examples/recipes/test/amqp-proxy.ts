import { type AddressInfo, connect, createServer, type Socket } from "node:net";

// A proxy between the programs and RabbitMQ. It sees everything that the broker is given to store, knows which jobs a
// program has in its hands, and can cut the connections.

const DELIVER = (60 << 16) | 60;
const ACK = (60 << 16) | 80;
/** A client starts with these bytes, before its first frame. */
const GREETING = 8;

/** Reads frames from a stream, and calls back with each method's class and id. */
function methodReader(skip: number, onMethod: (method: number) => void) {
  let rest = Buffer.alloc(0);
  let left = skip;
  return (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    const skipped = Math.min(left, rest.length);
    rest = rest.subarray(skipped);
    left -= skipped;
    // A frame: its type, the channel, the size, the payload, an end byte.
    while (rest.length >= 7 && rest.length >= rest.readUInt32BE(3) + 8) {
      const size = rest.readUInt32BE(3);
      if (rest[0] === 1 && size >= 4) onMethod(rest.readUInt32BE(7));
      rest = rest.subarray(size + 8);
    }
  };
}

/** Starts the proxy on a free port. */
export async function amqpProxy(target: string) {
  const { hostname, port, username, password, pathname } = new URL(target);
  const sent: Buffer[] = [];
  /** How many jobs each open connection has received and not acknowledged. */
  const inHand = new Map<Socket, number>();
  let deliveries = 0;
  let isDown = false;

  const server = createServer((client) => {
    if (isDown) return void client.destroy();
    const broker = connect(Number(port || 5672), hostname);
    inHand.set(client, 0);
    const count = (by: number) => inHand.has(client) && inHand.set(client, (inHand.get(client) ?? 0) + by);
    const readClient = methodReader(GREETING, (method) => method === ACK && count(-1));
    const readBroker = methodReader(0, (method) => {
      if (method !== DELIVER) return;
      deliveries += 1;
      count(+1);
    });
    client.on("data", (chunk) => {
      sent.push(chunk);
      readClient(chunk);
      broker.write(chunk);
    });
    broker.on("data", (chunk) => {
      readBroker(chunk);
      client.write(chunk);
    });
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      socket.on("error", () => {});
      socket.on("close", () => {
        inHand.delete(client);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const url = new URL(`amqp://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`);
  Object.assign(url, { username, password });
  /** Cuts all connections, as a network does that fails. */
  const cut = () => {
    for (const client of inHand.keys()) client.destroy();
  };
  return {
    url: url.href,
    cut,
    /** From now on, refuses connections, or accepts them again. */
    setDown(down: boolean) {
      isDown = down;
      if (down) cut();
    },
    /** Everything that clients have sent, as text. */
    sent: () => Buffer.concat(sent).toString("latin1"),
    inHand: () => [...inHand.values()].reduce((sum, count) => sum + count, 0),
    deliveries: () => deliveries,
    close() {
      cut();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
