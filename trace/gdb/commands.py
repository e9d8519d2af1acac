# `vitrine ...` in gdb: what the kernel knows, at a breakpoint or after a crash.
#
# Teaches: one reader. Most commands are sections of `vitrine dump`, called on the RAM of the guest at hand; only what needs the symbols is
# done here (walk, aspace: walk.py; backtrace: thread.py). Who calls: common.gdb loads this file. `help vitrine` lists all.
import os
import subprocess
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import image  # noqa: E402
import printers  # noqa: E402
import thread  # noqa: E402
import walk  # noqa: E402


class Vitrine(gdb.Command):
    """What the kernel knows: threads, address spaces, page tables, objects, endpoints, RCU, handles, its log, its last events.
They read the guest's RAM, which is a file: of this session, or of a run that has ended (`vitrine ram FILE`)."""

    def __init__(self):
        super().__init__("vitrine", gdb.COMMAND_DATA, prefix=True)


class Command(gdb.Command):
    """One subcommand; its help is the text it is made with."""

    def __init__(self, name, text, action):
        self.__doc__ = text
        self.action = action
        self.name = name
        super().__init__("vitrine " + name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if "--help" in words or "-h" in words:
            print(self.__doc__)
        else:
            self.action(words)


def dump(section, words):
    """Prints a section of `vitrine dump`, of the RAM at hand."""
    path = image.image().path
    gdb.flush()
    done = subprocess.run(["build/vitrine", "dump", path, section, *words], capture_output=True, text=True, check=False)
    print(done.stdout.rstrip())
    if done.stderr:
        print(done.stderr.rstrip())


def section_action(section, takes_words=False):
    def action(words):
        if words and not takes_words:
            raise gdb.GdbError(f"`vitrine {section}` takes no arguments but --help")
        dump(section, words)

    return action


def name_ram(words):
    if len(words) > 1:
        raise gdb.GdbError("one file is wanted: `vitrine ram FILE`")
    if words:
        path = os.path.join(words[0], "ram") if os.path.isdir(words[0]) else words[0]
        if not os.path.exists(path):
            raise gdb.GdbError(f"{path} is not there")
        image.current["path"] = path
    found = image.image()
    print(f"{found.path}: {found.machine}, {found.descriptor['mmu'].string()}, program {found.descriptor['program'].string()}")


def last_events(words):
    if len(words) > 1 or (words and not words[0].isdigit()):
        raise gdb.GdbError("a number is wanted: `vitrine events 20`")
    dump("events", ["--events", words[0]] if words else [])


SECTIONS = [
    ("threads", "threads", "every thread, its state, and what it waits for"),
    ("cpus", "cpus", "what each CPU does"),
    ("queues", "queues", "run queues and sleepers"),
    ("processes", "processes", "the processes, and how they ended"),
    ("mappings", "mappings", "what is mapped where, in every address space"),
    ("tables", "tables", "page tables that are trees (x86-64)"),
    ("hpt", "hash", "the hashed page table (POWER): every entry, group by group"),
    ("objects", "objects", "memory objects, and the state of their pages"),
    ("endpoints", "endpoints", "endpoints, who waits at them, messages on their way"),
    ("rcu", "rcu", "grace periods, and what waits to be freed"),
    ("handles", "handles", "the handles of every process"),
    ("log", "log", "what the kernel printed"),
]

Vitrine()
for name, section, text in SECTIONS:
    Command(name, f"vitrine {name}: {text}.\nA section of `vitrine dump`; docs/dump.md says how to read it.", section_action(section))
Command("events", "vitrine events [N]: the last N events of each CPU (10 unless told).", last_events)
Command("ram", "vitrine ram [FILE]: which RAM the commands look at; FILE is what `vitrine run --keep-ram` left, or its directory.", name_ram)
Command("walk", walk.HELP, walk.walk)
Command("aspace", walk.ASPACE_HELP, walk.aspace)
Command("backtrace", thread.HELP, thread.backtrace)
printers.register()
