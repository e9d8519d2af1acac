# POWER: big-endian, 64-bit. The kernel runs at the addresses it was linked at, so its symbols fit before the MMU is on as well.
source trace/gdb/common.gdb
set architecture powerpc:common64
set endian big
