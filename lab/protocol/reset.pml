/*
 * The protocol of a password reset, for the model checker SPIN. It follows src/core/complete.ts, follow-up.ts and
 * deliver.ts step by step: one step here is one call of a port, and every interleaving of the steps is visited.
 * cases.txt lists what is checked. README.md of the lab says how to read a counterexample.
 *
 * Links and completions. Completion 0 uses link 0. Completion 1 uses
 *   (no flag) link 1, of the same state   DOUBLE link 0 too   ISSUE link 1, which is issued at any time
 *   INTURN    starts when completion 0 is over, as in one process       ALONE there is no completion 1
 * Follow-up jobs.
 *   (no flag) a queue that loses nothing: a worker may be the process of the completion, if that is still running, or
 *             another one, which knows the stamps only
 *   INPROC    jobs run in the process of the completion and are lost with it
 *   AGAIN     a commit may be late for the core (30 seconds) before the patience of its job is over (15 minutes)
 *   DRAIN     the process drains while it works       CRASHES=n, REDELIVER=n deaths of web processes, of workers
 *   FORGED    somebody writes a follow-up job into the queue               KEYS jobs carry a MAC
 * The database.
 *   LATE      a response may come after callTimeout, as an error, or with FALSE after the statement ran twice (REPEAT)
 *   HANGS     a response may never come               STATEMENT_TIMEOUT no statement runs when the patience is over
 * Everything else that happens to the account.
 *   FIRST     it has no password: state 0 is "none"   REMOVE its password is removed again (twice with REMOVE=2)
 *   OWNER     another change of the password          ADDRESS the address changes       BACK and changes back
 *   GONE      the account is deleted                  REVOKE revokeTokens is called
 *   LOGIN     a sign-in is in flight                  REHASH it rehashes the password
 *   FAULTS    revokeSessions, the token store and the dispatcher fail at any call
 * Mistakes, for the controls.
 *   NO_COMPARE  UNSTAMPED  HAND_OVER_AFTER  ON_FILE_ONLY  NOT_AGAIN  NO_LOOKUP  NO_DELETION  OTHER_DROPS  DRAIN_DROPS
 *   NEW_STAMP_ONLY   the sessions end before the commit only      PENDING_WAITS  a pending state outweighs the stamp
 * STRICT_REVOKE, STRICT_NOTICE, STRICT_DRAIN: properties with fewer exceptions. ONE_NOTICE: one notice for each
 * commit.
 * DROPPED_AGAIN, OWN_KEY: two rules that the core does not have, see the cases of the group "open".
 */
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef REDELIVER
#define REDELIVER 0
#endif
#ifndef REMOVE
#define REMOVE 0
#endif
#ifdef INPROC
#define IN_PROCESS true
#else
#define IN_PROCESS false
#endif
#ifdef FIRST
#define IS_FIRST(h) (h == 0)
#else
#define IS_FIRST(h) false
#endif

/* Values of the stored hash: 0 at the start, i + 1 from completion i, and these. */
#define OTHER 5
#define REHASHED 6
#define NOBODY 7

/* What the process of a completion knows about its job: the states of job-states.ts. DONE is also "replaced". */
#define UNKNOWN 0
#define PENDING 1
#define UNCLEAR 2
#define CANCELED 3
#define COMMITTED 4
#define DONE 5

/* Results of the commit. */
#define NONE 0
#define YES 1
#define NO 2
#define ERROR 3

/* The row of the user. */
byte hash = 0; byte addr = 0; bool gone = false;
/* The token store: whether the record exists, and the hash and the address that the link is bound to. */
bool record[2]; byte boundHash[2]; byte boundAddr[2];
/* Follow-up jobs by completion, and what its process knows. */
byte queued[2]; byte queuedAgain[2]; byte previous[2]; byte jobAddr[2];
byte state[2]; bool isDoneAgain[2];
bool isDead[2]; bool isOver[2]; bool isAged[2]; bool hangs[2];
/* The statement of the commit, while the database has it. */
bool issued[2]; byte expected[2]; byte response[2]; byte linkOf[2];
/* Notices that were sent: one bit for each stamp and address. Every process and mail service drops a repeated one. */
int sent = 0;
/* A session: 0 not opened, 1 open, 2 ended. */
byte session = 0; byte sessionStamp = 0;
byte crashes = 0; byte redeliveries = 0;

