"""The ports, on real parts. Adapters do not know each other; `cli.wiring` puts them together."""
