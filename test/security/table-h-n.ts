// Two lines a flaw: its ids, the product and what went wrong; then what stands against it here. See flaws.ts.

export const H = `
CVE-2022-39307, Grafana: the answer said that the user was not found
→ requestReset answers before the account is looked up
CVE-2017-5537, Weblate: known and unknown addresses got different messages
→ requestReset answers before the account is looked up
CVE-2023-39522, authentik: the recovery said that the user does not exist
→ requestReset answers before the account is looked up
CVE-2024-45231, Django: a mail server that failed showed for real users alone
→ mail is sent by a job after the answer; its faults are events
CVE-2026-26185 GHSA-jr94-gj3h-c8rf, Directus: a check of parameters came before the guard against timing
→ the account is looked up by the job, 50 to 500 ms after the answer
CVE-2016-2513, Django: known users cost another amount of hashing
→ requestReset hashes no password
CVE-2024-39329, Django: accounts without a usable password took another time
→ the account is looked up by the job, 50 to 500 ms after the answer
CVE-2026-39321, Parse Server: unknown users cost no hash, and so less time
→ one answer for every token that is no good, before any hash
CVE-2026-43926 GHSA-cqqm-p3x5-9fqg, FOSSBilling: the confirmation told which tokens there were, without a limit
→ invalid_or_expired_token for all of them; 256 bits leave nothing to guess
CVE-2026-33323, Parse Server: asking again was answered otherwise for known users
→ requestReset answers before the account is looked up
X10: the mail is sent before the answer, and its time tells
→ dispatch: the job runs after the answer, at random
`;

export const I = `
CVE-2025-54879, Mastodon: the limit by address looked at the wrong place: no limit on mails
→ the address limit: its key is the canonical address, whatever the client
CVE-2025-27157, Mastodon: one way to send mails had no limit
→ every mail of a request is counted first: requestReset is the only way in
CVE-2022-31184, Discourse: a route for activations sent mails in masses
→ the client limit; unknown addresses get no mail
CVE-2023-35172 GHSA-mjf5-p765-qmr6, Nextcloud: the reset could be tried by brute force
→ 256 random bits; a wrong token costs one look-up and locks nobody out
CVE-2026-127079, BuildPiper: six digits for a code, and no limit
→ there are no codes: 256 random bits
CVE-2026-29794 GHSA-m547-hp4w-j6jx, Vikunja: a made-up header got around the limit
→ adapters take the address of the connection; clientKey takes IP literals alone
CVE-2026-24000 GHSA-j8h8-75h3-jg53, Fleet: headers with a client's address got around the limit
→ adapters take the address of the connection; the address limit holds for all clients together
CVE-2021-29023, InvoicePlane: no limit on resets
→ the client limit and the address limit, by default
CVE-2016-11069, Mattermost: no limit on changes of the password
→ a wrong token costs no hash; one completion of a token at a time
X11: somebody else's requests lock the owner out
→ requestReset changes nothing about the account
X12: the limit itself tells who has an account
→ both limits are charged before the account is looked up
`;

export const J = `
GHSA-4hmq-ggrm-qfc6, Directus: HTML came into the mail by the URL of the link
→ layout: everything is escaped; parseResetUrl
CVE-2022-1274 GHSA-m4fv-gm5m-4725, Keycloak: HTML came into mails
→ inertName, and everything is escaped
CVE-2024-55224, Vaultwarden: a user's name put HTML into mails
→ inertName, and everything is escaped
CVE-2017-18892, Mattermost: a field of the mail was not neutralised
→ inertAppName, and everything is escaped
CVE-2026-82661 GHSA-268h-hp4c-crq3, Nodemailer: line breaks in a comment made headers
→ inertSubject; mails have no headers of their own
CVE-2026-82853 GHSA-vvjj-xcjg-gr5g, Nodemailer: line breaks in a name for EHLO made commands
→ nothing of a request reaches the transport's options
CVE-2026-82854 GHSA-c7w3-x93f-qmm8, Nodemailer: line breaks in the envelope's size made recipients
→ mails are frozen strings; no envelope
GHSA-48ww-j4fc-435p, Nodemailer: a recipient that starts with a hyphen was an option of sendmail
→ canonicalEmail: no hyphen first
CVE-2024-6923, CPython: line breaks in headers were not encoded
→ inertSubject, canonicalEmail
X19: the name of a user carries a phishing message
→ inertName: 64 characters, nothing like a link or a number to call
`;

