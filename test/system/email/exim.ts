import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import PostalMime, { type Email } from "postal-mime";
import { findFreePort } from "../../helpers/ports.ts";
import { localCertificate, relayAuth } from "./smtp-servers.ts";

// Runs Exim as Debian packages it (exim4-daemon-light). Its configuration, spool, log and mailbox are in a temporary
// folder, and it listens on the loopback interface only.

const PROGRAM = "/usr/sbin/exim4";
const USER = "Debian-exim";

/** The reason why this machine cannot start Exim, if there is one. */
export const missingExim: string | undefined = !existsSync(PROGRAM)
  ? "Exim is not installed (package exim4-daemon-light)."
  : process.getuid?.() !== 0
    ? "Only root can start Exim."
    : undefined;

/** An email in the mailbox. */
export interface DeliveredMail {
  to: string;
  mail: Email;
  /** The source, with the header fields that servers add. */
  raw: string;
}

/** Starts Exim with one mailbox for everybody at example.org and münchen.de. */
export async function startExim() {
  const folder = mkdtempSync(join(tmpdir(), "relatch-exim-"));
  const path = (...parts: string[]) => join(folder, ...parts);
  for (const part of ["spool", "spool/input", "log", "mail", "mail/new", "mail/cur", "mail/tmp"]) mkdirSync(path(part));
  const { key, cert } = await localCertificate();
  writeFileSync(path("key.pem"), key);
  writeFileSync(path("cert.pem"), cert);
  const [submission, relay] = [await findFreePort(), await findFreePort()];
  writeFileSync(path("exim.conf"), configuration(folder, submission, relay));
  // Exim runs as another user, who needs access to the folder.
  chmodSync(folder, 0o755);
  execFileSync("chown", ["-R", USER, ...["spool", "log", "mail", "key.pem"].map((part) => path(part))]);

  const daemon = spawn(PROGRAM, ["-C", path("exim.conf"), "-bdf"], { stdio: "ignore" });
  const exited = once(daemon, "exit");
  const read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  const log = () => read(path("log/main"));
  const failed = exited.then(() => {
    throw new Error(`Exim ended: ${log()}${read(path("log/panic"))}`);
  });
  failed.catch(() => {});
  const until = (part: string, condition: () => boolean) => Promise.race([untilTrue(path(part), condition), failed]);
  await until("log", () => log().includes("listening for SMTP"));

  return {
    cert,
    /** The port that requires STARTTLS and AUTH. */
    submission,
    /** The port that needs neither. */
    relay,
    log,
    /** Returns the content of the mailbox once everything accepted is delivered. */
    async delivered(): Promise<DeliveredMail[]> {
      // An email is in the spool from before it is acknowledged until it is in the mailbox.
      await until("spool/input", () => readdirSync(path("spool/input")).length === 0);
      const files = readdirSync(path("mail/new")).map((name) => readFileSync(path("mail/new", name)));
      return Promise.all(
        files.map(async (file) => {
          const raw = file.toString("utf8");
          return { to: /^Envelope-to: (.*)$/m.exec(raw)?.[1] ?? "", mail: await PostalMime.parse(file), raw };
        }),
      );
    },
    /** Empties the mailbox. */
    forget() {
      for (const name of readdirSync(path("mail/new"))) rmSync(path("mail/new", name));
    },
    async stop() {
      daemon.kill();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const configuration = (folder: string, submission: number, relay: number) => `
primary_hostname = mta.example.org
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%s
pid_file_path = ${folder}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${submission} : ${relay}
tls_advertise_hosts = \${if eq{$received_port}{${submission}}{*}}
tls_certificate = ${folder}/cert.pem
tls_privatekey = ${folder}/key.pem
auth_advertise_hosts = \${if def:tls_in_cipher{*}}
smtputf8_advertise_hosts = *
host_lookup =
deliver_drop_privilege = true
keep_environment =
domainlist here = example.org : xn--mnchen-3ya.de : münchen.de
acl_smtp_rcpt = rcpt
acl_smtp_data = data

begin acl
rcpt:
  deny    condition = \${if eq{$received_port}{${submission}}}
          !authenticated = *
          message = 530 5.7.0 authenticate first
  deny    local_parts = nobody
          message = 550 5.1.1 no such mailbox
  defer   local_parts = greylisted
          !seen = -0s / key=$sender_address-$local_part
          message = 451 4.7.1 greylisted, come back later
  require domains = +here
          message = 550 5.7.1 relaying is not permitted
  accept
data:
  discard condition = \${if match{$recipients}{\\N^careful@\\N}}
          seen = 1d / key=$h_message-id:
          log_message = a duplicate
  accept

begin routers
here:
  driver = accept
  domains = +here
  transport = mailbox

begin transports
mailbox:
  driver = appendfile
  directory = ${folder}/mail
  maildir_format
  envelope_to_add
  return_path_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${relayAuth.user}}}{eq{$auth3}{${relayAuth.pass}}}}}
  server_set_id = $auth2
`;

/** Checks the condition whenever something in the folder changes. */
function untilTrue(folder: string, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder);
    const look = () => {
      if (!condition()) return;
      watcher.close();
      resolve();
    };
    watcher.on("change", look);
    look();
  });
}
