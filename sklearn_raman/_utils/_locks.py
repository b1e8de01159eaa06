"""Locks, and processes that are forked while a thread holds one."""

import os
import threading


def lock_free_after_fork():
    """Return a lock that is free in a forked process, whoever held it before."""
    lock = threading.RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lock._at_fork_reinit)  # as in `logging`
    return lock


def lock_forks_wait_for():
    """Return a lock that no process can be forked beside, for what would break there.

    While a thread imports a module, say, the child would inherit the lock of the import
    closed, and no thread to open it.
    """
    lock = threading.RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lock.acquire,
            after_in_parent=lock.release,
            after_in_child=lock.release,
        )
    return lock
