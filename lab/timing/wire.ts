import { connect, type Socket } from "node:net";

/** One connection that is kept open, and asked one thing after the other: as little client as can be. */
export interface Wire {
  /** Milliseconds from the first byte sent to the last byte received. The response must be 200. */
  exchange(request: Buffer): Promise<number>;
  close(): void;
}

export async function openWire(port: number): Promise<Wire> {
  const socket = await openSocket(port);
  let answer = "";
  let settle: { resolve(at: number): void; reject(error: Error): void } | undefined;

  socket.setEncoding("latin1");
  socket.on("data", (text) => {
    const at = performance.now();
    answer += text;
    if (!settle || !isWhole(answer)) return;
    const { resolve, reject } = settle;
    settle = undefined;
    if (answer.startsWith("HTTP/1.1 200 ")) resolve(at);
    else reject(new Error(`the server responded ${answer.slice(0, 200)}`));
    answer = "";
  });
  socket.on("close", () => settle?.reject(new Error("the server closed the connection")));

  return {
    async exchange(request) {
      const answered = new Promise<number>((resolve, reject) => {
        settle = { resolve, reject };
      });
      const began = performance.now();
      socket.write(request);
      return (await answered) - began;
    },
    close: () => void socket.destroy(),
  };
}

function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.setNoDelay(true).on("error", reject);
  });
}

/** Whether head and body are there (RFC 9112 §6.3). */
function isWhole(answer: string): boolean {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, end))?.[1];
  return length === undefined ? answer.endsWith("\r\n0\r\n\r\n") : answer.length >= end + 4 + Number(length);
}
