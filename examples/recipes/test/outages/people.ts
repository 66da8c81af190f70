import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type Mail, tokenIn } from "../mail-server.ts";

// People who reset their passwords: they ask, wait for the email, and set a new password. If the page shows an error, they
// try again, a few times and after a while.

export interface Person {
  id: string;
  email: string;
  newPassword: string;
  /** Their own address: any on the loopback interface will do. */
  ip: string;
  /** Their mailbox. */
  links: Mail[];
  notices: Mail[];
  /** The page said that an email is on its way. */
  isPromised: boolean;
  hasGivenUp: boolean;
}

/** Creates a person. The number makes the addresses unique. */
export function createPerson(number: number): Person {
  const id = randomUUID();
  return {
    id,
    email: `person-${number}@example.org`,
    newPassword: `new password of ${id}`,
    ip: `127.1.${number >> 8}.${number & 255}`,
    links: [],
    notices: [],
    isPromised: false,
    hasGivenUp: false,
  };
}

/** Sums of everything that the people saw. */
export interface Figures {
  requests: number;
  failures: number;
  retries: number;
  /** In milliseconds. */
  slowestResponse: number;
}

export interface Surroundings {
  /** The ports of the web processes. */
  ports: number[];
  /** How long to wait before each retry, in milliseconds. */
  pauses: readonly number[];
  /** Reports whether the new password counts. */
  signsIn(person: Person): Promise<boolean>;
  /** Throws if it takes too long. */
  waitUntil(condition: () => boolean | Promise<boolean>): Promise<void>;
  figures: Figures;
}

/** Asks for a link and waits for it. Returns its token, or nothing after giving up. */
export async function askForLink(person: Person, around: Surroundings): Promise<string | undefined> {
  const response = await insist(person, around, "/password_reset", { email: person.email });
  if (!response) return undefined;
  if (response.status !== 200) throw new Error(`a request was refused: ${response.body}`);
  person.isPromised = true;
  await around.waitUntil(() => person.links.length > 0);
  return tokenIn(person.links.at(-1));
}

/** Sets the new password with a link. */
export async function setPassword(person: Person, token: string, around: Surroundings): Promise<void> {
  const response = await insist(person, around, `/password_reset/${token}`, { newPassword: person.newPassword });
  if (!response || response.status === 200) return;
  // An attempt before, which ended with an error, may have set it all the same, or may do so in a moment.
  await around.waitUntil(() => around.signsIn(person));
}

export async function waitUntil(condition: () => boolean | Promise<boolean>, isTooLate = () => false): Promise<void> {
  while (!(await condition())) {
    if (isTooLate()) throw new Error("nothing more to wait for");
    await pause(100);
  }
}

interface Response {
  status: number;
  body: string;
}

/** Posts until the response is not an error of the server. Gives up after some retries. */
async function insist(
  person: Person,
  { ports, pauses, figures }: Surroundings,
  path: string,
  body: object,
): Promise<Response | undefined> {
  for (const wait of [...pauses, undefined]) {
    const start = performance.now();
    const [port = 0] = Math.random() < 0.5 ? ports : ports.slice(1);
    const response = await post(port, person.ip, path, body);
    figures.requests += 1;
    figures.slowestResponse = Math.max(figures.slowestResponse, performance.now() - start);
    if (response.status < 500) return response;
    figures.failures += 1;
    if (wait === undefined) break;
    await pause(wait * (0.8 + 0.4 * Math.random()));
    figures.retries += 1;
  }
  person.hasGivenUp = true;
  return undefined;
}

export function post(port: number, localAddress: string, path: string, body: object): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, localAddress, path, method: "POST", agent: false };
    const sent = request(options, async (response) => {
      const chunks = await response.setEncoding("utf8").toArray();
      resolve({ status: response.statusCode ?? 0, body: chunks.join("") });
    });
    sent.once("error", reject).end(JSON.stringify(body));
  });
}
