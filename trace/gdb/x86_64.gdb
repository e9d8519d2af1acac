# x86-64: after reset the CPU runs 16-bit code, but QEMU always hands over the 64-bit registers.
source trace/gdb/common.gdb
set architecture i386:x86-64
set endian little
