"""PgBouncer as a container image: its files are rendered from the environment at every start, as operators do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bootheal.demo.images.servers import Servers
from bootheal.demo.node.images import Context
from bootheal.demo.node.runtime import Command
from bootheal.demo.shop import Layout


@dataclass(frozen=True, slots=True)
class PgBouncerImage:
    """The image; `settings` go into its [pgbouncer] section."""

    servers: Servers
    layout: Layout
    settings: Mapping[str, str | int]
    database_name: str = ""

    async def prepare(self, context: Context) -> Command:
        """The entrypoint: write pgbouncer.ini and userlist.txt, and start the pooler on the pod's address."""
        userlist, ini = context.directory / "userlist.txt", context.directory / "pgbouncer.ini"
        _write(context, userlist, context.environment["USERLIST"])
        _write(context, ini, self._ini(context, userlist))
        return Command(
            (str(self.servers.pgbouncer), str(ini)), environment=self.servers.environment, directory=context.directory
        )

    def _ini(self, context: Context, userlist: Path) -> str:
        given = context.environment
        forced = f" user={given['POOLER_USER']}" if self.layout == "plaintext" else ""
        settings: dict[str, str | int] = {
            "listen_addr": context.address,
            "listen_port": given["PORT"],
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": str(userlist),
            "admin_users": given["POOLER_USER"],
            "stats_users": given["POOLER_USER"],
            "ignore_startup_parameters": "extra_float_digits",
        }
        if self.layout == "auth_query":
            settings["auth_user"] = given["POOLER_USER"]
            settings["auth_query"] = "SELECT uname, phash FROM pooler.user_lookup($1)"
        lines = [f"{key} = {value}" for key, value in {**settings, **self.settings}.items()]
        server = f"host={self.database_name or given['DATABASE_HOST']} port={given['DATABASE_PORT']}"
        return "\n".join(("[databases]", f"shop = {server}{forced}", "", "[pgbouncer]", *lines, ""))


def _write(context: Context, path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
    context.runtime.owner.own(path)
