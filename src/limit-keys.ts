import { sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { encoded, utf8 } from "./bytes.ts";
import { attempt } from "./fields.ts";

const LIMIT_PREFIX = utf8("relatch/v1/limit\0");

/**
 * The key of the address limit: a digest, so that a shared limiter's store learns no address. In lower case, because
 * some stores fold the case of their keys.
 */
export const addressKey = (email: string, tenant: string | undefined): string =>
  `address:${encodeHexLowerCase(sha256(encoded(LIMIT_PREFIX, email, tenant)))}`;

/**
 * The key of the client limit: an IPv4 address as it is, of an IPv6 address the /64 that one customer holds.
 * IPv4 in IPv6 clothes (mapped, RFC 4291 §2.5.5.2; NAT64, RFC 6052 §2.1) counts as IPv4. `undefined` for what is
 * no IP literal, so that a spoofed header with text in it cannot buy a bucket of its own.
 */
export function clientKey(ip: unknown): string | undefined {
  if (typeof ip !== "string" || ip.length > 64) return undefined;
  if (IPV4.test(ip)) return `client:${ip}`;
  const groups = ipv6Groups(ip.replace(/%[\w.-]*$/, ""));
  if (!groups) return undefined;
  const [high, low] = groups.slice(6) as [number, number];
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const isNat64 =
    groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  if (isMapped || isNat64) return `client:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  return `client:${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** The eight 16-bit groups. The URL parser reads and compresses an IPv6 literal the same way everywhere. */
function ipv6Groups(ip: string): number[] | undefined {
  const url = /^[0-9a-f:.]+$/i.test(ip) ? attempt(() => new URL(`http://[${ip}]`)) : undefined;
  if (!url) return undefined;
  const [head = "", tail] = url.hostname.slice(1, -1).split("::");
  const parse = (part: string) =>
    part
      .split(":")
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const left = parse(head);
  if (tail === undefined) return left;
  const right = parse(tail);
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}
