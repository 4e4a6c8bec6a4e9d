"""Why a database's server does not come up: one catalogue of PostgreSQL and of what starts it."""

from bootheal.causes.applications import REPMGR
from bootheal.causes.catalogue import Catalogue
from bootheal.causes.cloudnative_pg import CLOUDNATIVE_PG
from bootheal.causes.patroni import PATRONI
from bootheal.causes.postgres import DATA, HARMLESS
from bootheal.causes.postgres_files import LOCKS
from bootheal.causes.postgres_settings import IMAGE, SETTINGS
from bootheal.causes.postgres_surroundings import SURROUNDINGS

# What is particular comes first: "Permission denied" of a socket is not that of a data directory.
POSTGRES = Catalogue((*SURROUNDINGS, *SETTINGS, *LOCKS, *DATA, *PATRONI, *CLOUDNATIVE_PG, *IMAGE, *REPMGR), HARMLESS)
