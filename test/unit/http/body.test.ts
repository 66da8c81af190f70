import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { assertForm, assertJson, isJson, readForm, readJson } from "../../../src/http/body.ts";

const URL = "https://app.example.com/";
const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";
const LIMIT = 16 * 1024;

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
const post = (type: string, body: Body, headers: Record<string, string> = {}) =>
  new Request(URL, {
    ...{ method: "POST", body, duplex: "half" },
    headers: { ...(type && { "Content-Type": type }), ...headers },
  } as RequestInit);
const form = (body: Body, headers?: Record<string, string>) => readForm(post(FORM, body, headers));
const json = (body: Body, type = JSON_TYPE) => readJson(post(type, body));
const because = (reason: string) => expect.objectContaining({ name: "Error", reason });
const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));

describe("the content type", () => {
  it.each([
    FORM,
    FORM.toUpperCase(),
    `${FORM};charset=utf-8`,
    `${FORM} ; charset="UTF-8"`,
    `${FORM}; charset=utf8; x=y`,
  ])("%j is a form", (type) => {
    expect(() => assertForm(post(type, ""))).not.toThrow();
  });

  it.each([
    ...["", "text/plain", "multipart/form-data; boundary=x", `${FORM}x`, `x${FORM}`, `text/plain; ${FORM}`],
    ...[`${FORM}, ${FORM}`, `${FORM}, text/plain`, `${FORM};x=y${"z".repeat(300)}`, JSON_TYPE],
    ...["utf-16", "iso-8859-1", "windows-1252", "utf-7", '"latin1"', "utf-8x"].map(
      (name) => `${FORM}; charset=${name}`,
    ),
    `${FORM};charset=utf-8;charset=latin1`,
  ])("%j is not a form in UTF-8", (type) => {
    expect(() => assertForm(post(type, ""))).toThrow(because("unsupported_media_type"));
  });

  it.each([
    "",
    "text/json",
    "application/jsonx",
    "application/json-seq",
    "application/vnd.api+json",
    `x, ${JSON_TYPE}`,
  ])("%j is not JSON", (type) => {
    expect(isJson(post(type, ""))).toBe(false);
    expect(() => assertJson(post(type, ""))).toThrow(because("unsupported_media_type"));
  });
});

describe("readForm", () => {
  it.each([
    ["", {}],
    ["a=1&b=2", { a: "1", b: "2" }],
    ["&&a=1&&", { a: "1" }],
    ["a", { a: "" }],
    ["a=b=c", { a: "b=c" }],
    ["a=1+2%2B3", { a: "1 2+3" }],
    ["%61=%C3%A4%20%F0%9F%8E%89", { a: "ä 🎉" }],
    ["a=%00", { a: "\0" }],
    ["a=ä", { a: "ä" }],
    ["a[]=1&a[b]=2", { "a[]": "1", "a[b]": "2" }],
    [
      "__proto__=x&constructor=y&toString=z",
      Object.fromEntries([
        ["__proto__", "x"],
        ["constructor", "y"],
        ["toString", "z"],
      ]),
    ],
  ])("readForm reads %j", async (body, fields) => {
    const read = await form(body);
    expect(Object.entries(read)).toEqual(Object.entries(fields));
    expect(Object.getPrototypeOf(read)).toBeNull();
  });

  it.each([
    ["a name twice", "a=1&a=1"],
    ["a name twice, once encoded", "a=1&%61=2"],
    ["two names that are empty", "=1&=2"],
    ["a broken percent sign", "a=%"],
    ["a percent sign without digits", "a=%zz"],
    ["a byte that is not UTF-8", "a=%E4"],
    ["an overlong slash", "a=%C0%AF"],
    ["half of a surrogate pair", "a=%ED%A0%80"],
    ["a code point above Unicode", "a=%F4%90%80%80"],
    ["a broken name", "%E4=1"],
    ["33 fields", Array.from({ length: 33 }, (_, i) => `f${i}=`).join("&")],
    ["33 separators", "&".repeat(33)],
  ])("readForm refuses %s", async (_, body) => {
    await expect(form(body)).rejects.toEqual(because("invalid_request"));
  });

  it("readForm refuses bytes that are not UTF-8", async () => {
    await expect(form(latin1("a=ä"))).rejects.toEqual(because("invalid_request"));
  });

  it("readForm reads 32 fields", async () => {
    const body = Array.from({ length: 32 }, (_, i) => `f${i}=`).join("&");
    expect(Object.keys(await form(body))).toHaveLength(32);
  });
});