/* Ghosts: what the properties speak about. */
byte version = 0; byte versionOf[2]; byte commitsFrom[12];
byte used[2]; bool committed[2]; bool told[2]; bool ended[2]; bool lost[2];
bool isGenuine[2]; bool reallyChanged[2]; bool excused = false;
byte notices = 0;
bool tokensRevoked = false; bool revokedWhileHashing[2];
bool verifiedOldPassword = false;

#ifdef DROPPED_AGAIN
#define wasDropped (state[i] == DONE)
#else
#define wasDropped false
#endif
#define stampNow (gone -> NOBODY : hash)
#ifdef UNSTAMPED
#define isHonored (session == 1)
#else
#define isHonored (session == 1 && sessionStamp == hash && !gone)
#endif
#define oldSessionIsHonored (verifiedOldPassword && isHonored)

/* A password was set, changed or removed. A sign-in before this moment was one with the old password. */
inline changePassword(next) {
  hash = next; version++;
  reallyChanged[0] = true; reallyChanged[1] = true;
  verifiedOldPassword = true
}

inline endSessionsExcept(stamp) {
  d_step {
    if :: (session == 1 && sessionStamp != stamp) -> session = 2 :: else fi;
    if :: committed[0] -> ended[0] = true :: else fi;
    if :: committed[1] -> ended[1] = true :: else fi
  }
}

inline deleteRecords() { d_step { record[0] = false; record[1] = false } }

#if CRASHES == 0
#define mayDie()
#else
inline mayDie() {
  if
  :: skip
  :: atomic {
      crashes < CRASHES -> crashes++; isDead[i] = true;
      if :: IN_PROCESS -> lost[i] = true :: else fi;
      goto over
    }
  fi
}
#endif

/* The conditional statement. The database gives it up if the patience of the follow-up job is over. */
inline runStatement(outcome) {
  if
#ifdef STATEMENT_TIMEOUT
  :: isAged[i] -> outcome = ERROR
  :: else ->
#else
  :: true ->
#endif
    if
#ifdef NO_COMPARE
    :: !gone ->
#else
    :: (hash == expected[i] && addr == boundAddr[linkOf[i]] && !gone) ->
#endif
      commitsFrom[versionOf[i]]++;
      used[linkOf[i]]++;
      committed[i] = true;
      changePassword(i + 1);
      outcome = YES;
      assert(commitsFrom[versionOf[i]] <= 1);
      assert(used[linkOf[i]] <= 1);
      assert(!revokedWhileHashing[i]);
#ifdef STRICT_REVOKE
      assert(!tokensRevoked);
#endif
      assert(!oldSessionIsHonored)
    :: else -> outcome = NO
    fi
  fi
}

