/*
 * The first C on each CPU: from boot.S to kernel_main() and kernel_secondary().
 *
 * Teaches: the order in which a machine becomes usable: console, RAM, CPUs, address-space format, exceptions; then the portable
 * kernel takes over and asks for the rest (arch_cpu_init()).
 * Who calls: boot.S, irqs off, boot_lock held; all but boot_leave() on the boot stack. Calls what reads the loader's and the
 * firmware's data.
 * The invariant: kernel_main() finds this CPU on the tables it will keep, with arch_cpu(), putc and phys_to_virt working.
 */
#include "boot/command_line.h"
#include "x86.h"

#define CPUID_7_ECX_LA57 (1u << 16)

static struct boot_info boot = {.machine = "x86_64", .elf_machine = 62 /* EM_X86_64 */, .command_line = ""};

/* Whether `word` is one of the words of the command line. */
static bool command_line_has(const char *line, const char *word)
{
	while (*line) {
		const char *at = word;
		while (*at && *line == *at) {
			line++;
			at++;
		}
		if (!*at && (!*line || *line == ' '))
			return true;
		while (*line && *line != ' ')
			line++;
		while (*line == ' ')
			line++;
	}
	return false;
}

#define FIRMWARE_BYTES (256 * KIB)
#define FIRMWARE_END MIB

/* CPUID leaf 1 tells this CPU's own APIC number (Intel SDM 2A, CPUID). */
static uint64_t own_apic_id(void)
{
	return cpuid(1).ebx >> 24;
}

const void *firmware_memory(uint64_t at, uint64_t bytes)
{
	return direct_map(at, bytes) ? arch_phys_to_virt(paddr(at)) : NULL;
}

/* Four levels unless five are asked for and there: `mmu=radix4`, `mmu=radix5`. */
static unsigned choose_levels(void)
{
	if (!command_line_has(boot.command_line, "mmu=radix5"))
		return 4;
	if (cpuid(0).eax >= 7 && cpuid(7).ecx & CPUID_7_ECX_LA57)
		return 5;
	boot_say("boot: mmu=radix5 asked for, but this CPU has no five-level paging (LA57): radix4\n");
	return 4;
}

_Noreturn static void refuse(const char *what, const char *which)
{
	boot_say(what);
	boot_say(which);
	boot_say("\n");
	arch_power_off(false);
}

/* What the loader says. A loader that says where it put the image has to agree with what boot.S found. */
static void read_loader(uint32_t magic, uint32_t information, struct loader *loader)
{
	/* The firmware's data, and the page where other CPUs start. */
	loader_add_reserved(&boot, 0, FIRMWARE_END);
	loader_add_reserved(&boot, arch_virt_to_phys(image_start).p, arch_virt_to_phys(image_end).p);
	if (magic == MULTIBOOT_LOADER_MAGIC)
		return multiboot_read(information, &boot);
	if (magic != MULTIBOOT2_LOADER_MAGIC)
		refuse("boot: not started by a Multiboot loader", "");
	multiboot2_read(information, &boot, loader);
	if (loader->image != arch_virt_to_phys(image_start).p)
		refuse("boot: the image does not lie where the loader says", "");
	boot_say("boot: by Multiboot 2, image at ");
	boot_say_number(loader->image);
	boot_say("\n");
}

struct cpu *boot_main(uint32_t magic, uint32_t information)
{
	struct loader loader = {0};
	console_init();
	const char *feature = cpu_missing_feature();
	if (feature)
		refuse("boot: start QEMU with -cpu max: this CPU has no ", feature);
	read_loader(magic, information, &loader);
	if (boot.ram_ranges == 0)
		refuse("boot: the loader lists no RAM", "");
	acpi_read(&boot, own_apic_id(), &loader);
	/* QEMU puts the second flash chip right below the first, which holds the firmware and ends at 4 GiB. */
	boot.flash.bytes = command_number(boot.command_line, "flash", 0) * KIB;
	boot.flash.base = paddr(4 * GIB - FIRMWARE_BYTES - boot.flash.bytes);
	boot.image = (struct boot_range){arch_virt_to_phys(image_start), (uint64_t)(image_end - image_start)};
	unsigned levels = choose_levels();
	if (levels == 5) {
		/* Also for the CPUs that start later: the trampoline gets the same two words. */
		boot_cr4 |= CR4_LA57;
		boot_root = (uint32_t)arch_virt_to_phys(boot_root5).p;
		boot_paging_restart();
	}
	radix_init(levels);
	cpu_prepare(0, boot.cpu_hw_id[0]);
	cpu_load_tables(&cpus[0]);
	return &cpus[0];
}

struct cpu *boot_cpu_main(uint64_t entry_ticks)
{
	struct cpu *cpu = cpu_missing_feature() ? NULL : cpu_arrive(own_apic_id());
	if (!cpu)
		return NULL;
	cpu->entry_ticks = entry_ticks;
	cpu->lock_ticks = arch_time_now();
	cpu_load_tables(cpu);
	return cpu;
}

void boot_leave(struct cpu *cpu)
{
	if (cpu->index == 0)
		kernel_main(&boot);
	kernel_secondary(cpu);
}
