import fc from "fast-check";
import nodemailer from "nodemailer";
import type { Mailer, PasswordResetOptions } from "relatch";
import { type NodemailerTransport, nodemailerMailer } from "relatch/nodemailer";
import { GOOD_PASSWORD, type Harness, harness, MIKE } from "../../helpers/harness.ts";
import { parseHtml } from "../../helpers/html.ts";
import { type ReceivedMail, smtpCredentials, startSmtpServer } from "../../system/http/smtp-server.ts";

// Names that people may choose to see what happens, a mail server that keeps what it gets, and the shape of an email.

const list = (text: string): string[] => text.split(" ¦ ");

/** Markup for elements and attributes in any quotes, and for what follows a mistake of a parser. */
export const MARKUP = list(`<script>alert(1)</script> ¦ </p></td></tr></table><h1>Your account is locked</h1> ¦ \
"><img src=x onerror=alert(1)> ¦ '><svg/onload=alert(1)> ¦ " onmouseover="alert(1)" x=" ¦ \
' style='position:fixed;inset:0 ¦ <a href=https://evil.example>Click here</a> ¦ \
<a href="//evil.example">reset</a> ¦ <base href=https://evil.example/> ¦ \
<meta http-equiv="refresh" content="0;url=https://evil.example"> ¦ <style>*{display:none}</style> ¦ \
</style><script>alert(1)</script> ¦ </title><script>alert(1)</script> ¦ \
<iframe srcdoc='<script>alert(1)</script>'> ¦ <form action=https://evil.example><input name=password> ¦ \
<!-- ¦ --><b> ¦ <!--[if mso]><b>evil</b><![endif]--> ¦ <![CDATA[<b>]]> ¦ <?xml version='1.0'?> ¦ \
<plaintext> ¦ <xmp> ¦ <noscript><p title='</noscript><img src=x onerror=alert(1)>'> ¦ \
<math><mi//xlink:href='data:x,<script>alert(1)</script>'> ¦ <table background=https://evil.example> ¦ \
<img src=https://evil.example/pixel> ¦ <link rel=stylesheet href=//evil.example> ¦ \
<object data=//evil.example> ¦ <details open ontoggle=alert(1)> ¦ <b>Mike</b> ¦ < ¦ << ¦ \
&lt;script&gt; ¦ &#60;script&#62; ¦ &#x3c;b&#x3e; ¦ &amp;lt;b&amp;gt; ¦ & ¦ &amp ¦ &#0; ¦ " ¦ ' ¦ \` ¦ \
{{7*7}} ¦ $\{7*7} ¦ <%= 7*7 %> ¦ {%raw%} ¦ #{7*7} ¦ [[$\{7*7}]] ¦ $&$\`$'$1$$ ¦ :token ¦ %s%n%d ¦ \
＜script＞ ¦ ﹤b﹥ ¦ \u00abb\u00bb ¦ <\u0000script> ¦ <scr\u00adipt>`);

/** Line breaks, and spellings of them, with a header after them. */
export const LINE_BREAKS =
  list(`\r\n ¦ \n ¦ \r ¦ \r\n\r\n ¦ \n\n ¦ \r\r\n ¦ \u2028 ¦ \u2029 ¦ \u0085 ¦ \v ¦ \f ¦ \x1c ¦ \x1e ¦ %0d%0a ¦ \
%0a ¦ =0D=0A ¦ =\r\n ¦ \\r\\n ¦ \u560d\u560a ¦ \r\n  ¦ \r\n\t ¦ \r\n.\r\n`).flatMap((lineBreak) => [
    `Mike${lineBreak}Bcc: eve@evil.example`,
    `${lineBreak}Content-Type: text/html${lineBreak}${lineBreak}<h1>x</h1>`,
    `Mike${lineBreak}`,
  ]);

/** More that one line cannot make of a header; one of the encoded words is https://evil.example. */
export const HEADER_WORDS = list(`=?utf-8?B?PGI+?= ¦ =?utf-8?Q?=0D=0ABcc:_eve@evil.example?= ¦ =?x?q?=0a?= ¦ \
=?utf-8?B?aHR0cHM6Ly9ldmlsLmV4YW1wbGU=?= ¦ a, eve ¦ a <eve@evil.example> ¦ a" <eve@evil.example>, "b ¦ \
(comment) ¦ group: eve@evil.example; ¦ \\ ¦ ----_NmP-boundary ¦ -- ¦ --  ¦ . ¦ .. ¦ From  ¦ >From x`);