/* completeReset */
proctype completion(byte i; byte k) {
  byte outcome = NONE; bool isOwn = false; bool isRevoked = false; byte seen = 0;
#ifdef INTURN
  (i == 0 || isOver[0]);
  if :: (i == 1 && isDead[0]) -> goto over :: else fi;
#endif
  /* proveLink: the record, then the account. */
  if :: atomic { record[k] -> skip } :: atomic { !record[k] -> goto over } fi;
  atomic {
    if
    :: (gone || hash != boundHash[k] || addr != boundAddr[k]) -> goto over
    :: else ->
      seen = hash; versionOf[i] = version; reallyChanged[i] = false; linkOf[i] = k;
      previous[i] = hash; jobAddr[i] = addr
    fi
  };

  /* The password is hashed. Then the job is handed over. */
  atomic {
    revokedWhileHashing[i] = tokensRevoked;
    state[i] = PENDING; isGenuine[i] = true;
#ifndef HAND_OVER_AFTER
    queued[i]++
#endif
  };
  mayDie();
#ifdef FAULTS
  if :: skip :: goto canceled fi;
#endif

  /* Promise.all: the record once more, and the sessions. */
  if
  :: isRevoked = !record[k]; endSessionsExcept(i + 1)
  :: endSessionsExcept(i + 1); isRevoked = !record[k]
  fi;
#ifdef FAULTS
  if :: skip :: goto canceled fi;
#endif
#ifndef NO_LOOKUP
  if :: isRevoked -> goto canceled :: else fi;
#endif
#ifndef NO_DELETION
  if
  :: IS_FIRST(seen) ->
    deleteRecords();
    mayDie();
    skip
  :: else
  fi;
#endif

  /* The commit. */
#ifdef LATE
  atomic { expected[i] = seen; issued[i] = true };
  mayDie();
  if
  :: atomic { response[i] != NONE -> outcome = response[i] }
  :: outcome = ERROR
  fi;
  if
  :: outcome == YES
  :: outcome != YES ->
    if :: isOwn = (!gone && hash == i + 1) :: isOwn = false fi;
    mayDie();
    if
    :: isOwn
    :: (!isOwn && outcome == NO) -> goto canceled
    :: (!isOwn && outcome == ERROR) -> goto unanswered
    fi
  fi;
#else
  atomic { expected[i] = seen; runStatement(outcome) };
  if
  :: outcome == YES
  :: outcome == NO -> goto canceled
  :: outcome == ERROR -> state[i] = UNCLEAR; goto over
  fi;
#endif
  mayDie();
#ifdef HAND_OVER_AFTER
  queued[i]++;
#endif

  goto report;

#ifdef LATE
unanswered:
  /* The caller got an error. A late response is still listened to. */
  isOver[i] = true;
  if
  :: atomic { response[i] != NONE -> outcome = response[i] }
  :: outcome = ERROR
#ifdef HANGS
  :: hangs[i] = true; goto over
#endif
  fi;
  if
  :: outcome == YES
  :: outcome != YES ->
    if :: isOwn = (!gone && hash == i + 1) :: isOwn = false fi;
    if
    :: isOwn
    :: (!isOwn && outcome == NO) -> goto canceled
    :: (!isOwn && outcome == ERROR) ->
      atomic {
#ifdef STRICT_DRAIN
        if :: state[i] == DONE -> lost[i] = true :: else fi;
#endif
        state[i] = UNCLEAR; goto over
      }
    fi
  fi;
  mayDie();
#endif

report:
#ifndef NOT_AGAIN
  if
  :: atomic { (!isAged[i] && !IS_FIRST(seen) && !wasDropped) -> state[i] = COMMITTED; goto endSessions }
#ifdef FAULTS
  :: atomic { !isAged[i] && IS_FIRST(seen) && !wasDropped -> state[i] = COMMITTED; goto endSessions }
#endif
#ifdef AGAIN
  :: queuedAgain[i]++
#else
  :: atomic { (isAged[i] || IS_FIRST(seen) || wasDropped) -> queuedAgain[i]++ }
#endif
  fi;
  mayDie();
  state[i] = DONE;
  goto endSessions;
#endif
  state[i] = COMMITTED;

endSessions:
  /* The last step of a completion that has not failed for its caller. */
  mayDie();
#ifndef NEW_STAMP_ONLY
  if
  :: isOver[i]
  :: !isOver[i] -> endSessionsExcept(i + 1)
#ifdef FAULTS
  :: skip
#endif
  fi;
#endif
  goto over;

canceled:
  state[i] = CANCELED;
over:
  isOver[i] = true
}

/* The database works on the statement of completion i, whatever happens to the process that sent it. */
proctype database(byte i) {
  byte outcome = NONE;
  end: issued[i];
  atomic { runStatement(outcome) };
#ifdef REPEAT
  if
  :: atomic { outcome == YES -> response[i] = YES }
  :: atomic { outcome == YES -> response[i] = NO }
  :: atomic { outcome != YES -> response[i] = outcome }
  fi
#else
  response[i] = outcome
#endif
}

