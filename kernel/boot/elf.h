/*
 * Loading a program.
 */
#pragma once

#include "boot/archive.h"
#include "mm/aspace.h"

/*
 * Maps the loadable segments of an ELF64 program for this machine into an empty address space and fills them. *entry is where
 * it starts. INVALID for anything that is not exactly that, with the reason on the console; DENIED for a segment that is W and
 * X.
 */
enum status elf_load(const struct archive_file *file, unsigned machine, struct aspace *aspace, struct vaddr *entry);