export const K = `
CVE-2025-68115, Parse Server: the reset page put the token into its HTML as it came
→ views escape everything; the page does not hold the token; CSP default-src 'none'
CVE-2021-21332, Synapse: the reset page put a parameter into its HTML as it came
→ views escape everything; CSP default-src 'none'
CVE-2023-38759, wger: another site could post the reset
→ adapters: POST from the own origin alone; GET changes nothing
X5: a mail scanner opens the link, and spends it
→ verifyToken never spends; only an accepted password does
`;

export const L = `
CVE-2025-22228, Spring Security: bcrypt compared 72 bytes and ignored the rest
→ completion: a bcrypt hash of a password over 72 bytes is refused
CVE-2013-1443, Django: long passwords took all of the CPU
→ checkPassword judges the length first; passwordLength
CVE-2014-9034, WordPress: long passwords took all of the CPU
→ checkPassword judges the length first; adapters read 16 KiB
CVE-2023-36053, Django: an address that takes the regular expression very long
→ canonicalEmail is linear
CVE-2005-3112, Macromedia Breeze: the reset stored the password in clear
→ hashPassword: what is stored is the hasher's answer, and not the password
CVE-2012-1168, Moodle: a form without the field set a password
→ checkPassword: a string, not empty; a refusal does not spend the link
X14: a NUL byte ends the password for some hashers
→ checkPassword refuses NUL
X15: the same password, composed otherwise, is another one at the login
→ the hasher gets the password as it was typed: normalisation is the hasher's
X16: the commonest passwords are accepted
→ notCommon, notPersonal, breachedPassword
`;

export const M = `
CVE-2026-34828 GHSA-h5j9-cvrw-v5qh, listmonk: sessions outlived the reset
→ revokeSessions is required: before the commit, after it, and in the follow-up
GHSA-x4vh-j75g-268g, NocoDB: refresh tokens outlived the reset
→ revokeSessions; sessionStamp
CVE-2025-62174, Mastodon: the reset by command line ended no sessions
→ completeReset is the only way to a new password
CVE-2023-40273, Airflow: sessions outlived the reset
→ revokeSessions; sessionStamp
CVE-2021-41268 GHSA-qw36-p97w-vcqr, Symfony: remember-me outlived the change of the password
→ sessionStamp
CVE-2016-7038, Moodle: tokens of web services outlived the change of the password
→ revokeSessions; sessionStamp
CVE-2026-128333, listmonk: the reset signed in without the second factor
→ completeReset answers no session and no user
CVE-2025-64175 GHSA-p6x6-9mx6-26wj, Gogs: a recovery code got around the second factor
→ the commit writes the password hash and nothing else
X8: the reset signs in, and gets around the second factor
→ completeReset answers no session and no user
X9: nobody tells the owner that the password was changed
→ the follow-up job: a notice to the address on file
`;

export const N = `
CVE-2024-1525, GitLab: a reset gave a password to users who sign in elsewhere
→ an account without a password gets no link unless the store offers it; resetAllowed
CVE-2024-37897, SFTPGo: users who may not reset could
→ prove asks resetAllowed again, and the commit once more
CVE-2024-39836, Mattermost: remote and synthetic users could reset
→ resetAllowed, at the request and at the completion
GHSA-cf8f-w2c5-p5jr, Keycloak: service accounts had addresses at a domain that anybody could register
→ resetAllowed; mail goes to the address on file only
X21: a reset makes an unverified address a verified one
→ the commit writes the password hash and nothing else
`;
