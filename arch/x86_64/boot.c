/*
 * The first C on each CPU: from boot.S to kernel_main() and kernel_secondary().
 *
 * Teaches: the order in which a machine becomes usable: console, RAM, CPUs, address-space format, exceptions; then the portable
 * kernel takes over and asks for the rest (arch_cpu_init()).
 * Who calls: boot.S, irqs off, on the CPU's kernel stack. Locks: none.
 * The invariant: kernel_main() finds this CPU on the tables it will keep, with arch_cpu(), putc and phys_to_virt working.
 */
#include "boot/command_line.h"
#include "x86.h"

#define MULTIBOOT_LOADER_MAGIC 0x2badb002
#define CPUID_7_ECX_LA57 (1u << 16)

static struct boot_info boot = {.machine = "x86_64", .elf_machine = 62 /* EM_X86_64 */};

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

void boot_main(uint32_t magic, uint32_t information)
{
	console_init();
	if (magic != MULTIBOOT_LOADER_MAGIC)
		refuse("boot: not started by a Multiboot loader", "");
	const char *feature = cpu_missing_feature();
	if (feature)
		refuse("boot: start QEMU with -cpu max: this CPU has no ", feature);
	multiboot_read(information, &boot);
	if (boot.ram_ranges == 0)
		refuse("boot: the loader lists no RAM", "");
	acpi_read(&boot);
	/* QEMU puts the second flash chip right below the first, which holds the firmware and ends at 4 GiB. */
	boot.flash.bytes = command_number(boot.command_line, "flash", 0) * KIB;
	boot.flash.base = paddr(4 * GIB - FIRMWARE_BYTES - boot.flash.bytes);
	unsigned levels = choose_levels();
	if (levels == 5) {
		/* Also for the CPUs that start later: they take the same road (boot.S). */
		boot_cr4 |= CR4_LA57;
		boot_root = (uint32_t)arch_virt_to_phys(boot_root5).p;
		boot_paging_restart();
	}
	radix_init(levels);
	cpu_prepare(0, boot.cpu_hw_id[0]);
	cpu_load_tables(&cpus[0]);
	kernel_main(&boot);
}

void boot_cpu_main(struct cpu *cpu)
{
	cpu_load_tables(cpu);
	trampoline_leave();
	kernel_secondary(cpu);
}
