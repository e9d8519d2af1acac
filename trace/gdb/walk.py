# `vitrine walk` and `vitrine aspace`: an address, translated as the machine would, and what the kernel has promised there.
#
# Teaches: the same question on two MMUs. On x86-64 a tree: nine bits of the address choose an entry, four or five times. On POWER a
# segment and a hash: segment and page choose a group of eight places, and a second one. Either can say no where the kernel would say
# yes: then a fault is still to come. Intel SDM 3A 4.5; Power ISA 3.0B Book III, "Hashed Page Table Translation".
# Who calls: commands.py.
import gdb
import image as images

HELP = """vitrine walk ADDRESS [PROCESS]: translates a user's address as the MMU would, step by step.
PROCESS is the number or the name of one that `vitrine processes` shows; without it, that of the thread that runs on the CPU at hand."""
ASPACE_HELP = """vitrine aspace [PROCESS]: the mappings of one address space, and where each page of the MMU's comes from.
PROCESS as for `vitrine walk`."""

SEGMENT_SHIFT = 40  # segments of 1 TiB
SEGMENTS_A_SPACE = 64  # arch/ppc64/mmu_hash.h
GROUP_BYTES = 128


def processes(image):
    """Addresses of all processes that have not ended."""
    entry = image.entry("processes")
    head = int(entry["paddr"]) + (image.image_offset or image.direct_offset)
    return list(image.list("struct aspace", "process_node", head))


def current_process(image):
    """The process of the thread on the CPU that gdb has selected; of CPU 0 if there is no machine."""
    selected = gdb.selected_thread()
    number = selected.num - 1 if selected else 0
    entry = image.entry("trace-ring")  # it lies in struct cpu, and its stride is that of the CPUs
    first = int(entry["paddr"]) - images.offset_of("struct cpu", "trace")
    thread = int(image.record("struct cpu", first + number * int(entry["stride"]))["current"])
    if not thread:
        raise gdb.GdbError(f"CPU {number} runs no thread; say which process, as `vitrine processes` shows them")
    return int(image.at("struct thread", thread)["aspace"])


def find_process(image, words):
    if not words:
        return current_process(image)
    for address in processes(image):
        aspace = image.at("struct aspace", address)
        if words[0] in (str(int(aspace["id"])), aspace["name"].string()):
            return address
    raise gdb.GdbError(f"there is no process {words[0]}; `vitrine processes` shows those there are")


def flag_words(entry, names):
    return ", ".join(text for bit, text in names if entry >> bit & 1)


RADIX_BITS = [(0, "present"), (1, "writable"), (2, "user"), (3, "write-through"), (4, "uncached"), (5, "accessed"), (6, "dirty"),
              (63, "no execute")]


def walk_radix(image, aspace, address):
    """Prints each level; returns the physical address, or None."""
    table = int(aspace["space"]["words"][0]) & ~0xFFF
    levels = 5 if image.descriptor["mmu"].string() == "radix5" else 4
    for level in range(levels, 0, -1):
        index = address >> (12 + 9 * (level - 1)) & 511
        entry = image.word(table + 8 * index)
        print(f"  level {level}: table 0x{table:x}[{index}] = 0x{entry:016x}  {flag_words(entry, RADIX_BITS) or 'absent'}")
        if not entry & 1:
            return None
        table = entry & 0x000FFFFFFFFFF000
    return table | address & 0xFFF


def entry_words(r):
    rights = {0: "kernel only", 1: "kernel only", 2: "read and write", 3: "read only"}[r & 3]
    names = [(8, "referenced"), (7, "changed"), (5, "uncached"), (2, "no execute")]
    return ", ".join(filter(None, [rights, flag_words(r, names)]))


def walk_hash(image, aspace, address):
    table = image.entry("hash-table")
    groups, base = int(table["count"]), int(table["paddr"])
    esid = address >> SEGMENT_SHIFT
    vsid = int(aspace["space"]["id"]) * SEGMENTS_A_SPACE + esid % SEGMENTS_A_SPACE
    offset = address % (1 << SEGMENT_SHIFT)
    page = offset >> 12
    primary = (vsid ^ page) % groups
    print(f"  segment: ESID 0x{esid:x} -> VSID 0x{vsid:x}; page 0x{page:x} of it; hash 0x{vsid:x} ^ 0x{page:x} -> group {primary}")
    wanted = vsid << (SEGMENT_SHIFT - 16) | offset >> 16 & ~0x7F | 1
    for group, secondary in ((primary, 0), (~primary % groups, 2)):
        for slot in range(8):
            at = base + group * GROUP_BYTES + slot * 16
            v, r = image.word(at), image.word(at + 8)
            if v & (0xFFFFFFFFFFFFFF80 | 3) == wanted | secondary:
                print(f"  group {group} ({'secondary' if secondary else 'primary'}), slot {slot}: 0x{v:016x} 0x{r:016x}  {entry_words(r)}")
                return r & 0x03FFFFFFFFFFF000 | address & 0xFFF
        print(f"  group {group} ({'secondary' if secondary else 'primary'}): not in any of its 8 slots")
    return None


