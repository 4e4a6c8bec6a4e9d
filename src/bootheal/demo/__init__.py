"""The embedded one-node cluster: a machine to try bootheal on, and to test it against. Linux only, loopback only."""
