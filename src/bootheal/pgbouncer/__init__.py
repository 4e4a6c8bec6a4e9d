"""PgBouncer and its login.

`pooler` and `credential` are the steps. `observation` is a look at the pooler, `pod` what each pod shows of itself,
`files` what lies in it; `knowledge` what PgBouncer says and which version has which fault, `diagnosis` whose fault a
refused login is; `restart_rules` say when it is not enough to wait; `settings` what is not as declared, `ini` its
file; `actions` what may be done.
"""
