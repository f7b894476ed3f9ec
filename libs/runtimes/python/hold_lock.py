"""Holds an exclusive lock on the file named by the argument until standard input ends.

The kernel drops the lock with this process, and this process ends with the pipe from its parent, so a killed setup
never leaves a stale lock behind. Prints "waiting" when another process has the lock, and "held" once it is ours.
"""

import fcntl
import sys

with open(sys.argv[1], "a") as file:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting", flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
