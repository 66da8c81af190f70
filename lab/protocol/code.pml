/*
 * Codes, for the model checker SPIN: one request with method "code", its deliveries, and the attempts to redeem its ticket.
 * It follows src/core/redeem-code.ts, deliver.ts and src/links/code.ts: one step here is one call of a port. The cases are
 * those of cases.txt whose group starts with "code".
 *
 * The parts of the model.
 *   ATTEMPTS  five attempts with wrong codes, in two processes. A ticket has two units here, so that five are too many.
 *   FAILS     the limiter fails at any call
 *   DELIVERY  one job that two workers get, and the owner, who types the code and opens the link of an email at any time
 *   LATE      a delivery may come when too little of the code's lifetime is left
 *   ROTATION  the new key moves to the first place, in each process at another time; nobody drops the old one meanwhile
 *   NEWEST    onlyNewestLink, with one worker: two simultaneous deliveries may leave two links, or none of one email
 * Mistakes, for the controls.
 *   CHECK_FIRST  compares, then counts         GIVE_BACK  a refused attempt gives its unit back
 *   ALLOW        a limiter that fails allows   PER_PROCESS  each process counts for itself
 *   FORGET       a count is forgotten early    OWN_KEY    a worker derives the link with its own first key
 *   FIRST_ONLY   a process redeems with its own first key     DROP_EARLY  the old key is dropped while tickets are valid
 *   REPLACE      one record for each ticket, which a later delivery replaces      INSERT  and which it must not replace
 *   DELETE_ALL   with NEWEST, the code is issued like another link     SEND_FIRST  the email is sent, then the code saved
 */
#define MAX 2
#ifdef PER_PROCESS
#define COUNT units[me % 2]
#else
#define COUNT units[0]
#endif

/* Keys: 1 is the old one, 2 the new one. 0 stands for no record. */
#define OLD 1
#define NEW 2

byte units[2]; byte compared = 0;
/* The key at the first place in the process of the request, in each worker and in the process of redeemCode. */
byte firstKey[4] = OLD; bool hasOld[4] = true;
/* The key that signed the ticket and the job, in one process and one step. */
byte ticketKey = 0;
/* The token store by delivery: the link of the email, and the key under which its code was saved. */
bool link[2]; byte code[2];
/* What an email contains. Both have arrived with it. */
bool sent[2]; bool hasCode[2];
bool isOver[2]; bool gaveUp = false; byte deaths = 0;

proctype attempt(byte me) {
  bool mayCompare = false; byte seen = 0;
#ifdef CHECK_FIRST
  seen = COUNT;
  mayCompare = (seen < MAX);
#else
  if
  :: atomic { COUNT < MAX -> COUNT++; mayCompare = true }
  :: atomic { COUNT >= MAX ->
#ifdef GIVE_BACK
      COUNT--
#else
      skip
#endif
    }
#ifdef FAILS
#ifdef ALLOW
  :: mayCompare = true
#else
  :: skip
#endif
#endif
  fi;
#endif
  if
  :: mayCompare ->
    atomic { compared++; assert(compared <= MAX) };
#ifdef CHECK_FIRST
    COUNT = seen + 1
#endif
  :: else
  fi
}

proctype forget() { units[0] = 0 }

proctype request() { atomic { ticketKey = firstKey[0] } }

/* One worker. It may die between any two steps, and then the queue gives the job to it again. */
proctype worker(byte w) {
  byte key; bool isLate;
  ticketKey != 0;
again:
  atomic {
    isLate = false;
    /* findSigningKey: the job is dropped if its key is not among those of this process. */
    if
    :: (ticketKey == OLD && !hasOld[w + 1]) -> gaveUp = true; goto over
    :: else
    fi;
#ifdef OWN_KEY
    key = firstKey[w + 1]
#else
    key = ticketKey
#endif
  };
#ifdef LATE
  if :: isLate = true :: skip fi;
#endif
#ifdef NEWEST
  atomic { link[0] = false; link[1] = false; code[0] = 0; code[1] = 0 };
#endif
  link[w] = true;
#ifdef DELETE_ALL
  atomic { link[0] = false; link[1] = false; code[0] = 0; code[1] = 0 };
#endif
#ifndef SEND_FIRST
  if
  :: isLate
  :: !isLate ->
#if defined(REPLACE)
    atomic { code[0] = 0; code[1] = 0; code[w] = key }
#elif defined(INSERT)
    if
    :: atomic { (code[0] == 0 && code[1] == 0) -> code[w] = key }
    :: atomic { (code[0] != 0 || code[1] != 0) -> gaveUp = true; goto over }
    fi
#else
    code[w] = key
#endif
  fi;
#endif
  if :: skip :: atomic { deaths < 1 -> deaths++; goto again } fi;
  atomic { sent[w] = true; hasCode[w] = !isLate };
#ifdef SEND_FIRST
  if :: isLate :: !isLate -> code[w] = key fi;
#endif
over:
  isOver[w] = true
}

/* The owner opens the link of an email, and types its code. */
proctype owner(byte w) {
  bool codeWorks; bool linkWorks;
  if
  :: sent[w]
  :: atomic { (isOver[w] && !sent[w]) -> goto out }
  fi;
  atomic {
    linkWorks = link[w];
    assert(linkWorks);
    if
    :: hasCode[w] ->
      codeWorks = (code[w] == ticketKey);
#ifdef FIRST_ONLY
      codeWorks = (codeWorks && firstKey[3] == ticketKey);
#endif
      codeWorks = (codeWorks && (ticketKey != OLD || hasOld[3]));
      assert(codeWorks)
    :: else
    fi
  };
out: skip
}

/* The new key moves to the first place of one process. */
proctype rotate(byte process) {
  firstKey[process] = NEW;
#ifdef DROP_EARLY
  hasOld[process] = false
#endif
}

/* When nothing can happen any more, each worker has sent its email. */
proctype judge() {
  timeout ->
  atomic {
#ifdef DELIVERY
#ifdef NEWEST
    assert(sent[0] && !gaveUp)
#else
    assert(sent[0] && sent[1] && !gaveUp)
#endif
#endif
    skip
  }
}

init {
  atomic {
#ifdef ATTEMPTS
    run attempt(0);
    run attempt(1);
    run attempt(2);
    run attempt(3);
    run attempt(4);
#ifdef FORGET
    run forget();
#endif
#endif
#ifdef DELIVERY
    run request();
    run worker(0);
    run owner(0);
#ifndef NEWEST
    run worker(1);
    run owner(1);
#endif
#ifdef ROTATION
    run rotate(0);
    run rotate(1);
    run rotate(2);
    run rotate(3);
#endif
#endif
    run judge()
  }
}