/** Characters that turn text around, or cannot be seen. */
export const INVISIBLE =
  list(`\u202eelpmaxe.live ¦ Mike\u202d\u202e ¦ \u2066Mike ¦ \u2067\u2068Mike\u2069\u2069 ¦ \u2069\u2069Mike ¦ \
\u200e\u200fMike ¦ \u061cMike ¦ Mi\u200bke ¦ Mi\u200d\u200cke ¦ \ufeffMike ¦ Mi\u00adke ¦ \
\u2060Mike\u2064 ¦ \u180eMike ¦ \u3164 ¦ \u115f\u1160 ¦ \u034f\u034f ¦ \u{e0041}\u{e0042} ¦ \u{e0100} ¦ \
\ufff9a\ufffab\ufffb ¦ \ud800 ¦ \udc00Mike ¦ \ufffe\uffff ¦ \u{1fffe} ¦ \0 ¦ Mike\0 ¦ \
\x1b[2J\x1b]0;x\x07 ¦ \x7f\x80\x9f ¦ \ue000\uf8ff ¦   ¦ \u00a0\u2003\u3000 ¦ `);

/** Names that a mail client, or a telephone, turns into a link. */
export const LINKS =
  list(`https://evil.example/reset ¦ http://evil.example ¦ HTTPS://EVIL.EXAMPLE ¦ https:evil.example ¦ \
//evil.example ¦ \\\\evil.example\\share ¦ www.evil.example ¦ evil.example ¦ EVIL.COM ¦ \
Your account was hacked, visit evil.com ¦ Hello! See evil.example/reset now. ¦ evil.example:8080 ¦ \
evil.рф ¦ evil.xn--p1ai ¦ пример.рф ¦ 例え.テスト ¦ evil。example ¦ evil．example ¦ evil\uff61example ¦ \
ｅｖｉｌ．ｃｏｍ ¦ ｈｔｔｐｓ：／／evil ¦ evil\u2024com ¦ evil\u200b.\u200bcom ¦ evil.\u00adcom ¦ eve@evil.example ¦ \
eve＠evil.example ¦ mailto:eve@evil.example ¦ tel:+15551234567 ¦ sms:5551234567 ¦ javascript:alert(1) ¦ \
data:text/html,<script>alert(1)</script> ¦ ftp://evil.example ¦ file:///etc/passwd ¦ \
Call +1 (555) 123-4567 ¦ 0 8 0 0 1 2 3 4 5 6 7 ¦ 0800-EVIL 1234567 ¦ ٠٨٠٠١٢٣٤٥٦٧ ¦ １８００５５５１２３４ ¦ \
1.800.555.1234 ¦ 192.0.2.1 ¦ [2001:db8::1] ¦ bit.ly/x ¦ t.me/evil ¦ [Click](https://evil.example) ¦ \
<https://evil.example>`);

const ODD =
  list(`\u{1f468}\u200d\u{1f469}\u200d\u{1f467} ¦ דנה ¦ محمد ¦ Mike דנה ¦ דנה C++ ¦ 李小龍 ¦ क्षत्रिय ¦ O'Neill ¦ \
Anna-Maria ¦ Dr. J. R. R. Tolkien ¦ undefined ¦ null ¦ [object Object] ¦ __proto__ ¦ constructor ¦ 0 ¦ \
-1 ¦ Your password was changed by an administrator. Call us at once, and tell us the code.`);
const PIECES = list(`Mike ¦ Acme ¦ \u0020 ¦ . ¦ : ¦ / ¦ @ ¦ < ¦ > ¦ " ¦ ' ¦ & ¦ = ¦ \r\n`);

/** Returns names made of pieces of those above, always the same ones. */
export function madeNames(count: number): string[] {
  const known = [...MARKUP, ...LINE_BREAKS, ...HEADER_WORDS, ...INVISIBLE, ...LINKS, ...ODD];
  const piece = fc.oneof(
    { arbitrary: fc.constantFrom(...known), weight: 4 },
    { arbitrary: fc.constantFrom(...PIECES), weight: 3 },
    { arbitrary: fc.string({ unit: "binary", maxLength: 4 }), weight: 1 },
  );
  const made = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(""));
  return fc.sample(made, { numRuns: count, seed: 20260101 });
}

// ── A mail server ─────────────────────────────────────────────────────────────────────────────────────────

export const SENDER = "Acme <no-reply@acme.example>";

/** A mail server that keeps what it gets, and the mailer of this package on the way there. */
export interface Post {
  mailer: Mailer;
  /** Returns the emails that came since the last call, in order. */
  collect(): ReceivedMail[];
  close(): Promise<void>;
}

