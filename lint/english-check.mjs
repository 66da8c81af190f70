#!/usr/bin/env node
// english-check: flags English that people in a hurry, or with another first language, read twice. Each rule says what to
// write instead. No dependencies; Node.js 20.16 or later.
//
//   english-check [path ...]        files or directories (default: .); prints file:line: rule: advice; exits 1 if any
//   english-check --counts [path]   one line per rule, by area, instead of the findings
//   english-check --only a,b ...    only these rules          english-check --rules    list the rules
//   git log -1 --format=%B | english-check -                  commit messages, from standard input
//
// Checked: prose in Markdown; comments, strings, and thrown messages in code; function names in src and examples.
// Not checked: fenced code other than its comments, inline code, URLs, strings without a space, languages other than English.
// Exceptions: a line with `english-check-ignore`, or everything between `english-check-off` and `english-check-on`.

const fs = process.getBuiltinModule("node:fs");
const path = process.getBuiltinModule("node:path");

const CUT = "\u0001"; // stands for code: no prose pattern matches across it
const FRESH = "\u0002"; // where a comment begins
const START = "(?:^[\\s>*|-]*|[.!?;|]\\s+\\**|[\u0001\u0002]\\s*)"; // where a sentence can start
const VERB = "is|are|was|were|has|had|can|cannot|could|may|must|might|comes?|goes|waits?|needs?|remains?|ends?|follows?|stands?|says?|fails?|failed|helps?|makes?|keeps?|holds?|runs?|costs?|counts?|changes?|arrives?|takes?|gets?|began|begins?|does|did|should|would|will";
const MAIL_NOUN = "server|service|client|scanner|address|app|application|program|provider|system|account|queue|job|header|template|host|relay|transport|flow|merge|order|exchanger|domain";

