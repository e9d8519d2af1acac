# The guest's RAM as a file, and the kernel's records in it.
#
# Teaches: a debugger can look at a machine without asking it. The guest's RAM is a file on the host, of a session as well as of a run
# that crashed long ago, so every command works on both, and none of them changes anything. The symbols say what lies where: gdb
# reads the records with the kernel's own types, in the kernel's own byte order.
# Who calls: the other files here. Invariant: the file is opened for reading only.
import mmap
import os
import struct

import gdb

EYECATCHER = b"VITRINE-GLASS-2"
PAGE = 4096


class Image:
    """A RAM image, and the debug descriptor in it (kernel/abi/descriptor.h)."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.ram = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        where = self.find_descriptor()
        if where is None:
            raise gdb.GdbError(f"{path} has no debug descriptor yet: the kernel makes it early in its boot; `break sched_start` or `to-program`, and look again")
        self.descriptor = self.record("struct descriptor", where)
        self.direct_offset = int(self.descriptor["direct_offset"])
        self.image_offset = int(self.descriptor["image_offset"])
        self.machine = self.descriptor["machine"].string()

    def find_descriptor(self):
        """Where the live one is: a loader's copies of the kernel have no entries."""
        size = gdb.lookup_type("struct descriptor").sizeof
        with open(self.path, "rb") as file:
            end = 0
            while True:
                try:
                    start = os.lseek(file.fileno(), end, os.SEEK_DATA)
                    end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
                except OSError:
                    return None
                for page in range(start // PAGE * PAGE, end, PAGE):
                    if self.ram[page : page + len(EYECATCHER)] != EYECATCHER or page + size > len(self.ram):
                        continue
                    if int(self.record("struct descriptor", page)["entries"]):
                        return page

    def read(self, paddr, count):
        if paddr + count > len(self.ram):
            raise gdb.GdbError(f"0x{paddr:x} lies outside of the guest's RAM")
        return self.ram[paddr : paddr + count]

    def word(self, paddr):
        order = ">" if self.machine == "ppc64" else "<"
        return struct.unpack(order + "Q", self.read(paddr, 8))[0]

    def record(self, type_name, paddr):
        """A record of the kernel as gdb's own value; pointers in it are the kernel's addresses."""
        kind = gdb.lookup_type(type_name)
        return gdb.Value(self.read(paddr, kind.sizeof), kind)

    def physical(self, address):
        """Where something lies that the kernel points at."""
        address = int(address) & 0xFFFFFFFFFFFFFFFF
        offset = self.image_offset if self.image_offset and address >= self.image_offset else self.direct_offset
        return address - offset

    def at(self, type_name, address):
        return self.record(type_name, self.physical(address))

    def entry(self, label):
        """The descriptor's entry with this label, or None."""
        for i in range(int(self.descriptor["entries"])):
            entry = self.descriptor["entry"][i]
            if entry["label"].string() == label:
                return entry
        return None

    def symbol(self, type_name, name):
        """A variable of the kernel."""
        return self.at(type_name, gdb.lookup_static_symbol(name).value().address if gdb.lookup_static_symbol(name)
                       else gdb.lookup_global_symbol(name).value().address)

    def list(self, type_name, field, head):
        """The addresses of the records that are linked by their `field` into the list whose head is at `head`."""
        kind = gdb.lookup_type(type_name)
        offset = next(f.bitpos // 8 for f in kind.fields() if f.name == field)
        node = int(self.at("struct list", head)["next"])
        for _ in range(100000):
            if node == head:
                return
            yield node - offset
            node = int(self.at("struct list", node)["next"])
        raise gdb.GdbError(f"a list of {type_name} has no end: the image is damaged")


def offset_of(type_name, *names):
    """The offset of a field, in bytes; names go inward."""
    kind, offset = gdb.lookup_type(type_name), 0
    for name in names:
        field = next(f for f in kind.fields() if f.name == name)
        kind, offset = field.type, offset + field.bitpos // 8
    return offset


current = {"path": os.environ.get("VITRINE_RAM", "")}


def image():
    """The RAM to look at: the session's own, or what `vitrine ram` named. Read anew each time: the guest may have gone on."""
    if not current["path"]:
        raise gdb.GdbError("there is no RAM to look at: `vitrine ram FILE` names one that `vitrine run --keep-ram` left")
    if not os.path.exists(current["path"]):
        raise gdb.GdbError(f"{current['path']} is not there")
    return Image(current["path"])
