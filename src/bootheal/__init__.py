"""bootheal: brings a one-box k3s or k3d machine back to work after a reboot.

Nothing happens at import time, and nothing heavy is imported here: `bootheal
--version` and `bootheal status` must start as fast as Python does.
"""

__version__ = "0.1.0"
