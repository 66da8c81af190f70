// One line per flaw: its ids, the product, what went wrong, and after the arrow the guard against it here. A line that
// starts with # names the class, which is also the name of its test file, and its title.

export const TABLE = `
# a-recipient: Recipient confusion
CVE-2019-19844 GHSA-vfq6-hq5r-27r6, Django: an address that equals the victim's after a change of case in Unicode got the victim's link → canonicalEmail changes the case of ASCII letters alone; emails go to the address on file only
GHSA-qw9g-7549-7wg5, Directus: the database matched without accents, and the link went to what was typed → the canonical forms of what was typed and what is on file are compared
CVE-2023-7028, GitLab: a list of addresses in the request, and the second one got the link too → requestReset takes one string; relatch/http never turns a list into one
CVE-2022-35924 GHSA-xv97-c62v-4587, NextAuth: two addresses in one string went to the mailer as they were → canonicalEmail: one @, none of the characters that separate addresses or headers
CVE-2026-73420 GHSA-7rqj-j65f-68wh, Auth.js: the address was checked first and normalized later, which made a second @ of U+FF20 → canonicalEmail refuses compatibility characters, code point by code point, and checks the canonical form
CVE-2025-13033 GHSA-mm7p-fcc7-pg87, Nodemailer: a quoted local part with an address in it sent the email to that address → no email goes to an address on file that canonicalEmail refuses
CVE-2017-18908, Mattermost: the request could name another recipient → requestReset reads email, ip, locale, tenant and correlationId; emails go to the address on file only
CVE-2008-4106, WordPress: a padded name that the database cut stood for somebody else's account → canonicalEmail: no white space inside, at most 64 bytes before the @ and 254 in all
GHSA-j9xq-j329-2xvg, Keycloak: one user's name could be another user's address, and the look-up took either → a store finds one account or none, and it has exactly this address on file
X20: an address is folded as one provider does it (dots, +tags), and reaches another mailbox at others → canonicalEmail folds nothing that a provider might tell apart

# b-link: Link poisoning and redirects
CVE-2017-8295, WordPress: the Host header chose where emails and links lead → links are made of resetUrl alone, a template checked at construction
CVE-2012-4520, Django: credentials in the Host header ended up in links → links are made of resetUrl alone
CVE-2021-30185, Indico: the Host header chose the host of the link → links are made of resetUrl alone; library and relatch/http do not read Host
CVE-2025-64101 GHSA-mwmh-7px9-4c23, ZITADEL: Forwarded and X-Forwarded-Host chose the host of the link → links are made of resetUrl alone; no forwarding header is read
GHSA-93m4-mfpg-c3xf, ZITADEL: X-Forwarded-Proto was put into the link as it came → links are made of resetUrl alone; no forwarding header is read
CVE-2026-22794, Appsmith: the Origin header was the base of the links → links are made of resetUrl alone; Origin is compared, never used
CVE-2022-29933, Craft CMS: X-Forwarded-Host chose the link unless a base was configured → resetUrl is required; there is no default to be derived from a request
CVE-2022-22690 GHSA-jrmq-rv9w-63rv, Umbraco: the host of the first request was kept as the base of everybody's links → links are made of resetUrl alone; nothing is learned from requests
GHSA-fqh6-6h6c-366m, CouchAuth: the Host header chose the host of the link → links are made of resetUrl alone, behind Express too
CVE-2017-9303 GHSA-rc8x-jrrc-frfv, Laravel: the host of the link was whatever the request said → links are made of resetUrl alone, behind Hono too
CVE-2025-43932, JobCenter: without a server name in the settings, links followed the Host header → a resetUrl that is relative, has credentials, or has no :token after the host is refused
CVE-2017-12161, Keycloak: a client that lied about its host got a good token on a URL of its choice → no response contains a URL made of what a request says
CVE-2026-48902, Joomla: links were plain http on sites that have https → resetUrl must be https, or http on loopback
GHSA-x3f4-v83f-7wp2, Authorizer: the link went to a redirect_uri that nobody checked → no redirect parameter is read anywhere
CVE-2024-56734 GHSA-8jhw-6pjj-8723, better-auth: an open redirect by callbackURL, checked for POST alone → no redirect parameter is read anywhere
CVE-2025-27143, better-auth: //host passed for a path → no redirect parameter is read; redirects lead to fixed paths
CVE-2026-34751 GHSA-hp5w-3hxx-vmwf, Payload: parameters of the request reached the construction of the link → requestReset reads email, ip, locale, tenant and correlationId by name
X23: a reset route signs somebody in, or plants a session → no reset route sets a cookie but the link, the ticket and the address for the sign-in form: HttpOnly, SameSite, of this host alone

# c-generation: Token generation
CVE-2019-16303, JHipster: tokens from a generator that gives away its state: one told all the others → 32 bytes of crypto.getRandomValues for each token, and no other source
GHSA-p4cc-w597-6cpm, NodeBB: reset codes made with Math.random → tokens come from crypto.getRandomValues only
CVE-2016-5100 GHSA-qj6h-m7xc-r2v3, Froxlor: tokens made with rand() → 256 random bits
GHSA-382v-gxj9-ffhc, Moodle: tokens made with mt_rand() → there is no second source if the first one fails
CVE-2011-4321, Joomla: weak random numbers in tokens → base64url of 32 random bytes: 43 characters, no bias
CVE-2026-93868, Cotonti: the token was a digest of the time → no clock in the token
CVE-2012-5508, Plone: error pages gave away the state of the generator → errors and responses contain no random bytes
CVE-2025-63314, Acora CMS: the token was always the same → 256 fresh random bits for each token
CVE-2020-7378, openCRX: tokens made with java.util.Random → tokens come from crypto.getRandomValues only
X2: tokens that count up, or that tell when they were made → no clock and no counter in the token

# d-storage: Token storage and leaks
CVE-2026-62376 GHSA-r6w9-259g-gwrv, Vikunja: tokens were stored in plain text → stored are the SHA-256 of the token and an HMAC keyed with it
GHSA-wfm4-pq59-wg6r, Sulu: tokens in plain text, and a response that showed the user's address → requestReset returns { ok: true } to everybody
CVE-2025-58434, Flowise: the response to the request contained the token → requestReset has returned before a token is made
CVE-2026-26273 GHSA-78wq-6gcv-w28r, Known: the page for any address contained the token → the token is only in the email
CVE-2026-32865, OPEXUS eCASE: the response contained the verification code → the token is only in the email, and in the cookie of the person who opened it
CVE-2021-39919, GitLab: tokens were written to the log → events, errors and jobs contain no token and no password
CVE-2023-22894 GHSA-jjqf-j4w7-92w8, Strapi: filters in a query let strangers guess the stored token → only digests are stored, in a separate table
CVE-2023-36472 GHSA-v8gg-4mq2-88q4, Strapi: a route for relations returned the stored token → only digests are stored
CVE-2024-56143, Strapi: an operator of queries returned the stored token → only digests are stored
CVE-2026-108337, Hitachi Vantara Remote Ops: a list of users showed their reset codes → only digests are stored; no result contains the user
CVE-2010-5080, SilverStripe: the token in the URL went to other sites by Referer → relatch/http: the token moves into a cookie; Referrer-Policy, Cache-Control, nothing from elsewhere
CVE-2022-40798, OcoMon: the response showed the user's address, and then the link → requestReset returns { ok: true } to everybody
X6: the token leaks by Referer → relatch/http: the token moves into a cookie and the browser to a clean URL, without a Referer
X7: the token stays in logs and in the browser's history → relatch/http: the token is only in the first URL and in the cookie

# e-validation: Validation, binding, workflow
CVE-2019-18818 GHSA-6xc2-mj39-q599, Strapi: the password was set without a valid token → a token is a string of the right form, or there is no look-up
CVE-2026-30941, Parse Server: operators of the database came in as the token → a store is only ever asked for a SHA-256 in hex
CVE-2021-22911, Rocket.Chat: a helper method let strangers guess the token by regular expressions → verifyToken and completeReset share one check and one proof
CVE-2013-0233, Devise: a number for a token matched rows in MySQL → nothing is turned into a string
CVE-2009-2762, WordPress: a list for a token reset the first user's password → nothing is turned into a string
CVE-2008-3681, Joomla: a token of any form was taken to the database → a token has 43 characters of base64url, the last one canonical
GHSA-2m5g-8xpw-42vp, OpenCFP: no token matched the accounts that had none → no token is stored with the account, so none of its tokens is empty
CVE-2026-115237, Grand Job: an empty code was accepted → a token is a string of the right form, or there is no look-up
CVE-2026-105785 GHSA-8qm8-mp6h-qf35, Joplin Server: tokens that were made for other purposes set passwords → digests start with their purpose
CVE-2021-37693, Discourse: a link to verify an address, left over, could reset the password → digests start with their purpose; revokeTokens
CVE-2025-69614, Telekom: an activation token worked at the reset → digests start with their purpose
CVE-2025-50433, Monnit: the form named the account, and the token was good for any → the record says whose token it is; nothing else is read
GHSA-93x3-m7pw-ppqm, MantisBT: a parameter named the user whose password was set → the record says whose token it is; nothing else is read
CVE-2023-26481, authentik: who had a link could name any user for it → the record says whose token it is; nothing else is read
CVE-2015-2559, Drupal: the link was made of the password hash: equal hashes shared links → fingerprint: expiry, id, address, hash and tenant, keyed by the token itself and sealed with keys
CVE-2026-72700, Grav: tokens were compared with === → a look-up by digest, then constantTimeEqual: seen in the code; its time is measured, and the test shows the result alone
CVE-2017-14775, Laravel: tokens were compared in a time that tells where they differ → constantTimeEqual on digests: seen in the code; its time is measured, and the test shows the result alone
CVE-2010-4535, Django: an endless number in the link took all of the CPU → the length is judged before anything is computed
CVE-2015-9235, jsonwebtoken: the token chose the algorithm of its signature → no JWT is read; signed tokens have one algorithm
CVE-2026-39923, Flarum: only the page with the form checked the expiry → verifyToken and completeReset share one proof: a link is expired if now >= expiresAt
CVE-2026-18363, osTicket: without a timestamp no expiry was checked → a record without a valid time is an error; the expiry is part of the fingerprint, so a store cannot move it
CVE-2026-18963 GHSA-4gv3-mc9p-5wqc, Keycloak: a step of the flow could be left out → completeReset proves the token itself; no state between the steps
CVE-2021-43498, ATutor: when neither branch of a check held, the code went on → every return value of a store is checked, and an odd one is an error
X1: a JWT with alg none, or a weak secret, for a reset token → opaque tokens; signed ones: HMAC-SHA-256 with keys of 32 bytes
X3: a polluted Object.prototype, or __proto__ in a body, passes for input → only own properties are read
X4: one field several times, in the query or twice in the body → relatch/http reads only the body; a field that comes twice is refused
X22: the text of an error tells what is inside → refusals are values; relatch/http responds to failures with fixed words

# f-life-cycle: Life cycle of a token
CVE-2026-28268 GHSA-rfjg-6m84-crj2, Vikunja: tokens never expired: the clean-up deleted the wrong ones → no link depends on a clean-up: its use and its expiry are judged at every step; tokenStoreContract tests deleteExpired
CVE-2022-24743, Sylius: the token stayed good after it was used → the commit changes what the token is bound to
GHSA-2hp9-3xfr-r9w2, Serenity: a token worked twice → the commit changes what the token is bound to
CVE-2024-41888, Q&A platform of Apache: a link worked more than once → the commit changes what the token is bound to
CVE-2024-41890, Q&A platform of Apache: an older link stayed good after a newer one → onlyNewestLink deletes it; by default it is valid until any link is used, for its own lifetime, and the limits say how many there are
CVE-2023-1976, Q&A platform of Apache: links did not expire → a link is expired if now >= expiresAt; tokenLifetime is one hour, and never over a day
CVE-2026-21622, hex.pm: tokens did not expire → a link is expired if now >= expiresAt
CVE-2026-52809, Gogs: the lifetime of another setting was used → one tokenLifetime, for the record and for the words of the email
CVE-2016-11074, Mattermost: a reset left other links valid → the commit changes what every token is bound to
CVE-2020-11027, WordPress: a link survived a change of the password → fingerprint: the password hash
CVE-2026-26060 GHSA-3458-r943-hmx4, Fleet: a link survived a change of the password for a day → fingerprint: the password hash; revokeTokens
CVE-2022-46177, Discourse: a link survived a change of the address, and put the old one back → fingerprint: the address on file; the commit compares it; no address is ever written
CVE-2026-73431, Vulnerability-Lookup: signed tokens, and nothing that noted their use → signed tokens too are bound to the password hash: the commit invalidates them
X13: a clock that goes back, or runs ahead, extends links → the expiry is part of the fingerprint; a record that claims more than 7 days and five minutes is refused; old jobs are dropped

# g-race: Races and crashes
CVE-2026-32943, Parse Server: check and change were two steps: both of two callers won → replacePasswordHash: one compare-and-set on the user's row
CVE-2026-33624, Parse Server: a recovery code used twice at the same time → replacePasswordHash: one compare-and-set on the user's row
CVE-2026-43930, Parse Server: a one-time code was used twice at the same time → replacePasswordHash: one compare-and-set on the user's row
CVE-2026-107276, MISP: a code was read, checked and deleted in three steps → single use needs no token store: it is the compare-and-set; both contract suites refuse naive stores
CVE-2026-20779, Gitea: a code was checked, and its use noted later → replacePasswordHash: one compare-and-set on the user's row
CVE-2026-32700, Devise: two changes at the same time put the token and the address out of step → the token is bound to the address it was emailed to; the commit compares the address
CVE-2013-1895, py-bcrypt: passwords hashed at the same time were mixed up → each completion hashes its own password; hashers keep no state between calls
X17: a crash between the use of the token and the new password → there is no such gap: the commit is one statement
X18: a crash between the new password and the end of the sessions → the follow-up job is handed over before the commit, and revokes again

# h-enumeration: User enumeration
CVE-2022-39307, Grafana: the response said that the user was not found → requestReset returns before the account is looked up
CVE-2017-5537, Weblate: known and unknown addresses got different messages → requestReset returns before the account is looked up
CVE-2023-39522, authentik: the recovery said that the user does not exist → requestReset returns before the account is looked up
CVE-2024-45231, Django: a mail server that failed showed for real users only → a job sends the email after the response; its failures are events
CVE-2026-26185 GHSA-jr94-gj3h-c8rf, Directus: a check of parameters came before the guard against timing → the account is looked up by the job, 50 to 500 ms after the response
CVE-2016-2513, Django: known users cost another amount of hashing → requestReset hashes no password
CVE-2024-39329, Django: accounts without a usable password took another time → the account is looked up by the job, 50 to 500 ms after the response
CVE-2026-39321, Parse Server: unknown users cost no hash, and so less time → one result for every bad token, before any hash
CVE-2026-43926 GHSA-cqqm-p3x5-9fqg, FOSSBilling: the confirmation told which tokens there were, without a limit → invalid_or_expired_token for all of them; 256 bits leave nothing to guess
CVE-2026-33323, Parse Server: asking again got a different response for known users → requestReset returns before the account is looked up
X10: the email is sent before the response, and its time tells → the job runs after the response, at a random time

# i-abuse: Brute force and flooding
CVE-2025-54879, Mastodon: the limit by address looked at the wrong place: no limit on emails → the address limit: its key is the canonical address, whatever the client
CVE-2025-27157, Mastodon: one way to send emails had no limit → every request is counted first: requestReset is the only way in, and a job without the MAC of keys is dropped. Somebody who can write to the queue can repeat a job, and so its email, as long as it is fresh
CVE-2022-31184, Discourse: a route for activations sent emails in masses → the client limit; unknown addresses get no email
CVE-2023-35172 GHSA-mjf5-p765-qmr6, Nextcloud: the reset could be tried by brute force → 256 random bits; a wrong token costs one look-up and locks nobody out
CVE-2026-127079, BuildPiper: six digits for a code, and no limit → a token has 256 random bits; the codes of the option have eight digits or more, and five are compared for a ticket
CVE-2026-29794 GHSA-m547-hp4w-j6jx, Vikunja: a made-up header got around the limit → the examples take the address of the connection; only IP literals are clients
CVE-2026-24000 GHSA-j8h8-75h3-jg53, Fleet: headers with a client's address got around the limit → the examples take the address of the connection; the address limit holds for all clients together
CVE-2021-29023, InvoicePlane: no limit on resets → the client limit and the address limit, by default
CVE-2016-11069, Mattermost: no limit on changes of the password → a wrong token costs no hash; one completion of a token at a time
X11: somebody else's requests lock the owner out → requestReset changes nothing about the account
X12: the limit itself tells who has an account → both limits are charged before the account is looked up

# j-mail: Content and headers of emails
GHSA-4hmq-ggrm-qfc6, Directus: HTML came into the email by the URL of the link → everything is escaped; resetUrl is checked
CVE-2022-1274 GHSA-m4fv-gm5m-4725, Keycloak: HTML came into emails → names are sanitized, and everything is escaped
CVE-2024-55224, Vaultwarden: a user's name put HTML into emails → names are sanitized, and everything is escaped
CVE-2017-18892, Mattermost: a field of the email was not neutralized → names are sanitized, and everything is escaped
CVE-2026-82661 GHSA-268h-hp4c-crq3, Nodemailer: line breaks in a comment made headers → subjects are one line; nothing else of an email is a header
CVE-2026-82853 GHSA-vvjj-xcjg-gr5g, Nodemailer: line breaks in a name for EHLO made commands → nothing of a request reaches the transport's options
CVE-2026-82854 GHSA-c7w3-x93f-qmm8, Nodemailer: line breaks in the envelope's size made recipients → messages are frozen strings without an envelope
GHSA-48ww-j4fc-435p, Nodemailer: a recipient that starts with a hyphen was an option of sendmail → canonicalEmail: no hyphen first
CVE-2024-6923, CPython: line breaks in headers were not encoded → subjects are one line; canonicalEmail refuses line breaks
X19: the name of a user carries a phishing message → names have 64 characters at most, and nothing like a link or a number to call

# k-page: The reset page
CVE-2025-68115, Parse Server: the reset page put the token into its HTML as it came → pages escape everything; the page does not contain the token; CSP default-src 'none'
CVE-2021-21332, Synapse: the reset page put a parameter into its HTML as it came → pages escape everything; CSP default-src 'none'
CVE-2023-38759, wger: another site could post the reset → relatch/http: POST from the own origin only; GET changes nothing
X5: a mail scanner opens the link, and uses it up → verifyToken never uses a link up; only an accepted password does

# l-password: The password
CVE-2025-22228, Spring Security: bcrypt compared 72 bytes and ignored the rest → a bcrypt hash of a password over 72 bytes is refused
CVE-2013-1443, Django: long passwords took all of the CPU → checkPassword judges the length first; passwordLength
CVE-2014-9034, WordPress: long passwords took all of the CPU → checkPassword judges the length first; relatch/http reads 16 KiB
CVE-2023-36053, Django: an address that takes the regular expression very long → canonicalEmail is linear
CVE-2005-3112, Macromedia Breeze: the reset stored the password in plain text → the hash must be neither the password nor the old hash
CVE-2012-1168, Moodle: a form without the field set a password → checkPassword: a string, not empty; a refusal does not use the link up
X14: a NUL byte ends the password for some hashers → checkPassword refuses NUL
X15: the same password, composed otherwise, is another one at the login → the hasher gets the password as it was typed: normalization is the hasher's
X16: the commonest passwords are accepted → notCommon, notPersonal, breachedPassword

# m-sessions: After the reset: sessions, second factor
CVE-2026-34828 GHSA-h5j9-cvrw-v5qh, listmonk: sessions outlived the reset → revokeSessions is required: before the commit, after it, and in the follow-up
GHSA-x4vh-j75g-268g, NocoDB: refresh tokens outlived the reset → revokeSessions; sessionStamp
CVE-2025-62174, Mastodon: the reset by command line ended no sessions → completeReset is the only way to a new password
CVE-2023-40273, Airflow: sessions outlived the reset → revokeSessions; sessionStamp
CVE-2021-41268 GHSA-qw36-p97w-vcqr, Symfony: remember-me outlived the change of the password → sessionStamp
CVE-2016-7038, Moodle: tokens of web services outlived the change of the password → revokeSessions; sessionStamp
CVE-2026-128333, listmonk: the reset signed in without the second factor → completeReset returns no session and no user
CVE-2025-64175 GHSA-p6x6-9mx6-26wj, Gogs: a recovery code got around the second factor → the commit writes the password hash and nothing else
X8: the reset signs in, and gets around the second factor → completeReset returns no session and no user
X9: nobody tells the owner that the password was changed → the follow-up job: a notice to the address of the link, and to the address on file if that is another one

# n-eligibility: Who may reset
CVE-2024-1525, GitLab: a reset gave a password to users who sign in elsewhere → an account without a password gets no link unless the store offers it; resetAllowed
CVE-2024-37897, SFTPGo: users who may not reset could → the proof of a link asks resetAllowed again, and so does the commit
CVE-2024-39836, Mattermost: remote and synthetic users could reset → resetAllowed, at the request and at the completion
GHSA-cf8f-w2c5-p5jr, Keycloak: service accounts had addresses at a domain that anybody could register → resetAllowed; emails go to the address on file only
X21: a reset makes an unverified address a verified one → the commit writes the password hash and nothing else
`;
