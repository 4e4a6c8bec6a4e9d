"""bootheal.yaml -> steps. `schema` says what may be written, `source` where it was, `build` what it means."""

from bootheal.config.build import Configuration, accept_data, load

__all__ = ["Configuration", "accept_data", "load"]
