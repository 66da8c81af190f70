import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addressKey,
  clientKey,
  clientKeys,
  codeRequestKey,
  factorKeys,
  ticketKeys,
} from "../../../src/limiters/keys.ts";

describe("clientKey", () => {
  /** Spellings of the same client, one line per client. */
  const clients = [
    ["1.2.3.4", "::ffff:1.2.3.4", "::FFFF:1.2.3.4", "::ffff:102:304", "0:0:0:0:0:ffff:0102:0304"],
    ["1.2.3.5", "64:ff9b::1.2.3.5", "0064:FF9B::102:305"],
    ["0.0.0.0"],
    ["255.255.255.255"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", "2001:0DB8:0001:0002:ffff:ffff:ffff:ffff"],
    ["2001:db8::1", "2001:db8:0:0:1::"],
    ["1:2:3:4:5:6:7::"],
    ["::2:3:4:5:6:7:8"],
    // Mapped only if the bits in between are zero.
    ["::1", "::", "::fffe:1.2.3.4"],
    ["1::ffff:1.2.3.4", "1::"],
    ["fe80::1", "fe80::1%eth0", "fe80::1%25"],
    // Translated only with exactly this prefix.
    ["64:ff9b:1::1.2.3.4"],
    ["64:ff9c::1.2.3.4"],
    ["65:ff9b::1.2.3.4"],
  ];

  test.each(clients)("clientKey returns one key for all spellings of %s", (...spellings) => {
    expect(new Set(spellings.map(clientKey)).size).toBe(1);
    expect(clientKey(spellings[0])).toMatch(/^client:[0-9a-f]{64}$/);
  });

  test("clientKey returns another key for every client", () => {
    expect(new Set(clients.map(([first]) => clientKey(first))).size).toBe(clients.length);
  });

  test("clientKeys also counts an IPv6 client by its /48, with ten times the units", () => {
    const networkOf = (ip: string) => clientKeys(ip)?.[1]?.key;
    expect(clientKeys("2001:db8:1:2::3")?.map(({ factor }) => factor)).toEqual([1, 10]);
    expect(networkOf("2001:db8:1:2::3")).toMatch(/^network:[0-9a-f]{64}$/);
    expect(networkOf("2001:db8:1:ffff::1")).toBe(networkOf("2001:db8:1:2::3"));
    expect(networkOf("2001:db8:2:2::3")).not.toBe(networkOf("2001:db8:1:2::3"));
    for (const ip of ["1.2.3.4", "::ffff:1.2.3.4", "64:ff9b::1.2.3.4"]) expect(clientKeys(ip)).toHaveLength(1);
    expect(clientKeys("unknown")).toBeUndefined();
  });

  test("clientKey counts every /64 as one client", () => {
    const groups = fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 });
    const host = groups.map((numbers) => numbers.map((group) => group.toString(16)).join(":"));
    fc.assert(
      fc.property(host, host, host, host, (net, one, other, otherNet) => {
        fc.pre(!/^(0|64):/.test(net));
        expect(clientKey(`${net}:${one}`)).toBe(clientKey(`${net}:${other}`));
        expect(clientKey(`${net}:${one}`) === clientKey(`${otherNet}:${one}`)).toBe(net === otherNet);
      }),
      { numRuns: 300 },
    );
  });

  test.each<unknown>([
    ...[undefined, null, "", 0x01020304, ["1.2.3.4"], { toString: () => "1.2.3.4" }, "unknown"],
    ...["localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4.", ".1.2.3.4", "1..3.4"],
    ...["01.2.3.4", "1.2.3.04", "0x1.2.3.4", "16909060", "1.2.3.4:80", "1.2.3.4/24"],
    ...["1.2.3.4%eth0", " 1.2.3.4", "1.2.3.4\n", "1.2.3.4, 5.6.7.8", "١.٢.٣.٤", "[::1]"],
    ...["[::1]:80", "2001:db8::1/64", "::1::", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"],
    ...["12345::", "::g", "%eth0", "::1%eth0]@evil", "::1%eth0:2", "::ffff:1.2.3.256"],
    ...["::ffff:01.2.3.4", "::1.2.3.4.5", "::1]#"],
  ])("clientKey returns nothing for %j", (ip) => {
    expect(clientKey(ip)).toBeUndefined();
  });

  test("clientKey returns nothing for a long string, however long", () => {
    for (const ip of [`::1%${"x".repeat(100)}`, "1".repeat(1_000_000)]) expect(clientKey(ip)).toBeUndefined();
  });

  test("clientKey accepts everything and never returns its input", () => {
    const alphabet = fc.constantFrom(..."0123456789abcfFx.:%/[]@# ");
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string({ unit: alphabet, maxLength: 30 })), (ip) => {
        expect(clientKey(ip) ?? "").toMatch(/^$|^client:[0-9a-f]{64}$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("addressKey", () => {
  test("addressKey contains neither the address nor the tenant in plain text", () => {
    const key = addressKey("mike@example.org", "blue-tenant");
    expect(key).toMatch(/^address:[0-9a-f]{64}$/);
    expect(key.toLowerCase()).not.toMatch(/mike|example|blue/);
  });

  test("addressKey returns one key per address and tenant", () => {
    expect(addressKey("a@x.com", "t")).toBe(addressKey("a@x.com", "t"));
    const keys = [
      ...["a@x.com", "b@x.com", "a@x.comt", "a@x.com\0\0\0\x01t"].map((email) => addressKey(email, undefined)),
      ...["t", "", "u"].map((tenant) => addressKey("a@x.com", tenant)),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("The keys of attempts", () => {
  const digest = "0a".repeat(32);

  test("hide the ticket, the link and the account, and say what is counted", () => {
    const { link, account } = factorKeys(digest, "user-42");
    const { attempts, codes } = ticketKeys(digest, "blue-tenant");
    expect(attempts).toMatch(/^ticket:[0-9a-f]{64}$/);
    expect(codes).toMatch(/^ticket_codes:[0-9a-f]{64}$/);
    expect(codeRequestKey(digest, "blue-tenant")).toMatch(/^code_request:[0-9a-f]{64}$/);
    expect(link).toMatch(/^factor_link:[0-9a-f]{64}$/);
    expect(account).toMatch(/^factor_account:[0-9a-f]{64}$/);
    for (const key of [attempts, codes, codeRequestKey(digest, "blue-tenant"), link, account]) {
      expect(key).not.toMatch(/(0a){8}|user-42|blue/);
    }
  });

  test("are others for every ticket, tenant, link and account, and for every kind of the same value", () => {
    const { link, account } = factorKeys(digest, digest);
    const other = factorKeys("0b".repeat(32), "43");
    const tenants = [undefined, "a", "b"];
    const tickets = [...tenants.map((tenant) => ticketKeys(digest, tenant)), ticketKeys("0b".repeat(32), undefined)];
    const requests = tenants.map((tenant) => codeRequestKey(digest, tenant));
    const perTicket = tickets.flatMap(({ attempts, codes }) => [attempts, codes]);
    const keys = [...perTicket, ...requests, link, account, other.link, other.account];
    expect(new Set(keys.map((key) => key.split(":")[1])).size).toBe(keys.length);
    expect(factorKeys(digest, digest)).toEqual({ link, account });
  });
});