/** name, pattern, advice, flags. "i" is the default; patterns that look at capital letters pass "". */
const PROSE = [
  ["answer", "\\banswer(?:s|ed|ing)?\\b", "functions return, servers respond; the noun is response, result or return value"],
  ["no-predicate", "(?<!\\bthere\\s{1,60}(?:[a-z]+\\s{1,60})?)\\b(?:is|are|was|were|be|been)\\s+(?:no(?!\\s+(?:longer|more|less|fewer|better|worse|need|way|one|matter|use|different|doubt|problem|substitute|secret|guarantee|match|exception|accident|coincidence|good)\\b)|none(?!\\s+of\\s+(?:your|our|my)))\\s", "say `is not a …`, `none of … is`, or `if there is no …`"],
  ["headless-what", `${START}What\\s+(?:${VERB})\\b(?:(?!\\n\\s*\\n)[^?\u0001\u0002.]){3,200}[.;:|](?=\\s|$|\u0001)`, "start with the noun: `Jobs still waiting …`, not `What waits …`", ""],
  ["docstring-what", `\u0002\\s*(?:What|Whom?|Where)\\s+(?!to\\b|type\\b|kind\\b)(?<!What\\s+(?=(?:${VERB})\\b))(?:(?!\\n\\s*\\n)[^?\u0001\u0002.]){3,160}[.:;](?=\\s|\u0001)`, "a docstring says what the thing is or does: a noun, or a verb in the third person", ""],
  ["headless-who", `(?:${START}Who\\s+(?:can|cannot|has|may|must|could|is|was|[a-z]{3,}s)\\b[^.?;|\u0001]{4,120}[.;|])|\\b(?:for|by|from|with|than|to|neither|nor|lets?)\\s+who\\s+(?:can|cannot|has|may|must|could|is|was|[a-z]{3,}s)\\b`, "give `who` a noun: `anyone who reads …`", ""],
  ["whoever", "\\b(?:who(?:so)?|which|why)ever\\b(?!\\s+(?:comes|is|happens)\\s+(?:first|later|sooner|larger|smaller))", "use anyone who, any … that, for any reason"],
  ["countable-mail", `\\bmails\\b(?!\\s+(?:the|a|an|it|him|her|them|nobody|somebody|each|this|one)\\b)|\\b(?:a|one|each|every|no|two|three|another|any|same|first|second|newest|last|the)\\s+mail\\b(?!\\s*(?:${MAIL_NOUN})s?\\b)`, "an email, emails; `mail` only in mail server, mailbox, mailer"],
  ["of-its-own", "(?<!\\b(?:mind|life|accord)\\s+)\\bof\\s+(?:your|its|their|his|our|my|her)\\s+own\\b(?=\\s*(?:[^\\sa-z]|$)|\\s+(?:that|and|or|to|for|in|on|with|by|from|is|are|as|at|which|whose|where|when|without|than|has|can|cannot|needs?|must|after|before|beside|under|behind|calls?|takes?|if|but|not|so)\\b)|\\bof\\s+(?:yours|theirs|ours)\\b", "put the possessive first: `your own worker`, `your application`"],
  ["archaic-modal", "\\bneed(?:ed)?\\s+not\\b|\\b(?:is|are|was|were)\\s+to\\s+be\\b|\\bmust\\s+needs\\b|\\bmay\\s+not\\s+be\\s+had\\b|\\bhad\\s+best\\b", "does not have to, is optional, must be, so you can"],
  ["distributive-a", "\\b(?:one|two|three|four|\\d+)\\s+(?:[a-z]+(?<!under|over|cases|after|before|for|of|in|to|is)\\s+)an?\\s+(?:job|rule|link|client|call|process|token|mail|email|account|user|key|worker|request|step|table|row|tenant|page|test|port|event)\\b|\\bonce\\s+an?\\s+(?:job|rule|link|call|process|token|mail|account|user|request)\\b(?!\\s+(?:is|has|was|can|that))", "per: `one winner per link`"],
  ["literal-vocabulary", "\\bin clear\\b|\\bmend(?:s|ed|ing)?\\b|\\b(?:tells?|told|says?|said|speaks?)\\s+of\\b|\\b(?:lets?|letting)\\s+go\\s+of\\b|\\b(?<!(?:twice|not|as) )so\\s+(?:long|many|much)\\b(?!-|\\s+(?:as|that|for)\\b)|\\bbesides(?=[.,;:)]|\\s*$)|\\bbeside\\s+(?:it|them|each|the|which|that|one)\\b|\\bkin\\b|\\bfor ever\\b|\\bas ever\\b|\\bwhom\\b|\\blikes of\\b|\\bclothes\\b|\\bturn(?:s|ed)?\\s+round\\b", "see the word list"],
  ["stands", "\\bstands?\\s+(?:in(?!\\s+for\\b)|at|on|there|here|beside|between|behind|by|before|against|above|below|with|twice|once|exactly)\\b|\\bas it stands\\b|\\bstood\\s+(?:in|at|there)\\b", "is, appears, is listed, is stored"],
  ["tries", "\\b(?:another|each|every|later|next|this|one|no|last|further)\\s+try\\b|\\b(?:of|many|few|fewer|nine|five|three|two|between|the|its|uses?\\s+up)\\s+tries\\b|\\bis\\s+tried\\s+again\\b|\\bare\\s+tried\\s+again\\b|\\bto\\s+be\\s+tried\\s+again\\b", "attempt (noun), retry (verb and noun)"],
  ["all-that", "\\ball\\s+that\\s+(?:is|has|it)\\b|\\ball\\s+(?:else\\s+)?is\\s+(?!well\\b)", "everything that …; everything else is …"],
  ["verbless", `(?:^[\\s>*|-]*|[.!?]\\s+|[\u0001\u0002]\\s*)(?:Never|Nor|Not)\\s+(?:a|an|the|by|from|for|of|what|every|at|with)\\b[^.!?;:\u0001]{2,90}\\.`, "write a full sentence: `The result never contains …`", ""],
  ["dead-link", "\\b(?:live|dead|living)\\s+(?:links?|tokens?)\\b|\\b(?:links?|tokens?|sessions?)\\s+(?:(?:is|are)\\s+(?:dead|alive)|dies?|died|lives?)\\b|\\b(?:kills?|killed|killing)\\s+(?:the|a|an|every|all|each|any|its|their|other|older)\\s+(?:\\w+\\s+)?(?:links?|tokens?|sessions?|ones?)\\b", "links are valid, expire, or are invalidated; sessions end"],
  ["log-in", "(?<![.\\w])log(?:s|ged|ging)?\\s+(?:in|into|out)\\b(?!\\s+(?:JSON|the\\s+log|production|development))", "sign in, sign out (a `login` is the noun for the application's sign-in)"],
  ["british", "\\b(?:colour|behaviour|favour|honour|neighbour)\\w*\\b|\\b(?:organis|recognis|normalis|initialis|authoris|optimis|minimis|summaris|serialis|canonicalis|synchronis|generalis|customis)(?:e|es|ed|ing|ation|ations)\\b|\\b(?:grey|whilst|amongst|licence|cancelled|labelled|catalogue|judgement)\\b", "American spelling in code and docs"],
  ["he", "\\b(?<!for )(?:he|him|his|himself)\\b", "they, them, their: for attackers and owners alike"],
  ["e-mail", "\\be-mails?\\b", "email"],
];

