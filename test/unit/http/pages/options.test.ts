import { type DefaultPagesOptions, defaultPages } from "relatch/pages";
import { expect, test } from "vitest";
import { relatchError } from "../../../helpers/errors.ts";
import { english } from "../texts/languages.ts";

const wrong = (options: unknown) => () => defaultPages(options as DefaultPagesOptions);

test.each(["1d4ed8", "#1d4ed", "#1d4ed8ff", "rgb(1, 2, 3)", "red", "", null, 7, "#1d4ed8;}"])(
  "defaultPages refuses the accent %j",
  (accent) => {
    expect(wrong({ accent })).toThrow(relatchError("ERR_OPTIONS", "accent must be"));
  },
);

const NOT_LOADED = [
  ...["logo.png", "./logo.png", "//cdn.example.com/logo.png", "/\\cdn.example.com/logo.png", "http://a.example/x"],
  ...["javascript:alert(1)", "data:image/png,x", "ftp://a.example/x", "https://", "https://a b/x", "https://u:p@a/x"],
  ...["https://user@a.example/x", "/lo go.png", "/logo.png\n", "/l\u00f6go.png", "", " /x", null, 7],
];

test.each(NOT_LOADED)("defaultPages refuses the logo and the style sheet %j", (target) => {
  expect(wrong({ logoUrl: target })).toThrow(relatchError("ERR_OPTIONS", "logoUrl must be a path"));
  expect(wrong({ stylesheet: target })).toThrow(relatchError("ERR_OPTIONS", "stylesheet must be a path"));
});

test.each(["/", "/logo.svg", "/a/b.png?x=1&y=%20#z", "https://a.example", "HTTPS://A.example:8443/x;y,z?q='"])(
  "defaultPages takes the logo and the style sheet %j",
  (target) => {
    const { contentSecurityPolicy } = defaultPages({ logoUrl: target, stylesheet: target });
    for (const sources of Object.values(contentSecurityPolicy ?? { none: "" })) expect(sources).toMatch(/^[^;,\r\n]+$/);
  },
);

test.each([null, 7, "nl", [], [english]])("defaultPages refuses the texts %j", (texts) => {
  expect(wrong({ texts })).toThrow(relatchError("ERR_OPTIONS", "texts must be an object"));
});

test("defaultPages names the part of the texts that is missing", () => {
  const { request: _, ...rest } = english;
  expect(wrong({ texts: { nl: rest } })).toThrow(relatchError("ERR_OPTIONS", "texts.nl.request must be"));
  expect(wrong({ texts: { nl: undefined } })).toThrow(relatchError("ERR_OPTIONS", "texts.nl.request must be"));
  expect(wrong({ texts: { "not a tag": english } })).toThrow(relatchError("ERR_OPTIONS", "tag"));
});

test("defaultPages names a misspelled option", () => {
  expect(wrong({ acent: "#fff" })).toThrow(relatchError("ERR_OPTIONS", 'Did you mean "accent"?'));
  expect(wrong(null)).toThrow(relatchError("ERR_OPTIONS", "must be an object"));
});
