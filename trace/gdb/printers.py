# How gdb shows the kernel's types: an address as an address, a thread as its number, name and state.
#
# Who calls: commands.py registers them; `print`, `backtrace` and `info locals` use them.
import gdb
import gdb.printing


class Address:
    """struct vaddr and struct paddr: one member each, so that they cannot be mixed up."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        field = self.value.type.fields()[0]
        return f"{self.value.type.strip_typedefs().tag} 0x{int(self.value[field.name]):x}"


class Thread:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        state = str(self.value["state"]).removeprefix("THREAD_").lower()
        return f"thread {int(self.value['id'])} \"{self.value['name'].string()}\", {state}, CPU {int(self.value['cpu'])}"


class Aspace:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        return f"aspace {int(self.value['id'])} \"{self.value['name'].string()}\", {int(self.value['threads'])} threads"


class Kobj:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        kind = str(self.value["type"]).removeprefix("KOBJ_").lower()
        return f"{kind} {int(self.value['id'])}, {int(self.value['references'])} references"


def register():
    printer = gdb.printing.RegexpCollectionPrettyPrinter("vitrine")
    printer.add_printer("address", "^[vp]addr$", Address)
    printer.add_printer("thread", "^thread$", Thread)
    printer.add_printer("aspace", "^aspace$", Aspace)
    printer.add_printer("kobj", "^kobj$", Kobj)
    gdb.printing.register_pretty_printer(None, printer, replace=True)