/** Titles that make no sense on their own in a test report. */
const TITLE = /\b(?:it|test|describe)(?:\.\w+)*(?:\((?:[^()"'`]|\([^()]*\))*\))?\(\s*(["'`])(?:and|but|nor|neither|so|or|then|than|that|which|what|who|whoever|too|either|also)\b/g;
/** Thrown messages that state what should be true, as if it were. */
const STATES = /\b(?:wrong|RelatchError|TypeError|RangeError)\(\s*(?:"ERR_\w+",\s*)?(["'`])(?:[A-Z]?[\w.]*:\s)?(?:\$\{[^}]*\}|[\w.]+|(?:a|A) [a-z ]{2,30}?)+ (?:is|are|takes|needs|has|answers) (?!not\b|missing\b|too\b|invalid\b|unknown\b|required\b|already\b)/g;
const PARTICIPLE = /\bfunction\s+([a-z]{2,}ed)\s*[(<]|\b(?:const|let)\s+([a-z]{2,}ed)\s*(?::[^=\n]+)?=\s*(?:async\s*)?(?:\([^()\n]*\)|[a-z]\w*)\s*(?::\s*[^=\n]+)?=>/g;
const NOT_PARTICIPLE = /^(?:need|feed|seed|speed|embed|exceed|proceed|succeed|bleed|shed)$/;
const QUESTION_HEADING = /^#{1,4}\s+(?:What|Who|Where|Which|Whether)\s+(?!you\b|to\b|it does\b|we\b|relatch\b)(?!.*\?\s*$).*$/gm;

const CODE = /\.(?:[cm]?[jt]sx?)$/;
const TEXT = /\.(?:md|mdx|txt)$/;
const SHELL = /\.(?:sh|ya?ml)$/;
const SKIP_DIR = /^(?:node_modules|dist|coverage|\..+)$/;
const SKIP_FILE = /package-lock\.json$|LICEN[CS]E[^/\\]*$|languages[/\\](?!en\.)[\w-]+\.ts$/;

const blank = (text) => text.replace(/[^\n]/g, CUT);
const word = (text) => text.replace(/[^\n]/g, "x");

/** Keeps comments and strings with a space in them; everything else becomes CUT. Same length, same lines. */
function proseOfCode(source) {
  let out = "";
  let i = 0;
  let last = "";
  const templates = []; // depth of braces inside each open `${`
  const end = source.length;
  const take = (to, change) => {
    out += change(source.slice(i, to));
    i = to;
  };
  const keep = (text) => text;
  const literal = (close) => {
    let j = i + 1;
    while (j < end && source[j] !== close) {
      if (source[j] === "\\") j++;
      else if (close === "`" && source[j] === "$" && source[j + 1] === "{") break;
      else if (close !== "`" && source[j] === "\n") break;
      j++;
    }
    const opened = source[j] === "$";
    out += i < end && source[i] !== "}" ? CUT : "x";
    i++;
    take(j, /\s\S/.test(source.slice(i, j)) || close === "`" ? (text) => text.replace(/\\[^\n]/g, "  ") : blank);
    if (opened) {
      take(j + 2, word);
      templates.push(0);
    } else if (source[j] === close) take(j + 1, blank);
    last = "x";
  };
  while (i < end) {
    const c = source[i];
    const two = source.slice(i, i + 2);
    if (two === "//") {
      const stop = source.indexOf("\n", i);
      const to = stop < 0 ? end : stop;
      const goesOn = /^[ \t]*\/\//.test(source.slice(source.lastIndexOf("\n", source.lastIndexOf("\n", i) - 1) + 1, source.lastIndexOf("\n", i) + 1));
      take(to, (text) => text.replace(/^\/+/, (slashes) => (goesOn ? " " : FRESH) + " ".repeat(slashes.length - 1)));
    } else if (two === "/*") {
      const stop = source.indexOf("*/", i + 2);
      const to = stop < 0 ? end : stop;
      take(to, (text) => text.replace(/^\/\*+/, (m) => FRESH + " ".repeat(m.length - 1)).replace(/^(\s*)\*/gm, "$1 "));
      take(Math.min(i + 2, end), blank);
    } else if (c === '"' || c === "'" || c === "`") literal(c);
    else if (c === "/" && /[=(,:;!&|?{}[]/.test(last || "(")) {
      let j = i + 1;
      for (let inClass = false; j < end && source[j] !== "\n" && (inClass || source[j] !== "/"); j++) {
        if (source[j] === "\\") j++;
        else if (source[j] === "[") inClass = true;
        else if (source[j] === "]") inClass = false;
      }
      take(Math.min(j + 1, end), blank);
      last = "x";
    } else {
      if (templates.length > 0 && c === "{") templates[templates.length - 1]++;
      if (templates.length > 0 && c === "}" && templates[templates.length - 1]-- === 0) {
        templates.pop();
        literal("`");
        continue;
      }
      if (!/\s/.test(c)) last = c;
      take(i + 1, templates.length > 0 ? word : /[ \t\n]/.test(c) ? keep : blank);
    }
  }
  return out;
}

/** Prose as it is; of fenced code only the comments of JavaScript and TypeScript. */
function proseOfMarkdown(source) {
  return source.replace(/^([ \t]*)(```|~~~)([^\n]*)\n([\s\S]*?)^[ \t]*\2[ \t]*$/gm, (all, indent, fence, info, body) => {
    const head = all.length - all.indexOf("\n") - 1;
    const opening = all.slice(0, all.length - head);
    const closing = all.slice(opening.length + body.length);
    const inside = /^\s*(?:[cm]?[jt]sx?|typescript|javascript)\b/.test(info) ? proseOfCode(body) : blank(body);
    return blank(opening) + inside + blank(closing);
  });
}

const proseOfShell = (source) =>
  source.replace(/^.*$/gm, (line) => (/^\s*#(?!!)/.test(line) ? line.replace("#", " ") : blank(line)));

/** Inline code counts as one word; URLs, link targets and HTML tags as none. */
const neutral = (text) =>
  text
    .replace(/`[^`\n]+`/g, word)
    .replace(/\]\([^)\n]*\)/g, (m) => `]${blank(m.slice(1))}`)
    .replace(/https?:\/\/[^\s)>"'`]+/g, word)
    .replace(/<\/?[a-z][^>\n]*>/gi, blank);

function check(file, source, rules) {
  const kind = CODE.test(file) ? "code" : SHELL.test(file) ? "shell" : TEXT.test(file) ? "markdown" : "text";
  const prose = { code: proseOfCode, shell: proseOfShell, markdown: proseOfMarkdown, text: (t) => t }[kind];
  const text = neutral(prose(source));
  const starts = [0];
  for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineOf = (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const lines = source.split("\n");
  const off = new Set();
  let isOff = false;
  lines.forEach((line, index) => {
    if (line.includes("english-check-off")) isOff = true;
    if (isOff || line.includes("english-check-ignore")) off.add(index);
    if (line.includes("english-check-on")) isOff = false;
  });
  const found = [];
  const add = (rule, offset, matched, advice) => {
    const line = lineOf(offset);
    if (!off.has(line)) found.push({ file, line: line + 1, rule, matched, advice });
  };
  const clean = (matched) => matched.replace(/[\u0001\u0002]/g, " ").replace(/\s+/g, " ").replace(/^[\s>*#|.!?;-]+/, "").slice(0, 80).trim();
  for (const { name, regex, advice } of rules.prose) {
    for (const m of text.matchAll(regex)) {
      const skipped = m[0].length - m[0].replace(/^[\s>*#|.!?;\u0001\u0002-]+/, "").length;
      const from = m.index + skipped;
      const context = skipped > 0 || m[0].length > 30 ? m[0] : source.slice(Math.max(m.index - 24, 0), from + m[0].length + 24).replace(/^\S*\s|\s\S*$/g, "");
      add(name, from, clean(context), advice);
    }
  }
  const area = file.replaceAll("\\", "/");
  if (kind === "code" && rules.has("test-title"))
    for (const m of source.matchAll(TITLE))
      add("test-title", m.index, source.slice(m.index, m.index + m[0].length + 50).split("\n")[0], "a title must make sense alone: subject, verb, outcome");
  if (kind === "code" && rules.has("error-states") && !/(?:^|\/)test\//.test(area))
    for (const m of source.matchAll(STATES))
      add("error-states", m.index, source.slice(m.index, m.index + m[0].length + 40).split("\n")[0], "say what must be and what was received: `x must be …, received …`");
  if (kind === "code" && rules.has("participle-name") && !/(?:^|\/)test\//.test(area))
    for (const m of source.matchAll(PARTICIPLE)) {
      const name = m[1] ?? m[2];
      if (!NOT_PARTICIPLE.test(name)) add("participle-name", m.index, name, "functions are verbs: compose, encode, quote");
    }
  if (kind === "markdown" && rules.has("heading"))
    for (const m of text.matchAll(QUESTION_HEADING)) add("heading", m.index, m[0], "a heading is a task or a noun phrase");
  return found;
}

function* filesUnder(target) {
  const stat = fs.statSync(target);
  if (stat.isFile()) return yield target;
  for (const entry of fs.readdirSync(target, { withFileTypes: true })) {
    const full = path.join(target, entry.name);
    if (entry.isDirectory() && !SKIP_DIR.test(entry.name)) yield* filesUnder(full);
    else if (entry.isFile() && (CODE.test(full) || TEXT.test(full) || SHELL.test(full)) && !SKIP_FILE.test(full)) yield full;
  }
}

function main() {
  const args = process.argv.slice(2);
  const flag = (name) => args.includes(name) && args.splice(args.indexOf(name), 1).length > 0;
  const counts = flag("--counts");
  const list = flag("--rules");
  const at = args.indexOf("--only");
  const only = at >= 0 ? args.splice(at, 2)[1].split(",") : undefined;
  const names = [...PROSE.map(([name]) => name), "heading", "test-title", "error-states", "participle-name"];
  const wanted = names.filter((name) => !only || only.includes(name));
  if (only?.some((name) => !names.includes(name)) || args.some((arg) => arg.startsWith("--"))) {
    console.error(`usage: english-check [--counts] [--only rule,…] [path …]\nrules: ${names.join(", ")}`);
    process.exit(2);
  }
  if (list) return console.log(PROSE.map(([name, , advice]) => `${name.padEnd(20)}${advice}`).concat(names.slice(PROSE.length)).join("\n"));
  const rules = {
    has: (name) => wanted.includes(name),
    prose: PROSE.filter(([name]) => wanted.includes(name)).map(([name, pattern, advice, flags = "i"]) => ({
      name,
      advice,
      regex: new RegExp(pattern, `gm${flags}`),
    })),
  };
  const found = [];
  for (const target of args.length > 0 ? args : ["."]) {
    if (target === "-") found.push(...check("(standard input)", fs.readFileSync(0, "utf8"), rules));
    else if (!fs.existsSync(target)) {
      console.error(`english-check: no such file or directory: ${target}`);
      process.exit(2);
    } else for (const file of filesUnder(target)) found.push(...check(file, fs.readFileSync(file, "utf8"), rules));
  }
  found.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
  if (counts) {
    const areaOf = ({ file }) => /(?:^|\/)(src|examples|test|lab|docs)\//.exec(`/${path.relative(".", file)}`)?.[1] ?? "other";
    const areas = ["src", "examples", "docs", "test", "other"];
    const row = (cells) => console.log(cells.map((cell, n) => (n === 0 ? String(cell).padEnd(20) : String(cell).padStart(9))).join(""));
    row(["rule", "total", ...areas]);
    const of = (hits) => [hits.length, ...areas.map((area) => hits.filter((hit) => areaOf(hit).replace("lab", "test") === area).length)];
    for (const name of wanted) row([name, ...of(found.filter(({ rule }) => rule === name))]);
    row(["all", ...of(found)]);
  } else {
    for (const { file, line, rule, matched, advice } of found) console.log(`${file}:${line}: ${rule}: "${matched}" (${advice})`);
    if (found.length > 0) console.error(`${found.length} findings.`);
  }
  process.exitCode = found.length > 0 ? 1 : 0;
}

main();
