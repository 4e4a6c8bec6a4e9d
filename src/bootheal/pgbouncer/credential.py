"""The pooler role's password in PostgreSQL agrees with its Secret.

A right password is never reset: a new SCRAM salt alone can break poolers that pass
verifiers through. So the order is: a direct TCP login; only where that is refused with
28P01, the stored verifier; only where that differs (or may not be read), ALTER ROLE.

A pooler whose auth_file holds a SCRAM verifier passes the client's keys through: they open
PostgreSQL only where the role has that very verifier, so there it is kept byte for byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bootheal.errors import ConflictError, UnreachableError
from bootheal.model import Answer, Credentials, Login, Ref, Right, Role, Secret, Target
from bootheal.model.sqlstates import CROWDED, NOT_ALLOWED, REFUSED, WHO_HAS_THEM
from bootheal.pgbouncer.knowledge import userlist_entry
from bootheal.ports import Interest, World
from bootheal.postgres.location import Database
from bootheal.postgres.primary import TIMEOUT_SECONDS, find
from bootheal.postgres.scram import is_verifier, matches
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Settled, Step, Wait

# Why a password is reset that is not proven to be wrong.
ALWAYS = "reset: always"


@dataclass(frozen=True, slots=True)
class CredentialObservation:
    """Facts about the role: never the password, never the verifier.

    `answer` is a direct login as the role; `role` is None where it was not looked up or does not exist.
    `listed`: whether the verifier in the pooler's auth_file belongs to the Secret's password, None if there is none.
    """

    why_no_primary: str
    user: str = ""
    version: str = ""
    answer: Answer | None = None
    role: Role | None = None
    listed: bool | None = None

    @property
    def conditions(self) -> frozenset[str]:
        """No duration matters."""
        return frozenset()


@dataclass(frozen=True, kw_only=True)
class ResetPassword(Action):
    """Give the role the password of its Secret, as a verifier computed here."""

    database: Database
    login: Login
    version: str
    role: str
    auth_file: Login | None = None

    @property
    def about(self) -> Ref:
        """The role, named after its database."""
        return Ref("role", self.database.name, self.role)

    @property
    def sentence(self) -> str:
        """Name role and Secret."""
        if self.auth_file:
            return f"give {self.about} the verifier that {self.auth_file.secret} has for it ({self.cause})"
        return f"reset the password of {self.about} to that of {self.login.secret} ({self.cause})"

    @property
    def by_design(self) -> bool:
        """Where it is declared to be done in each boot."""
        return self.cause == ALWAYS

    def apply(self, world: World) -> None:
        """ALTER ROLE on the primary; refused if the Secret changed since it was looked at."""
        wanted = world.secrets.credentials(self.login, fresh=True)
        if wanted.version != self.version:
            raise ConflictError(f"cannot use {self.login.secret}: it changed since it was looked at")
        verifier = (
            listed_verifier(world.secrets.credentials(self.auth_file, fresh=True), wanted) if self.auth_file else None
        )
        if self.auth_file and not verifier:
            raise ConflictError(f"cannot use {self.auth_file.secret}: it changed since it was looked at")
        primary = find(world, self.database).primary
        if primary is None:
            raise UnreachableError(f"cannot reach the primary of {self.database.name}")
        admin = world.secrets.credentials(self.database.admin)
        world.postgres.set_password(primary, admin, self.database.dbname, self.role, wanted.password, verifier=verifier)


def listed_verifier(auth_file: Credentials, wanted: Credentials) -> Secret | None:
    """Return the verifier that an auth_file (as `password`) holds for a role; None for a password, or nothing."""
    entry = userlist_entry(auth_file.password.reveal(), wanted.user)
    return Secret(entry) if entry and is_verifier(entry) else None


@dataclass(frozen=True, kw_only=True)
class Credential(Step[CredentialObservation]):
    """Keeps one role's password right. `reset`: if-wrong, always (once per boot) or never.

    `auth_file` is the Secret that the pooler's auth_file comes from, where that is declared.
    `verifier_only`: an application's role, which only ever gets the verifier that stands there.
    """

    database: Database
    login: Login
    reset: Literal["if-wrong", "always", "never"] = "if-wrong"
    auth_file: Login | None = None
    verifier_only: bool = False

    def interests(self) -> frozenset[Interest]:
        """The Secret is read anew at each look; what else matters lives in PostgreSQL."""
        return frozenset()

    def rights(self) -> frozenset[Right]:
        """To read the Secrets of the role and of the administrator."""
        logins = (self.login, self.database.admin, self.auth_file)
        return frozenset(Right("get", "secrets", login.secret.namespace) for login in logins if login)

    def look(self, world: World) -> CredentialObservation:
        """Log in as the role, straight to the primary; where that fails, look the role up."""
        servers = find(world, self.database)
        if servers.primary is None:
            return CredentialObservation(servers.why_none)
        wanted = world.secrets.credentials(self.login)
        answer = world.postgres.ask(servers.primary, wanted, self.database.dbname, timeout=TIMEOUT_SECONDS)
        verifier = listed_verifier(world.secrets.credentials(self.auth_file), wanted) if self.auth_file else None
        listed = matches(verifier.reveal(), wanted.user, wanted.password.reveal()) if verifier else None
        role = None
        if listed or self.reset == "always" or answer.sqlstate in REFUSED:
            role = self._role(world, servers.primary, wanted, verifier)
        return CredentialObservation("", wanted.user, wanted.version, answer, role, listed)

    def _role(self, world: World, primary: Target, wanted: Credentials, verifier: Secret | None) -> Role | None:
        admin, dbname = world.secrets.credentials(self.database.admin), self.database.dbname
        return world.postgres.role(primary, admin, dbname, wanted.user, wanted.password, verifier=verifier)

    def judge(self, seen: CredentialObservation, past: Past) -> Judgement:
        """Reset on proof, and never a role that could do more than a pooler must."""
        if seen.answer is None:
            return Wait(
                f"no primary to ask: {seen.why_no_primary}", hint=f"see what database/{self.database.name} waits for"
            )
        if self.verifier_only and not seen.listed:
            return self._not_passed_through(seen)
        if self.reset == "always" and not past.times(ResetPassword):
            return self._reset(seen, ALWAYS) if seen.role else self._missing(seen)
        if seen.answer.ok and seen.role and seen.role.same is False and self.reset != "never":
            return self._reset(seen, "the stored verifier is another than that of auth_file, for the same password")
        if seen.answer.ok:
            return Settled(f"role {seen.user} logs in with the password of {self.login.secret}")
        if seen.answer.sqlstate in REFUSED:
            return self._refused(seen, seen.answer, past)
        if seen.answer.sqlstate in CROWDED:
            return Wait(f"login as {seen.user}: {seen.answer}", hint=WHO_HAS_THEM)
        hint = f"log in with the password of {self.login.secret}: psql -h HOST -U {seen.user} {self.database.dbname}"
        return Wait(f"login as {seen.user}: {seen.answer}", hint=hint)

    def _refused(self, seen: CredentialObservation, answer: Answer, past: Past) -> Judgement:
        role = seen.role
        if role is None:
            return self._missing(seen)
        if not role.can_login:
            return GiveUp(
                f"role {role.name} may not log in ({answer})", f"as an administrator: ALTER ROLE {role.name} LOGIN"
            )
        if role.expired:
            return GiveUp(f"the password of role {role.name} has expired ({answer})", "see rolvaliduntil in pg_roles")
        if answer.sqlstate in NOT_ALLOWED:
            return GiveUp(f"role {role.name} is refused: {answer}", "pg_hba.conf has no line that lets it in over TCP")
        if role.matches:
            return GiveUp(
                f"role {role.name} is refused although the stored verifier belongs to {self.login.secret}",
                "see pg_hba.conf: does its line for this role ask for a password method that the verifier fits?",
            )
        if self.reset == "never":
            return GiveUp(
                f"role {role.name} does not have the password of {self.login.secret} (28P01), and reset is never",
                "set the role's password, or the pooler's credential.reset to if-wrong",
            )
        if role.matches is None and past.present.times(ResetPassword):
            hint = "is its password checked by something else than PostgreSQL (pg_hba.conf: ldap, pam, …)?"
            return GiveUp(f"role {role.name} is still refused after its password was reset ({answer})", hint)
        known = "the stored verifier differs" if role.matches is False else "the stored verifier cannot be read"
        return self._reset(seen, f"login refused with {answer.sqlstate}, {known}")

    def _reset(self, seen: CredentialObservation, cause: str) -> Judgement:
        role = seen.role
        if role is not None and role.reach:
            return GiveUp(f"{_too_mighty(role)} ({cause})", LESS_MIGHTY)
        action = ResetPassword(
            cause=cause,
            database=self.database,
            login=self.login,
            version=seen.version,
            role=seen.user,
            auth_file=self.auth_file if seen.listed else None,
        )
        return Act(cause, (action,))

    def foretell(self, world: World) -> Iterator[str]:
        """Whether the role is one whose password bootheal would not reset, so that it is known before it drifts."""
        primary = find(world, self.database).primary
        if primary is None or self.reset == "never":
            return
        role = self._role(world, primary, world.secrets.credentials(self.login), None)
        if role and role.reach:
            yield f"{_too_mighty(role)}\n  {LESS_MIGHTY}"

    def _not_passed_through(self, seen: CredentialObservation) -> Judgement:
        """There is nothing to keep here; whether the application gets through is the pooler's step to find out."""
        if seen.listed is None or self.auth_file is None:
            return Settled(f"the pooler's auth_file holds no verifier of role {seen.user}")
        remark = f"{self.auth_file.secret} has a verifier of role {seen.user}, but of another password than "
        return Settled(f"nothing is known that lets role {seen.user} through", (remark + str(self.login.secret),))

    def _missing(self, seen: CredentialObservation) -> Judgement:
        return GiveUp(
            f"role {seen.user} does not exist in database {self.database.name}",
            f"create it, or correct the user in {self.login.secret}",
        )


# The official image makes POSTGRES_USER a superuser, which is then what everything logs in as.
LESS_MIGHTY = (
    "give the pooler a role of its own: CREATE ROLE pooler LOGIN PASSWORD '…'; GRANT CONNECT ON DATABASE … TO pooler; "
    "or set credential.reset to never, and the password yourself"
)


def _too_mighty(role: Role) -> str:
    """Whoever may write its Secret would else become what it can become."""
    return f"role {role.name} is {' and '.join(role.reach)}: its password is not bootheal's to change"