describe("readJson", () => {
  it.each([
    "{}",
    ' {"a":1}\n',
    '{"a":"\\"a\\":","b":["a",{"a":1,":":2}],"c":{":b":"x"},"d":":"}',
    '{"\\u0061":1,"b":"\\ud83c\\udf89"}',
    '{"__proto__":{"a":1},"constructor":1}',
    '{"1":1,"01":2,"":3}',
    `{"a"${" ".repeat(5000)}:1}`,
  ])("readJson reads %j", async (body) => {
    expect(await json(body)).toEqual(JSON.parse(body));
    expect(Object.keys(await json(body))).toEqual(Object.keys(JSON.parse(body)));
  });

  it.each([
    ...["", " ", "null", "1", '"a"', "[]", "[{}]", "{", "{}{}", "{'a':1}", '{"a":1,}', '{"a":NaN}', "// x\n{}", "{}\0"],
    ...["\ufeff{}", '{"a":"\n"}', ")]}',\n{}", "a=1"],
    // A filter in front of the application may read the other one of the two.
    ...['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"b":{"a":1,"a":2}}', '{"b":[{"a":1,"a":2}]}', '{"":1,"":2}'],
    ...['{"__proto__":1,"__proto__":2}', '{"1":1,"1":2}'],
    ...["[".repeat(LIMIT), '{"a":'.repeat(3000), `{"a":${"[".repeat(8000)}${"]".repeat(8000)}}`],
  ])("readJson refuses %#", async (body) => {
    await expect(json(body)).rejects.toEqual(because("invalid_json"));
  });

  it.each([
    ["Latin-1", latin1('{"a":"ä"}')],
    ["UTF-16", Uint8Array.from(Buffer.from('{"a":1}', "utf16le"))],
    ["an encoded surrogate", Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d)],
    ["compressed bytes", Uint8Array.from(gzipSync("{}"))],
  ])("readJson refuses %s", async (_, bytes) => {
    await expect(json(bytes)).rejects.toEqual(because("invalid_json"));
  });

  it("readJson refuses another charset, even if the bytes are ASCII", async () => {
    await expect(json("{}", `${JSON_TYPE}; charset=utf-16`)).rejects.toEqual(because("invalid_json"));
    expect(await json("{}", `${JSON_TYPE}; charset=UTF-8`)).toEqual({});
  });
});

describe.each([
  ["a form", FORM, readForm, "a="],
  ["JSON", JSON_TYPE, readJson, '{"a":1} '],
] as const)("the body of %s", (_, type, read, start) => {
  const chunked = (chunks: Uint8Array[]) => ReadableStream.from(chunks) as ReadableStream<Uint8Array>;
  const bytes = (length: number) => Uint8Array.from(Buffer.from(start.padEnd(length, type === FORM ? "x" : " ")));

  it("a body has at most 16 KiB, whether or not its length is declared", async () => {
    for (const declared of [{}, { "Content-Length": "1" }, { "Content-Length": "abc" }] as Record<string, string>[]) {
      await expect(read(post(type, chunked([bytes(LIMIT)]), declared))).resolves.toBeTypeOf("object");
      await expect(read(post(type, chunked([bytes(LIMIT + 1)]), declared))).rejects.toEqual(because("too_large"));
    }
  });

  it("a body that is declared too long is not read", async () => {
    const unread = new ReadableStream<Uint8Array>(
      { pull: () => Promise.reject(new Error("read")) },
      { highWaterMark: 0 },
    );
    await expect(read(post(type, unread, { "Content-Length": `${LIMIT + 1}` }))).rejects.toEqual(because("too_large"));
    expect(unread.locked).toBe(false);
  });

  it("a body without an end is read up to the limit and then canceled", async () => {
    let chunks = 0;
    let isCanceled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks += 1;
        controller.enqueue(new Uint8Array(1024).fill(0x20));
      },
      cancel() {
        isCanceled = true;
        throw new Error("a failure to cancel changes nothing");
      },
    });
    await expect(read(post(type, endless))).rejects.toEqual(because("too_large"));
    expect(isCanceled).toBe(true);
    expect(chunks).toBeLessThan(20);
  });

  it("a body in single bytes is put together", async () => {
    const single = [...bytes(2000)].map((byte) => Uint8Array.of(byte));
    expect(await read(post(type, chunked(single)))).toEqual(await read(post(type, bytes(2000))));
  });

  it("a body that breaks off is the client's mistake", async () => {
    let isFirst = true;
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (isFirst) controller.enqueue(bytes(20));
        else controller.error(new Error("the connection was reset"));
        isFirst = false;
      },
    });
    await expect(read(post(type, broken))).rejects.toEqual(because("invalid_request"));
  });

  it("a body that somebody else has read is the developer's mistake", async () => {
    const request = post(type, bytes(20));
    await request.text();
    await expect(read(request)).rejects.toMatchObject({
      code: "ERR_OPTIONS",
      message: expect.stringContaining("body"),
    });
  });

  it.each(["gzip", "deflate", "br", "zstd", "x", "identity, gzip", ""])(
    "a body in the coding %j is refused",
    async (coding) => {
      const request = post(type, bytes(20), { "Content-Encoding": coding });
      await expect(read(request)).rejects.toEqual(because("unsupported_media_type"));
    },
  );

  it.each(["identity", "IDENTITY"])("the coding %s changes nothing", async (coding) => {
    await expect(read(post(type, bytes(20), { "Content-Encoding": coding }))).resolves.toBeTypeOf("object");
  });
});