/* One notice to one address. It speaks to the owner if it goes to the address that the link was bound to. */
inline notify(address) {
  atomic {
    if
    :: (sent >> (key * 2 + address)) & 1
    :: else ->
      sent = sent | (1 << (key * 2 + address));
      notices++;
      if :: (committed[0] && jobAddr[0] == address) -> told[0] = true :: else fi;
      if :: (committed[1] && jobAddr[1] == address) -> told[1] = true :: else fi
    fi;
#ifdef STRICT_NOTICE
    assert(reallyChanged[i])
#else
    assert(reallyChanged[i] || excused)
#endif
  }
}

/* A worker may die between two steps. Then the queue delivers the job again. */
#if REDELIVER == 0
#define mayDeliverAgain()
#else
inline mayDeliverAgain() {
  if
  :: skip
  :: atomic {
      redeliveries < REDELIVER -> redeliveries++;
      if :: isAgain -> queuedAgain[i]++ :: else -> queued[i]++ fi;
      goto next
    }
  fi
}
#endif

/* runFollowUp. A job that waits does nothing here: it acts, or is dropped, in one of its later attempts. */
proctype followUp(byte i; bool isAgain) {
  byte known; byte stamp; byte at; byte key;
  {
end: do
  :: atomic {
      (isAgain && queuedAgain[i] > 0) || (!isAgain && queued[i] > 0) ->
      if :: isAgain -> queuedAgain[i]-- :: else -> queued[i]-- fi
    };
    atomic {
#ifdef KEYS
      if :: !isGenuine[i] -> goto next :: else fi;
#endif
      if
      :: (IN_PROCESS || !isDead[i]) ->
        if
        :: !isAgain -> known = state[i]
        :: (isAgain && !isDoneAgain[i]) -> known = COMMITTED
        :: (isAgain && isDoneAgain[i]) -> known = DONE
        fi
      :: !IN_PROCESS -> known = UNKNOWN
      fi;
      stamp = stampNow; at = addr;
      if
      :: (known == DONE || known == CANCELED) -> goto drop
      :: (known == COMMITTED || isAgain)
      :: else ->
        if
        :: (stamp == previous[i]) -> goto wait
#ifdef PENDING_WAITS
        :: (stamp != previous[i] && known == PENDING) -> goto wait
        :: (stamp != previous[i] && known != PENDING)
#else
        :: (stamp != previous[i] && stamp != i + 1 && known == PENDING && !hangs[i]) -> goto wait
        :: (stamp != previous[i] && stamp != i + 1 && known == PENDING && hangs[i]) -> isAged[i] = true
        :: (stamp != previous[i] && (stamp == i + 1 || known != PENDING))
#endif
        fi
      fi;
#ifdef OTHER_DROPS
      if :: (stamp != i + 1 && !isAgain) -> goto drop :: else fi;
#endif
      key = stamp;
#ifdef OWN_KEY
      if :: stamp == previous[i] -> key = i + 1 :: else fi;
#endif
      goto act;

wait: /* Its patience is over. While draining it waits for a second only: the process is ending. */
      if
#ifdef DRAIN_DROPS
      :: true
#endif
#ifdef DRAIN
      :: IN_PROCESS ->
#ifdef STRICT_DRAIN
        lost[i] = (known != PENDING)
#else
        lost[i] = true
#endif
#endif
#ifdef STATEMENT_TIMEOUT
      /* The rest of a completion takes seconds, unless the response never comes. */
      :: (known == PENDING && committed[i] && !hangs[i]) -> queued[i]++; goto next
      :: else -> isAged[i] = true
#else
      :: isAged[i] = true
#endif
      fi;
drop: if
      :: (known != UNKNOWN && !isAgain) -> state[i] = DONE
      :: (known != UNKNOWN && isAgain) -> isDoneAgain[i] = true
      :: else
      fi;
      goto next;
act:  assert(isGenuine[i])
    };

    mayDeliverAgain();
#ifndef NEW_STAMP_ONLY
    endSessionsExcept(stamp);
#endif
    mayDeliverAgain();
#ifdef ON_FILE_ONLY
    if :: stamp != NOBODY -> notify(at) :: else fi;
#else
    notify(jobAddr[i]);
    mayDeliverAgain();
    if :: (stamp != NOBODY && at != jobAddr[i]) -> notify(at) :: else fi;
#endif
    mayDeliverAgain();
    if
    :: (known != UNKNOWN && !isAgain) -> state[i] = DONE
    :: (known != UNKNOWN && isAgain) -> isDoneAgain[i] = true
    :: else
    fi;
next:
    atomic { known = UNKNOWN; stamp = 0; at = 0; key = 0 }
  od
  } unless { IN_PROCESS && isDead[i] }
}