/** Starts it, over TLS and with a password, behind nodemailer's own transport. */
export async function startPost(): Promise<Post> {
  const server = await startSmtpServer();
  const transport = nodemailer.createTransport({
    ...{ host: "localhost", port: server.port, requireTLS: true, tls: { ca: [server.cert] } },
    ...{ auth: smtpCredentials, pool: true, maxMessages: Number.POSITIVE_INFINITY },
  });
  const arrived: ReceivedMail[] = [];
  let isOpen = true;
  const keep = (email: ReceivedMail): void => {
    arrived.push(email);
    if (isOpen) void server.next().then(keep);
  };
  void server.next().then(keep);
  return {
    mailer: nodemailerMailer(transport as NodemailerTransport),
    collect: () => arrived.splice(0),
    async close() {
      isOpen = false;
      transport.close();
      await server.close();
    },
  };
}

/** The emails of one reset, as a mail server gets them. */
export interface Emails {
  link: string;
  reset: ReceivedMail;
  notice: ReceivedMail;
}

/** Resets a password by email, for an account with this name. */
export async function emailsOf(
  post: Post,
  { name = "Mike", ...options }: Partial<PasswordResetOptions> & { name?: string },
): Promise<Emails> {
  let link = "";
  const mailer: Mailer = {
    async send(message, about) {
      link ||= /^https?:\/\/\S+$/m.exec(message.text)?.[0] ?? "";
      await post.mailer.send(message, about);
    },
  };
  const app = harness({ accounts: [{ ...MIKE, name }], from: SENDER, ...options, mailer });
  await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
  const reset = await nextEmail(post, app);
  await app.passwordReset.completeReset({ token: /[\w-]{43}/.exec(link)?.[0], newPassword: GOOD_PASSWORD });
  return { link, reset, notice: await nextEmail(post, app) };
}

async function nextEmail(post: Post, { passwordReset, events }: Harness): Promise<ReceivedMail> {
  await passwordReset.drain();
  const [email, ...more] = post.collect();
  if (email && more.length === 0) return email;
  throw new Error(`${email ? "More than one email" : "No email"} came: ${JSON.stringify(events)}.`);
}

// ── The shape of an email, which no name may change ───────────────────────────────────────────────────────

export interface EmailShape {
  sender: string;
  recipients: string[];
  /** The names of the headers, and of those of the parts. */
  headers: string[];
  /** The elements and how they are nested, except the spans that isolate a name of the other direction. */
  tree: string;
  /** The targets of its elements. */
  targets: string[];
  /** The words that a mail client may turn into a link. */
  linkLike: { subject: string[]; text: string[]; html: string[] };
}

const LINKING = ["href", "src", "action", "background", "srcset", "data", "ping", "poster"];

export function shapeOf({ from, recipients, raw, parsed }: ReceivedMail): EmailShape {
  const { elements, text, tree } = read(parsed.html ?? "");
  const [subject, plain] = [linkLike(parsed.subject ?? ""), linkLike(parsed.text ?? "")];
  return {
    ...{ sender: from, recipients, headers: headerNames(raw) },
    tree: tree.replaceAll(" span[dir]()", ""),
    targets: elements.flatMap(({ attributes }) => LINKING.flatMap((name) => attributes[name] ?? [])),
    linkLike: { subject, text: plain, html: text.flatMap(linkLike) },
  };
}

/** Reads the strict HTML that emails are written in. Anything else has another tree. */
function read(html: string): Pick<ReturnType<typeof parseHtml>, "elements" | "text" | "tree"> {
  try {
    return parseHtml(html);
  } catch (error) {
    return { elements: [], text: [], tree: String(error) };
  }
}

/** Returns the names of all header fields, as RFC 5322 §2.2 reads them. */
function headerNames(raw: string): string[] {
  const [head = ""] = raw.split("\r\n\r\n", 1);
  const boundary = /boundary="([^"]+)"/.exec(head)?.[1];
  const parts = boundary ? raw.split(`--${boundary}`).slice(1, -1) : [];
  const inner = parts.map((part) => part.trimStart().split("\r\n\r\n", 1)[0] ?? "");
  return [head, ...inner].flatMap((fields) => {
    const lines = fields.split(/\r\n|\r|\n/).filter((line) => line !== "" && !/^[ \t]/.test(line));
    return lines.map((line) => line.split(":", 1)[0] ?? "");
  });
}

const LINK_LIKE =
  /(?:[a-z][a-z0-9+.-]*:\/\/|www\.|mailto:|tel:|javascript:|data:)\S+|[^\s@]+@[^\s@]+|[\p{L}\p{N}-]+[.\u3002][\p{L}\p{M}\p{N}]{2,}\S*|(?<!\S)[/\\]{2}\S+/giu;

/** Returns what some client may turn into a link. The full stop U+2024 makes none. */
export const linkLike = (text: string): string[] =>
  text.replaceAll("\u2024", " ").normalize("NFKC").match(LINK_LIKE) ?? [];

/** Returns the characters that cannot be seen, and may turn around what can. */
export const invisible = (text: string): string[] => [
  ...new Set(text.match(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu)),
];
