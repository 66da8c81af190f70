import { expect, test } from "vitest";
import { Html, html } from "../../../../src/http/pages/html.ts";

test("html escapes every value, and nothing twice", () => {
  const value = `<b a="1" b='2'>&amp;`;
  expect(html`<p title="${value}">${value}</p>`.markup).toBe(
    '<p title="&#60;b a=&#34;1&#34; b=&#39;2&#39;&#62;&#38;amp;">&#60;b a=&#34;1&#34; b=&#39;2&#39;&#62;&#38;amp;</p>',
  );
  expect(html`<p>${html`<b>${"<"}</b>`}</p>`.markup).toBe("<p><b>&#60;</b></p>");
});

test("html writes lists and numbers, and leaves out what is false or undefined", () => {
  expect(html`${[html`<i>`, "<", 0, [false, undefined, "x"]]}${false}${undefined}${0}${""}`.markup).toBe("<i>&#60;0x0");
});

test("html takes a string for text, even if it looks like Html", () => {
  expect(html`${String(new Html("<b>").markup)}`.markup).toBe("&#60;b&#62;");
});

test("html shows control characters as such, and keeps white space", () => {
  expect(html`${"a\0b\u001b\u007f\u0085\tc\r\nd"}`.markup).toBe("a\ufffdb\ufffd\ufffd\ufffd\tc\r\nd");
});