/* Somebody who can write to the queue adds a forged job, and a copy of a job of the application. */
proctype forger() {
  previous[1] = 4;
  queued[1]++;
  if :: atomic { isGenuine[0] -> queued[0]++ } :: skip fi
}

proctype signIn() {
  byte stamp;
  atomic { !gone -> stamp = hash; verifiedOldPassword = false };
#ifdef REHASH
  if
  :: skip
  :: atomic {
      if :: (hash == stamp) -> hash = REHASHED; version++; excused = true; stamp = REHASHED :: else -> goto out fi
    }
  fi;
#endif
  atomic { session = 1; sessionStamp = stamp; assert(!oldSessionIsHonored) };
out: skip
}

/* A link that is issued meanwhile: the account is read, then the record is saved. */
proctype issue() {
  atomic { if :: gone -> goto out :: else -> boundHash[1] = hash; boundAddr[1] = addr fi };
  record[1] = true;
out: skip
}

proctype revokeTokens() { deleteRecords(); tokensRevoked = true }
proctype owner() { atomic { if :: !gone -> changePassword(OTHER) :: else fi } }
proctype move() {
  addr = 1;
#ifdef BACK
  if :: addr = 0 :: skip fi
#endif
}
proctype delete() { atomic { gone = true; excused = true } }
proctype remove() {
  byte times = 0;
  do
  :: times < REMOVE ->
    if :: atomic { (hash != 0 && !gone) -> changePassword(0) } :: goto out fi;
    times++
  :: else -> break
  od;
out: skip
}

/* When nothing can happen any more, every commit must have been reported, and the sessions ended after it. */
proctype judge() {
  timeout ->
  atomic {
    assert(!committed[0] || told[0] || lost[0]);
    assert(!committed[1] || told[1] || lost[1]);
    assert(!committed[0] || ended[0] || lost[0]);
    assert(!committed[1] || ended[1] || lost[1]);
#ifdef ONE_NOTICE
    assert(notices == committed[0] + committed[1])
#endif
  }
}

init {
  atomic {
    record[0] = true;
    run completion(0, 0);
    run followUp(0, false);
    run followUp(0, true);
#ifdef LATE
    run database(0);
#endif
#ifndef ALONE
#if defined(DOUBLE)
    run completion(1, 0);
#elif defined(ISSUE)
    run issue();
    run completion(1, 1);
#else
    record[1] = true;
    run completion(1, 1);
#endif
    run followUp(1, false);
    run followUp(1, true);
#ifdef LATE
    run database(1);
#endif
#endif
#ifdef FORGED
    run forger();
    run followUp(1, false);
#endif
#ifdef LOGIN
    run signIn();
#endif
#ifdef REVOKE
    run revokeTokens();
#endif
#ifdef OWNER
    run owner();
#endif
#ifdef ADDRESS
    run move();
#endif
#ifdef GONE
    run delete();
#endif
#if REMOVE > 0
    run remove();
#endif
    run judge()
  }
}
