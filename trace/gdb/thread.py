# `vitrine backtrace`: where threads of a program stand that do not run.
#
# Teaches: a core file is all a debugger needs. A blocked thread has no stack in this kernel: its registers are in its record, its stack is
# in its own memory. Both go into an ELF core file, and a second gdb unwinds it with the program's own debug information, as it
# would one of a crashed Linux program; so it works on both machines, live and on the RAM of a run that ended long ago.
# Who calls: commands.py. System V ABI, "Core files"; the layout of NT_PRSTATUS is Linux's.
import os
import struct
import subprocess
import tempfile

import gdb
import image as images
import walk

HELP = """vitrine backtrace [THREAD]: the user's stack of a thread that does not run, with source lines.
THREAD is a number that `vitrine threads` shows; without it, all threads that do not run. Needs the programs in build/ that ran."""

X86_REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi rax rip cs rflags rsp ss 0 0 0 0 0 0").split()
PRSTATUS_REGISTERS_AT = 112


def threads(image):
    """The records of all threads that there are."""
    table = image.entry("threads")
    for i in range(int(table["count"])):
        address = image.word(int(table["paddr"]) + i * int(table["stride"]))
        if address:
            yield image.at("struct thread", address)


def registers(image, frame):
    """The registers of a frame in the order of the machine's NT_PRSTATUS."""
    if image.machine == "ppc64":
        rest = [int(frame[name]) for name in ("pc", "msr")] + [0] + [int(frame[name]) for name in ("ctr", "lr", "xer", "cr")]
        return [int(frame["gpr"][i]) for i in range(32)] + rest + [0] * 9
    return [0 if name == "0" else int(frame[name]) for name in X86_REGISTERS]


def prstatus(image, thread, order):
    words = registers(image, thread["frame"])
    note = bytearray(PRSTATUS_REGISTERS_AT)
    struct.pack_into(order + "I", note, 32, int(thread["id"]))
    note += struct.pack(f"{order}{len(words)}Q", *words) + bytes(8)
    header = struct.pack(order + "III", 5, len(note), 1) + b"CORE\0\0\0\0"
    return header + bytes(note)


def pages(image, process):
    """(address, content) of every page of the process that is in memory."""
    for mapping in walk.mappings(image, process):
        start, size, first = (int(mapping[name]) for name in ("start", "bytes", "first_page"))
        if str(image.at("struct vm_object", int(mapping["object"]))["kind"]).endswith("DEVICE"):
            continue
        for page in range(min(size, 4 << 20) // 4096):
            frame = walk.object_frame(image, int(mapping["object"]), first + page)
            if frame is not None and frame + 4096 <= len(image.ram):
                yield start + page * 4096, image.read(frame, 4096)


def write_core(file, image, process, records):
    """An ELF core file with the memory of the process and the registers of its threads."""
    order = ">" if image.machine == "ppc64" else "<"
    ident = b"\x7fELF\x02" + (b"\x02" if order == ">" else b"\x01") + b"\x01" + bytes(9)
    notes = b"".join(prstatus(image, record, order) for record in records)
    loads = list(pages(image, process))
    offset = 64 + 56 * (len(loads) + 1)
    machine, flags = (21, 2) if order == ">" else (62, 0)
    file.write(ident + struct.pack(order + "HHIQQQIHHHHHH", 4, machine, 1, 0, 64, 0, flags, 64, 56, len(loads) + 1, 0, 0, 0))
    file.write(struct.pack(order + "IIQQQQQQ", 4, 0, offset, 0, 0, len(notes), 0, 4))
    data = offset + len(notes)
    for number, (address, _) in enumerate(loads):
        file.write(struct.pack(order + "IIQQQQQQ", 1, 7, data + number * 4096, address, 0, 4096, 4096, 1))
    file.write(notes)
    for _, content in loads:
        file.write(content)
    file.flush()


def program_file(image, name):
    for folder in ("programs", "servers", "outside"):
        path = f"build/{image.machine}/{folder}/{name}.elf"
        if os.path.exists(path):
            return path
    return None


def print_process(image, process, records):
    name = image.at("struct aspace", process)["name"].string()
    program = program_file(image, name)
    if program is None:
        print(f"{name}: its program is not in build/{image.machine}, so its stacks cannot be read")
        return
    with tempfile.NamedTemporaryFile(prefix="vitrine-core.") as file:
        write_core(file, image, process, records)
        for number, record in enumerate(records):
            state = str(record["state"]).removeprefix("THREAD_").lower()
            print(f"thread {int(record['id'])} \"{record['name'].string()}\" of {name}, {state}")
            gdb.flush()
            done = subprocess.run(
                ["gdb-multiarch", "-q", "-nx", "-batch", "-ex", f"file {program}", "-ex", f"core-file {file.name}",
                 "-ex", "echo BACKTRACE\\n", "-ex", f"thread apply {number + 1} -q backtrace 30"],
                capture_output=True, text=True, check=False)
            print("\n".join("  " + line for line in done.stdout.partition("BACKTRACE\n")[2].splitlines() if line.startswith("#")))


def backtrace(words):
    if len(words) > 1 or (words and not words[0].isdigit()):
        raise gdb.GdbError("a thread's number is wanted: `vitrine backtrace [THREAD]`")
    image = images.image()
    stands = {}
    for record in threads(image):
        if words and int(record["id"]) != int(words[0]):
            continue
        if str(record["state"]) in ("THREAD_BLOCKED", "THREAD_READY"):
            stands.setdefault(int(record["aspace"]), []).append(record)
        elif words:
            raise gdb.GdbError(f"thread {words[0]} is {str(record['state']).removeprefix('THREAD_').lower()}: its registers are not in its "
                               "record; `info threads` and `backtrace` show what runs")
    if not stands:
        raise gdb.GdbError(f"there is no thread {words[0]}" if words else "there is no thread that waits")
    for process, records in stands.items():
        print_process(image, process, records)
