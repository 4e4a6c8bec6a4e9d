"""What tests share: a clock that jumps, a memory without a disk, a world of plain values."""
