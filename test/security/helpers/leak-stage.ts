import { type Dispatcher, type Job, memoryRateLimiter, type PasswordResetOptions, TimeSpan } from "relatch";
import { standardMessages } from "relatch/messages";
import { tokenIn } from "../../e2e/contract/helpers.ts";
import type { Harness } from "../../harness.ts";
import type { Recorder } from "./leak-recorder.ts";

// An application of which every call can be broken, and all that it is told is noted.

export const SHORT = "Kürze7!";
export const GOOD = "Sesam-öffne-dich-7 & more";
export const PERSONAL = "mike-mike-9";
export const PASSWORDS = [GOOD, SHORT, PERSONAL, `${GOOD} again`];

/** The calls of the application's ports, and its own functions. */
export const CALLS = [
  ...(["users.findByEmail", "users.findById", "users.replacePasswordHash", "hasher.hash"] as const),
  ...(["tokens.save", "tokens.find", "tokens.deleteByUser", "mailer.send"] as const),
  ...(["limiter.consume", "limiter.refund", "queue.dispatch", "own.revokeSessions"] as const),
  ...([
    "own.appName",
    "own.resetUrl",
    "own.rule",
    "own.resetLink",
    "own.passwordChanged",
    "own.onEvent",
  ] as const),
] as const;
export type Call = (typeof CALLS)[number];

/** Gets a secret, as it has to: its arguments are not noted, and are in no error of its own. */
const ENTRUSTED: readonly string[] = [
  "hasher.hash",
  "mailer.send",
  "own.rule",
  "own.resetLink",
] satisfies Call[];

const refusal = (more: object) => Object.assign(new Error("the mail was not taken"), more);

/** The ways in which a call goes wrong. */
export const FAULTS: Record<string, (...args: unknown[]) => unknown> = {
  throws: (...args) => {
    throw Object.assign(new Error("down"), { code: "ECONNRESET", args });
  },
  rejects: async (...args) => {
    throw Object.assign(new Error("down"), { code: "ECONNRESET", cause: new AggregateError(args, "deep") });
  },
  "answers garbage": () => ({ garbage: [7] }),
  "answers a text": () => "garbage",
  "never answers": () => new Promise(() => {}),
};

/** And those of a mailer besides. */
export const MAIL_FAULTS: typeof FAULTS = {
  "is refused": async () => Promise.reject(refusal({ permanent: true, responseCode: 550 })),
  "is refused for now": async () => Promise.reject(refusal({ unsent: true, responseCode: 451 })),
  "is lost": async () => Promise.reject(refusal({ code: "ETIMEDOUT" })),
};

type Methods = Record<string, (...args: unknown[]) => unknown>;

export interface Stage {
  options: Partial<PasswordResetOptions>;
  /** Before the application is used: notes what its ports are told and answer. */
  attach(app: Harness, recorder: Recorder): void;
  /** From now on, until the next one. */
  break(call: Call, fault: (...args: unknown[]) => unknown): void;
  mend(): void;
  jobs: Job[];
}

/** `dispatcher`: jobs are kept in `jobs` where there is none. */
export function stage(dispatcher?: Dispatcher): Stage {
  let recorder: Recorder | undefined;
  let broken: { call: Call; fault: (...args: unknown[]) => unknown } | undefined;
  const jobs: Job[] = [];
  const standard = standardMessages();

  const around = (call: string, run: (...args: unknown[]) => unknown) => {
    const isEntrusted = ENTRUSTED.includes(call);
    return (...args: unknown[]): unknown => {
      if (!isEntrusted) recorder?.note(call, args);
      if (call === "own.resetLink") recorder?.secret(tokenIn((args[0] as { url: string }).url));
      const fault = broken?.call === call ? broken.fault : undefined;
      if (fault) return isEntrusted ? fault() : fault(...args);
      const answer = run(...args);
      // What a message is made of is the mail.
      if (call !== "own.resetLink")
        void Promise.resolve(answer).then(
          (value) => recorder?.note(call, value),
          () => {},
        );
      return answer;
    };
  };
  const watch = <T extends object>(name: string, port: T): T => {
    const methods = port as unknown as Methods;
    for (const [method, run] of Object.entries(methods)) {
      if (typeof run === "function") methods[method] = around(`${name}.${method}`, run.bind(port));
    }
    return port;
  };

  const own = watch("own", {
    revokeSessions: async (): Promise<unknown> => undefined,
    appName: () => "Acme",
    resetUrl: () => "https://app.example.com/password_reset/:token",
    rule: (password: unknown) =>
      String(password).length < 8 ? { code: "too_short", params: { min: 8 } } : undefined,
    resetLink: standard.resetLink as (input: unknown) => never,
    passwordChanged: standard.passwordChanged as (input: unknown) => never,
    onEvent: () => undefined,
  } as unknown as Record<string, (...args: unknown[]) => never>);
  const call =
    (name: string) =>
    (...args: unknown[]) =>
      (own[name] as (...args: unknown[]) => never)(...args);
  const limiter = watch("limiter", memoryRateLimiter());
  const queue = watch("queue", dispatcher ?? { dispatch: async (job: Job) => void jobs.push(job) });
  const time = new TimeSpan(20, "ms");

  return {
    jobs,
    options: {
      revokeSessions: call("revokeSessions"),
      appName: call("appName"),
      resetUrl: call("resetUrl"),
      passwordRules: [call("rule")],
      messages: { resetLink: call("resetLink"), passwordChanged: call("passwordChanged") },
      onEvent: call("onEvent"),
      dispatcher: queue,
      limits: {
        rateLimiter: limiter,
        client: { max: 1000, windowSeconds: 60 },
        address: [{ max: 100, windowSeconds: 60 }],
      },
      callTimeout: time,
      deliveryTimeout: new TimeSpan(60, "ms"),
    },
    attach(app, its) {
      recorder = its;
      broken = undefined;
      jobs.length = 0;
      for (const name of ["users", "tokens", "mailer", "hasher"] as const) watch(name, app[name]);
    },
    break(name, fault) {
      broken = { call: name, fault };
    },
    mend() {
      broken = undefined;
    },
  };
}