def find_mapping(image, process, address):
    for mapping in mappings(image, process):
        if int(mapping["start"]) <= address < int(mapping["start"]) + int(mapping["bytes"]):
            return mapping
    return None


def mappings(image, process):
    """All mappings of an address space."""
    aspace = image.at("struct aspace", process)
    kind = gdb.lookup_type("struct segment")
    segments = process + images.offset_of("struct aspace", "segments")
    for i in range(aspace["segments"].type.range()[1] + 1):
        head = segments + i * kind.sizeof + images.offset_of("struct segment", "mappings")
        for address in image.list("struct mapping", "node", head):
            yield image.at("struct mapping", address)


SLOT_STATE_MASK = 7


SLOT_READING = 1


def object_frame(image, address, page):
    """The frame that holds a page of a memory object; None: it has none; 0: its provider is about to bring it."""
    vm_object = image.at("struct vm_object", address)
    kind = str(vm_object["kind"])
    if kind.endswith(("PHYSICAL", "DEVICE")):
        return int(vm_object["base"]["p"]) + page * 4096
    chunks = int(vm_object["chunks"])
    chunk = image.word(image.physical(chunks) + 8 * (page // 512)) if chunks else 0
    slot = image.word(image.physical(chunk) + 8 * (page % 512)) if chunk else 0
    if slot & SLOT_STATE_MASK == SLOT_READING:
        return 0
    if slot & 0xFFFFFFFFFFFFF000:
        return slot & 0xFFFFFFFFFFFFF000
    source = int(vm_object["source"])
    return object_frame(image, source, int(vm_object["source_page"]) + page) if source else None


def page_frame(image, process, address):
    """The frame that holds the user's page now, whether the MMU knows it or not; None: nobody has touched it; 0: it is on its way."""
    mapping = find_mapping(image, process, address)
    if mapping is None:
        return None
    page = int(mapping["first_page"]) + (address - int(mapping["start"])) // 4096
    return object_frame(image, int(mapping["object"]), page)


def rights_text(rights):
    return "".join(letter if rights & bit else "-" for letter, bit in (("r", 1), ("w", 2), ("x", 4)))


def walk(words):
    if not 1 <= len(words) <= 2:
        raise gdb.GdbError("an address is wanted, and perhaps a process: `vitrine walk ADDRESS [PROCESS]`")
    image = images.image()
    try:
        address = int(gdb.parse_and_eval(words[0])) & 0xFFFFFFFFFFFFFFFF
    except gdb.error as error:
        raise gdb.GdbError(f"`{words[0]}` is no address: {error}")
    process = find_process(image, words[1:])
    aspace = image.at("struct aspace", process)
    print(f"0x{address:x} in {aspace['name'].string()} ({int(aspace['id'])}), {image.descriptor['mmu'].string()}")
    is_hash = image.entry("hash-table") is not None
    found = (walk_hash if is_hash else walk_radix)(image, aspace, address)
    mapping = find_mapping(image, process, address)
    if found is not None:
        print(f"  -> physical 0x{found:x}")
    elif mapping is None:
        print("  -> no translation, and nothing is mapped there: a touch ends in a crash")
    elif page_frame(image, process, address) == 0:
        print("  -> no translation; the page is on its way from its provider: who touches it waits")
    elif page_frame(image, process, address) is not None:
        print("  -> no translation, but the page is in memory: a touch is a soft miss")
    else:
        print("  -> no translation, and no frame yet: a touch has the page made or brought")
    if mapping is not None:
        start, size = int(mapping["start"]), int(mapping["bytes"])
        print(f"  mapped: 0x{start:x}-0x{start + size:x} {rights_text(int(mapping['rights']))}")


def aspace(words):
    if len(words) > 1:
        raise gdb.GdbError("one process is wanted: `vitrine aspace [PROCESS]`")
    image = images.image()
    process = find_process(image, words)
    record = image.at("struct aspace", process)
    print(f"aspace {int(record['id'])} \"{record['name'].string()}\": MMU space {int(record['space']['id'])}, "
          f"{int(record['threads'])} threads, active on CPUs 0x{int(record['space']['active']):x}")
    for mapping in mappings(image, process):
        start, size = int(mapping["start"]), int(mapping["bytes"])
        vm_object = image.at("struct vm_object", int(mapping["object"]))
        there = sum(bool(page_frame(image, process, page)) for page in range(start, start + min(size, 4 << 20), 4096))
        print(f"  0x{start:012x}-0x{start + size:012x} {rights_text(int(mapping['rights']))}  object {int(vm_object['kobj']['id'])}, "
              f"{there} of {size // 4096} pages in memory" + (" (of the first 1024)" if size > 4 << 20 else ""))
