import { of } from "./guard.ts";

// What the application's own functions must not get away with, and what must not get out of relatch.

const PORTS = ["ports.test.ts", "complete-reset.test.ts", "verify-token.test.ts", "faults.test.ts"];

export const answers = [
  ...of(
    "ports.ts",
    PORTS,
    ["an account with another id", "if (found && found.id !== id) {", "if (false) {"],
    ["only true is true", 'if (typeof answer === "boolean") return answer;', "return Boolean(answer);"],
    ["a column that was forgotten", "if (passwordHash === undefined)\n    throw", "if (false)\n    throw"],
    ["no hash is null, not empty", 'if (passwordHash === "" || (typeof', "if ((typeof"],
    ["0 is not allowed", 'if (!isOptional("boolean", resetAllowed))', "if (false)"],
    ["a list of users is no user", " || Array.isArray(answer)) {", ") {"],
    ["an id that is no text", 'if (typeof id !== "string")\n    throw', "if (false)\n    throw"],
    ["an id that would not survive UTF-8", " || !id.isWellFormed()", ""],
    ["a hasher has to salt", "if (hash === previous) {", "if (false) {"],
    ["a hash is not the password", " || hash === password) {", ") {"],
    [
      "a verdict is a boolean",
      'if (typeof allowed !== "boolean" || typeof',
      "if (typeof",
      ["request-reset.test.ts"],
    ],
    [
      "one mailer cannot change what its neighbour sends",
      "mailer.send(Object.freeze(message), Object.freeze(about))",
      "mailer.send(message, about)",
      ["deliver.test.ts", "mailers/combine.test.ts"],
    ],
  ),

  ...of(
    "events.ts",
    ["events.test.ts"],
    ["events are frozen", "listener(Object.freeze({", "listener(Object({"],
    ["codes only, no texts", "/^[A-Z0-9_]{1,32}$/.test(part)", "true", ["faults.test.ts"]],
  ),
  ...of(
    "errors.ts",
    ["errors.test.ts", "faults.test.ts"],
    [
      "the cause is left out of the JSON",
      "return { name: this.name, code: this.code, message: this.message };",
      "return { name: this.name, code: this.code, message: this.message, cause: this.cause } as never;",
    ],
  ),
  ...of(
    "options.ts",
    ["options.test.ts", "request-reset.test.ts"],
    [
      "others' requests leave a live link",
      "if (rules.some((each) => each.windowSeconds > longest)) {",
      "if (false) {",
    ],
    ["nor do the default windows outlive it", "Math.min(each.windowSeconds, longest)", "each.windowSeconds"],
    ["a clock that answers nonsense", " && !Number.isNaN(instant.getTime())) return", ") return"],
  ),
  ...of(
    "checks.ts",
    ["options.test.ts"],
    ["an option that is misspelt", "if (unknown !== undefined) throw", "if (false) throw"],
    ["a lifetime of more than a day", "length > 0 && length <= DAY", "length > 0"],
  ),
];
