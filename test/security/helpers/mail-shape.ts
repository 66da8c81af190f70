import type { Email } from "postal-mime";
import type { ReceivedMail } from "../../e2e/smtp-server.ts";
import { parseHtml } from "../../helpers/html.ts";

/** What of the words of a mail no name may change. */
export interface ContentShape {
  /** The elements and how they are nested, but for the spans that isolate a name of the other direction. */
  tree: string;
  /** Where its elements lead. */
  targets: string[];
  /** What a mail client may turn into a link, in what it shows. */
  linkLike: { subject: string[]; text: string[]; html: string[] };
}

/** And what of the whole mail. */
export interface MailShape extends ContentShape {
  sender: string;
  recipients: string[];
  /** The names of the headers, and of those of the parts. */
  headers: string[];
}

export const shapeOf = ({ from, recipients, raw, parsed }: ReceivedMail): MailShape => ({
  sender: from,
  recipients,
  headers: headerNames(raw),
  ...contentShape(parsed),
});

export function contentShape(content: Pick<Email, "subject" | "text" | "html">): ContentShape {
  const { elements, text, tree } = parseHtml(content.html ?? "");
  const targets = elements.flatMap(({ attributes }) =>
    ["href", "src", "action", "background", "srcset", "data", "ping", "poster"].flatMap(
      (name) => attributes[name] ?? [],
    ),
  );
  return {
    tree: withoutIsolates(tree),
    targets,
    linkLike: {
      subject: linkLike(content.subject ?? ""),
      text: linkLike(content.text ?? ""),
      html: text.flatMap(linkLike),
    },
  };
}

/** A name that is written in the other direction stands in a span with its direction (test/mail.test.ts). */
const withoutIsolates = (tree: string): string => tree.replaceAll(" span[dir]()", "");

/** The names of all header fields, as RFC 5322 §2.2 reads them. */
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

/** In compatibility form, as some clients look at a text. Full stops that make no link are no dots. */
export const linkLike = (text: string): string[] =>
  text
    .replaceAll("\u2024", " ")
    .normalize("NFKC")
    .match(
      /(?:[a-z][a-z0-9+.-]*:\/\/|www\.|mailto:|tel:|javascript:|data:)\S+|[^\s@]+@[^\s@]+|[\p{L}\p{N}-]+[.\u3002][\p{L}\p{M}\p{N}]{2,}\S*|(?<!\S)[/\\]{2}\S+/giu,
    ) ?? [];

/** Characters that are not seen, and may turn what is seen round. */
export const invisible = (text: string): string[] => [
  ...new Set(text.match(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu)),
];
