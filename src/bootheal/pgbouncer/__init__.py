"""PgBouncer and its login.

`pooler` and `credential` are the steps; `knowledge` what PgBouncer says and which version has which fault;
`observation` what each pod says of itself, `files` what lies in it, `settings` what is not as declared, `ini` its
file; `diagnosis` judges the logins; `restart_rules` say when it is not enough to wait; `actions` what may be done.
"""
