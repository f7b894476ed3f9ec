"""Becomes a server that ends with our parent: LOCK_FILE SERVER ARGUMENT...

The server holds a lock on LOCK_FILE (none if that is empty) for exactly as long as it lives. A watcher stays beside it
and ends it when the pipe on standard input closes without a word, that is when our parent dies in whatever way. What
comes on descriptor 3 is the server's own standard input: its configuration, with a password that no argument may show.
"""

import fcntl
import os
import sys
import time

CONFIGURATION = 3
PATIENCE_SECONDS = 3.0  # a server whose parent was killed may still be ending

lock_file, *command = sys.argv[1:]

os.umask(0o077)  # what the server writes is for its owner alone

if lock_file:
    lock = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                sys.exit(f"Another server is running on these files: it holds {lock_file}.")
            time.sleep(0.02)

server = os.getpid()
nothing = os.open(os.devnull, os.O_RDWR)
if os.fork() == 0:
    os.close(CONFIGURATION)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.execv("/bin/sh", ["sh", "-c", f"read -r orderly || kill -TERM {server}"])
if lock_file:
    os.set_inheritable(lock, True)
os.dup2(CONFIGURATION, 0)
os.close(CONFIGURATION)
os.execv(command[0], command)
