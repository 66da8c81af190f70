import { readSafely } from "./untrusted-input.ts";

/** An IP address: 4 numbers of 8 bits, or 8 of 16 bits. */
export type IpAddress = readonly number[];

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * Parses an IP literal. IPv4 inside IPv6 (mapped, RFC 4291 §2.5.5.2; NAT64, RFC 6052 §2.1) becomes IPv4. Returns
 * `undefined` for everything else, also for an address with other text around it.
 */
export function parseIpAddress(ip: unknown): IpAddress | undefined {
  if (typeof ip !== "string" || ip.length > 64) return undefined;
  if (IPV4.test(ip)) return ip.split(".").map(Number);
  const groups = parseIpv6(ip.replace(/%[\w.-]*$/, ""));
  if (!groups) return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  const start = groups.slice(0, 6).join(":");
  const isMapped = start === `0:0:0:0:0:${0xffff}`;
  const isNat64 = start === `${0x64}:${0xff9b}:0:0:0:0`;
  return isMapped || isNat64 ? [high >> 8, high & 255, low >> 8, low & 255] : groups;
}

/** Returns the eight 16-bit groups. The URL parser reads and compresses an IPv6 literal the same way everywhere. */
function parseIpv6(ip: string): number[] | undefined {
  const url = /^[0-9a-f:.]+$/i.test(ip) ? readSafely(() => new URL(`http://[${ip}]`)) : undefined;
  if (!url) return undefined;
  const parseGroups = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const [left = [], right] = url.hostname.slice(1, -1).split("::").map(parseGroups);
  if (!right) return left;
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/** Private networks, link-local addresses, networks of providers, and this machine (RFC 6890, RFC 4193). */
const PRIVATE = [
  ...["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
  ...["::1/128", "fc00::/7", "fe80::/10"],
];
/** Everything else that is nobody's public address: examples, tests, multicast, reserved. */
const SPECIAL = [
  ...["0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/3", "::/3", "4000::/2", "8000::/1", "2001:db8::/32", "3fff::/20"],
];

/** Reports whether an address starts with the bits of one of these networks. */
const isInside = (address: IpAddress, networks: readonly string[]): boolean =>
  networks.some((network) => {
    const [start, length] = network.split("/");
    const base = parseIpAddress(start) ?? [];
    const writeBits = (groups: IpAddress) =>
      groups.map((group) => group.toString(2).padStart(base.length === 4 ? 8 : 16, "0")).join("");
    return base.length === address.length && writeBits(address).startsWith(writeBits(base).slice(0, Number(length)));
  });

/** Reports whether this is the address of a private network or of this machine, as a proxy has. */
export function isPrivateAddress(ip: unknown): boolean {
  const address = parseIpAddress(ip);
  return address !== undefined && isInside(address, PRIVATE);
}

/** Returns a public address in its usual form, or `undefined` if it is not one. */
export function parsePublicAddress(ip: unknown): string | undefined {
  const address = parseIpAddress(ip);
  if (!address || isInside(address, PRIVATE) || isInside(address, SPECIAL)) return undefined;
  if (address.length === 4) return address.join(".");
  return new URL(`http://[${address.map((group) => group.toString(16)).join(":")}]`).hostname.slice(1, -1);
}

/** Reports whether a text is a public address in its usual form. */
export const isPublicAddress = (ip: unknown): boolean => ip !== undefined && parsePublicAddress(ip) === ip;
