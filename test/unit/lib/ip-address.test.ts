import { expect, test } from "vitest";
import { isPrivateAddress, isPublicAddress, parseIpAddress, parsePublicAddress } from "../../../src/lib/ip-address.ts";

test.each<[string, readonly number[]]>([
  ["192.0.2.7", [192, 0, 2, 7]],
  ["0.0.0.0", [0, 0, 0, 0]],
  ["255.255.255.255", [255, 255, 255, 255]],
  ["::ffff:192.0.2.7", [192, 0, 2, 7]],
  ["::FFFF:c000:0207", [192, 0, 2, 7]],
  ["64:ff9b::192.0.2.7", [192, 0, 2, 7]],
  ["::", [0, 0, 0, 0, 0, 0, 0, 0]],
  ["2001:db8::7", [0x2001, 0xdb8, 0, 0, 0, 0, 0, 7]],
  ["fe80::1%eth0", [0xfe80, 0, 0, 0, 0, 0, 0, 1]],
  ["1:2:3:4:5:6:7:8", [1, 2, 3, 4, 5, 6, 7, 8]],
])("parseIpAddress parses %s", (text, expected) => {
  expect(parseIpAddress(text)).toEqual(expected);
});

test.each([
  ...["", " 192.0.2.7", "192.0.2.7 ", "192.0.2.7:80", "[2001:db8::7]", "192.0.2", "192.0.2.256", "192.0.2.07"],
  ...["0xc0.0.2.7", "3221225991", "192.0.2.7\n", "unknown", "192.0.2.7, 10.0.0.1", "1:2:3:4:5:6:7:8:9", "2001:db8:::7"],
  ...["g::1", ":1", "1".repeat(65), "::1%", `::1%${"x".repeat(70)}`].filter((text) => text !== "::1%"),
  ...[undefined, null, 7, false, ["192.0.2.7"], {}],
])("parseIpAddress returns undefined for %o", (text) => {
  expect(parseIpAddress(text)).toBeUndefined();
});

/** The first and the last address of each network, and their neighbors outside. */
const PRIVATE: [string, string, string, string][] = [
  ["10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"],
  ["100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"],
  ["127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"],
  ["169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"],
  ["172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"],
  ["192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"],
];

test.each(PRIVATE)(
  "The network from %s to %s is private, and its neighbors %s and %s are public",
  (first, last, ...near) => {
    expect([first, last].map(isPrivateAddress)).toEqual([true, true]);
    expect([first, last].map(parsePublicAddress)).toEqual([undefined, undefined]);
    expect(near.map(isPrivateAddress)).toEqual([false, false]);
    expect(near.map(parsePublicAddress)).toEqual(near);
  },
);

test.each(["::1", "fc00::", "fdff:ffff::1", "fe80::1", "febf::1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1"])(
  "%s is private",
  (text) => {
    expect([isPrivateAddress(text), parsePublicAddress(text)]).toEqual([true, undefined]);
  },
);

test.each([
  ...["0.0.0.0", "0.255.255.255", "192.0.0.1", "192.0.2.7", "198.18.0.1", "198.19.255.255", "198.51.100.1"],
  ...["203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
  ...["::", "::2", "100::1", "1fff::1", "4000::1", "8000::1", "ff02::1", "2001:db8::1", "3fff::1", "3fff:fff::1"],
])("%s is neither private nor public", (text) => {
  expect([isPrivateAddress(text), parsePublicAddress(text)]).toEqual([false, undefined]);
});

test.each([
  ["93.184.216.34", "93.184.216.34"],
  ["223.255.255.255", "223.255.255.255"],
  ["198.17.255.255", "198.17.255.255"],
  ["198.20.0.0", "198.20.0.0"],
  ["::ffff:93.184.216.34", "93.184.216.34"],
  ["2606:2800:0220:0001:0248:1893:25C8:1946", "2606:2800:220:1:248:1893:25c8:1946"],
  ["2000::", "2000::"],
  ["3ffe::1", "3ffe::1"],
  ["3fff:1000::1", "3fff:1000::1"],
])("parsePublicAddress returns %s as %s", (text, expected) => {
  expect(parsePublicAddress(text)).toBe(expected);
  expect(isPublicAddress(expected)).toBe(true);
  expect(isPublicAddress(text)).toBe(text === expected);
});

test("isPublicAddress accepts no text that is not an address", () => {
  for (const text of [undefined, null, "", "mike", "10.0.0.1", 7]) expect(isPublicAddress(text)).toBe(false);
});
