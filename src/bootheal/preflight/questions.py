"""What a server is asked of its next start: each question is one statement, whose answer is JSON."""

from collections.abc import Mapping

# A slot that is behind by less is one whose reader starts anew.
MUCH_WAL_BYTES = 1 << 30

# From here on md5 is on its way out.
DEPRECATES_MD5 = 180000

MOST_ROWS = 20

# A row without a file is a setting that was taken out and waits for a restart. All of the files is read anew before a
# setting is asked for: only then does it know what waits for a restart. What the command line says, as of Patroni or a
# container's `args`, wins over the files after a restart, too.
_FILES = f"""
with files as materialized (select sourcefile, sourceline, name, error from pg_file_settings order by seqno),
compared as (
    select files.*, coalesce(known.pending_restart, false) as pending, known.source = 'command line' as overruled
    from files left join lateral
    (select pending_restart, source from pg_settings where name = files.name offset 0) as known on true
)
select json_build_object(
    'broken', (select json_agg(json_build_object('file', sourcefile, 'line', sourceline, 'name', name, 'error', error))
        from (select * from compared where error is not null and sourcefile is not null and not pending
        limit {MOST_ROWS}) as broken),
    'pending', (select json_agg(distinct name) from (select name from compared where pending and not overruled
        union select name from pg_settings where pending_restart and source <> 'command line'
        limit {MOST_ROWS}) as pending)
)
"""  # noqa: S608 - nothing of it is from outside

# A value that waits for a restart is one that "could not be applied": it counts all the same.
_LIBRARIES = """
select coalesce(json_agg(library), '[]') from (
    select trim(both ' "' from unnest(string_to_array(coalesce(
        (select setting from pg_file_settings where name = 'shared_preload_libraries'
         order by seqno desc limit 1), current_setting('shared_preload_libraries')), ','))) as library
) as named
where library <> '' and library !~ '/' and current_setting('dynamic_library_path') = '$libdir'
and (pg_stat_file((select setting from pg_config where name = 'PKGLIBDIR') || '/' || library || '.so', true)).size
    is null
"""

_RULES = f"""
select coalesce(json_agg(json_build_object('line', line_number, 'error', error)), '[]')
from (select * from pg_hba_file_rules where error is not null limit {MOST_ROWS}) as broken
"""  # noqa: S608

_SLOTS = f"""
select coalesce(json_agg(json_build_object('name', slot_name, 'bytes', behind)), '[]') from (
    select slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint as behind
    from pg_replication_slots where not active and restart_lsn is not null
) as slots where behind > {MUCH_WAL_BYTES}
"""  # noqa: S608

_ROLES = """
select coalesce(json_object_agg(rolname, extract(epoch from rolvaliduntil)), '{}')
from pg_roles where rolcanlogin and isfinite(rolvaliduntil)
"""

_MD5 = f"""
select coalesce(json_agg(rolname), '[]') from pg_authid
where rolcanlogin and rolpassword like 'md5%' and current_setting('server_version_num')::int >= {DEPRECATES_MD5}
"""  # noqa: S608

# Of the databases' own way of sorting a server tells from 15 on: an older one has no such column.
_DATABASES = f"""
select coalesce(json_agg(told), '[]') from (
    select 'database ' || datname || ': ' || datcollversion || ', and ' || pg_database_collation_actual_version(oid)
    from pg_database where datallowconn and datcollversion <> pg_database_collation_actual_version(oid)
    limit {MOST_ROWS}
) as differing (told)
"""  # noqa: S608

# A collation that no index is sorted by does no harm.
_COLLATIONS = f"""
select coalesce(json_agg(told), '[]') from (
    select 'collation ' || collname || ': ' || collversion || ', and ' || pg_collation_actual_version(oid)
    from pg_collation as used where collversion <> pg_collation_actual_version(oid)
    and exists (select from pg_index where used.oid = any(indcollation))
    limit {MOST_ROWS}
) as differing (told)
"""  # noqa: S608

# Who may not see the directory is told of none.
_DATA = """
select json_build_object('directory', (select setting from pg_settings where name = 'data_directory'),
    'log', pg_size_bytes(current_setting('max_wal_size')))
"""

QUESTIONS: Mapping[str, str] = {
    "its configuration": _FILES,
    "its libraries": _LIBRARIES,
    "its pg_hba.conf": _RULES,
    "its replication slots": _SLOTS,
    "how long passwords are valid": _ROLES,
    "how passwords are stored": _MD5,
    "how databases sort text": _DATABASES,
    "how text is sorted": _COLLATIONS,
    "where its data lies": _DATA,
}
