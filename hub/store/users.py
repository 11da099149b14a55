"""Who may use the pages, and who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from sqlalchemy import Table, delete, func, select, update

from hub.store.protocol import Database
from hub.store.service_tables import web_session, web_user

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")
"""Each may do what those before it may."""


@dataclass(frozen=True, slots=True)
class User:
    """password: an argon2id hash;  failures: wrong passwords in a row;  locked: until when no password is tried;  expires:
    until when a password that somebody else has set may be used to set one's own, 0 for one's own."""

    name: str
    role: Role
    password: str
    created: float
    changed: float
    failures: int = 0
    locked: float = 0.0
    expires: float = 0.0


@dataclass(frozen=True, slots=True)
class Session:
    """id: a hash of what the browser holds;  seen: its last request;  pii: until when personal data is shown to it."""

    id: str
    user: str
    csrf: str
    created: float
    seen: float
    pii: float = 0.0


class Users:
    """Users and their sessions.  Ending a session takes effect with its next request."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def _rows(self, table: Table, kind: type[Any], *where: Any) -> list[Any]:
        names = [item.name for item in fields(kind)]
        return [kind(*(getattr(row, name) for name in names)) for row in self._db.rows(select(table).where(*where))]

    # users

    def all(self) -> list[User]:
        return sorted(self._rows(web_user, User), key=lambda item: item.name)

    def count(self) -> int:
        return int(self._db.rows(select(func.count()).select_from(web_user))[0][0])

    def get(self, name: str) -> User | None:
        found: list[User] = self._rows(web_user, User, web_user.c.name == name)
        return found[0] if found else None

    def save(self, user: User) -> None:
        self._db.upsert(web_user, [asdict(user)])

    def remove(self, name: str) -> bool:
        """Delete a user and end its sessions; whether there was one."""
        with self._db.transaction():
            self.end_all(name)
            return self._db.write(delete(web_user).where(web_user.c.name == name)) > 0

    def tried(self, name: str, failures: int, locked: float) -> None:
        """Note how often a password was wrong in a row, and until when no other one is tried."""
        self._db.write(update(web_user).where(web_user.c.name == name).values(failures=failures, locked=locked))

    # sessions

    def session(self, id_: str) -> Session | None:
        found: list[Session] = self._rows(web_session, Session, web_session.c.id == id_)
        return found[0] if found else None

    def sessions(self, user: str | None = None) -> Sequence[Session]:
        where = () if user is None else (web_session.c.user == user,)
        found: list[Session] = self._rows(web_session, Session, *where)
        return sorted(found, key=lambda item: -item.seen)

    def begin(self, session: Session) -> None:
        self._db.upsert(web_session, [asdict(session)])

    def see(self, id_: str, at: float) -> None:
        self._db.write(update(web_session).where(web_session.c.id == id_).values(seen=at))

    def show_pii(self, id_: str, until: float) -> None:
        """Show personal data to a session until a time; 0 hides it."""
        self._db.write(update(web_session).where(web_session.c.id == id_).values(pii=until))

    def end(self, id_: str) -> None:
        self._db.write(delete(web_session).where(web_session.c.id == id_))

    def end_all(self, user: str) -> int:
        return self._db.write(delete(web_session).where(web_session.c.user == user))

    def forget(self, seen_before: float, created_before: float) -> None:
        """Delete sessions that are over."""
        over = (web_session.c.seen < seen_before) | (web_session.c.created < created_before)
        self._db.write(delete(web_session).where(over))
