"""Users: made, changed, removed and signed in.  The command line and the pages use the same functions, and each is a
line of the audit log."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from hub.contract.errors import HubError
from hub.store.users import ROLES, Role, User
from hub.web.access.lockout import FREE, Strangers, wait_after
from hub.web.access.passwords import hash_password, is_right
from hub.web.access.policy import LONGEST, Policy

if TYPE_CHECKING:
    from hub.store.store import Store

FIRST = 7 * 86400.0
"""Seconds for which a password that somebody else has set may be used to set one's own."""
_NAME = re.compile(r"[\w.@+-]{1,64}")


class AccountProblem(HubError):
    """What was asked for users cannot be done."""

    code = "usage"


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of a sign-in.  left: tries before a wait;  until: when the wait ends;  "over": the password was for the
    first sign-in, and that has taken too long."""

    state: Literal["in", "wrong", "waits", "over"]
    user: User | None = None
    left: int = 0
    until: float = 0.0


def clean_name(name: str) -> str:
    """A user's name as it is stored.  Raises AccountProblem."""
    found = unicodedata.normalize("NFC", name.strip())
    if not _NAME.fullmatch(found):
        raise AccountProblem("a name has 1 to 64 letters, figures and . @ + - _", where="name")
    return found


def _hashed(password: str, name: str, policy: Policy) -> str:
    why = policy.weakness(password, name)
    if why:
        raise AccountProblem(f"the password is not good enough: {why}", where="password", hint="Use a long one")
    return hash_password(password)


def add(
    store: Store, name: str, role: str, password: str, policy: Policy, *, who: str, now: float, own: bool = False
) -> User:
    """Make a user.  own: they have chosen the password themselves; else it is for their first sign-in only, and for a
    week.  Raises AccountProblem."""
    name = clean_name(name)
    if role not in ROLES:
        raise AccountProblem(f"there is no role {role!r}", where="role", hint=f"There are: {', '.join(ROLES)}")
    if store.users.get(name) is not None:
        raise AccountProblem(f"there is a user {name!r} already", where="name")
    expires = 0.0 if own else now + FIRST
    user = User(name, _role(role), _hashed(password, name, policy), now, now, expires=expires)
    with store.transaction():
        if store.users.get(name) is not None:
            raise AccountProblem(f"there is a user {name!r} already", where="name")
        store.users.save(user)
        store.audit.add(now, who, "user_added", name, role=role)
    return user


def _role(role: str) -> Role:
    return next(item for item in ROLES if item == role)


def found(store: Store, name: str) -> User:
    """Raises AccountProblem."""
    user = store.users.get(unicodedata.normalize("NFC", name.strip()))
    if user is None:
        raise AccountProblem(f"there is no user {name!r}", where="name", hint="`crmhub users list` shows them")
    return user


def remove(store: Store, name: str, *, who: str, now: float) -> None:
    """Delete a user; sessions end at once.  Raises AccountProblem, also for the last admin."""
    with store.transaction():
        user = found(store, name)
        _keep_an_admin(store, user, None)
        store.users.remove(user.name)
        store.audit.add(now, who, "user_removed", user.name)


def set_role(store: Store, name: str, role: str, *, who: str, now: float) -> None:
    """Change what a user may do; sessions end at once.  Raises AccountProblem, also for the last admin."""
    if role not in ROLES:
        raise AccountProblem(f"there is no role {role!r}", where="role", hint=f"There are: {', '.join(ROLES)}")
    with store.transaction():
        user = found(store, name)
        _keep_an_admin(store, user, role)
        store.users.save(replace(user, role=_role(role), changed=now))
        store.users.end_all(user.name)
        store.audit.add(now, who, "user_role", user.name, role=role)


def _keep_an_admin(store: Store, user: User, role: str | None) -> None:
    admins = [item.name for item in store.users.all() if item.role == "admin"]
    if admins == [user.name] and role != "admin":
        raise AccountProblem(f"{user.name} is the only admin", hint="Make another user an admin first")


def set_password(
    store: Store, name: str, password: str, policy: Policy, *, who: str, now: float, own: bool = False
) -> None:
    """Change a password; sessions end at once, and a wait after wrong ones is over.  own: as for ``add``; one's own
    must be another than before.  Raises AccountProblem."""
    user = found(store, name)
    if own and is_right(user.password, password):
        raise AccountProblem("this is the password that you have already", where="password")
    hashed = _hashed(password, user.name, policy)
    with store.transaction():
        user = found(store, name)
        expires = 0.0 if own else now + FIRST
        store.users.save(replace(user, password=hashed, changed=now, failures=0, locked=0.0, expires=expires))
        store.users.end_all(user.name)
        store.audit.add(now, who, "user_password", user.name)


def end_sessions(store: Store, name: str, *, who: str, now: float) -> None:
    """Sign a user out everywhere.  Raises AccountProblem."""
    with store.transaction():
        user = found(store, name)
        store.users.end_all(user.name)
        store.audit.add(now, who, "sessions_ended", user.name)


def sign_in(
    store: Store,
    strangers: Strangers,
    name: str,
    password: str,
    now: float,
    right: Callable[[str | None, str], bool] = is_right,
) -> Tried:
    """Try a password.  A name that nobody has is answered like a wrong password, in the same time."""
    name = unicodedata.normalize("NFC", name.strip())[:64]
    user = store.users.get(name)
    failures, locked = (user.failures, user.locked) if user is not None else strangers.state(name)
    if now < locked:
        return Tried("waits", until=locked)
    ok = right(user.password if user is not None else None, password[: LONGEST + 1])
    if user is None:
        strangers.tried(name, now)
        if strangers.worth_noting(now):
            store.audit.add(now, "", "sign_in_refused")
        return _refused(failures + 1, now)
    with store.transaction():
        again = store.users.get(name)  # others may have tried it while this one was hashed
        if again is None or now < again.locked:
            return Tried("waits", until=again.locked if again is not None else now)
        if ok and again.password == user.password and 0 < again.expires <= now:
            store.audit.add(now, "", "sign_in_refused", name, why="the first password is over")
            return Tried("over")
        if ok and again.password == user.password:
            store.users.tried(name, 0, 0.0)
            store.audit.add(now, name, "signed_in")
            return Tried("in", again)
        failures = again.failures + 1
        store.users.tried(name, failures, now + wait_after(failures))
        store.audit.add(now, "", "sign_in_refused", name)
    return _refused(failures, now)


def _refused(failures: int, now: float) -> Tried:
    wait = wait_after(failures)
    if wait:
        return Tried("waits", until=now + wait)
    return Tried("wrong", left=FREE - failures)
