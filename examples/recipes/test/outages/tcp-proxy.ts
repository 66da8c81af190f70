import { connect, createServer, type Socket } from "node:net";

// A proxy in front of a server, which can fail as a network and a server do. The server itself is untouched and keeps its
// data.

/**
 * `refuses`: as a server that has ended. Open connections are cut, new ones refused. `hangs`: as a server that is frozen.
 * Connections are accepted and nothing comes back until the end, when everything that was sent takes effect late, also on
 * connections that their client has given up. `resets`: four times a second a response is lost after its command took effect,
 * and its connection is reset. `vanishes`: as behind a firewall that forgets its connections. New ones are fine afterwards,
 * the old ones are dead, and nobody says so.
 */
export type Outage = "refuses" | "hangs" | "resets" | "vanishes";

const RESET_EVERY_MS = 250;

/** Starts a proxy on the loopback interface. `target` is the URL of the server. */
export async function tcpProxy(target: string) {
  const { hostname, port, protocol } = new URL(target);
  const targetPort = Number(port) || { "redis:": 6379, "postgres:": 5432 }[protocol] || 25;
  const open = new Set<Socket>();
  /** Work for the moment when the server is no longer frozen, in this order. */
  const held: (() => void)[] = [];
  const dead = new WeakSet<Socket>();
  let outage: Outage | undefined;
  let lastReset = 0;

  const relay = (client: Socket) => {
    let server: Socket | undefined;
    open.add(client);
    const perform = (action: () => void) => {
      if (outage === "vanishes") dead.add(client);
      if (dead.has(client)) return;
      if (outage === "hangs") held.push(action);
      else action();
    };
    const forward = (chunk: Buffer) => {
      if (outage !== "resets" || Date.now() - lastReset < RESET_EVERY_MS) return void client.write(chunk);
      lastReset = Date.now();
      client.resetAndDestroy();
    };
    perform(() => {
      server = connect(targetPort, hostname);
      server.on("data", (chunk) => perform(() => forward(chunk)));
      server.on("error", () => {});
      server.on("close", () => perform(() => client.destroy()));
    });
    client.on("data", (chunk) => perform(() => server?.write(chunk)));
    client.on("error", () => {});
    client.on("close", () => {
      open.delete(client);
      if (dead.has(client)) server?.destroy();
      // After everything that the client had sent.
      perform(() => server?.end());
    });
  };

  let listener = createServer(relay);
  const listen = (onPort: number) =>
    new Promise<void>((resolve, reject) => {
      listener = createServer(relay).once("error", reject).listen(onPort, "127.0.0.1", resolve);
    });
  // Below the ports that the system gives to outgoing connections, so that it is still free after an outage.
  let ownPort = 0;
  while (ownPort === 0) {
    const candidate = 20_000 + Math.floor(Math.random() * 10_000);
    await listen(candidate).then(
      () => (ownPort = candidate),
      () => {},
    );
  }
  const close = () => {
    listener.close();
    for (const client of open) client.resetAndDestroy();
  };

  const url = new URL(target);
  url.hostname = "127.0.0.1";
  url.port = String(ownPort);
  return {
    url: url.href,
    fail(how: Outage) {
      outage = how;
      if (how === "vanishes") for (const client of open) dead.add(client);
      if (how === "refuses") close();
    },
    async recover() {
      if (outage === "refuses") await listen(ownPort);
      outage = undefined;
      for (const action of held.splice(0)) action();
    },
    close,
  };
}
