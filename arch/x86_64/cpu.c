/*
 * One CPU's own tables: which code runs for which vector, on which stack, and what SYSCALL does.
 *
 * Teaches: what the processor itself looks up when a trap comes: the IDT gate for the vector, a stack from the TSS (RSP0 from
 * user mode, an IST stack for the three traps that may come at any moment), segments from the GDT.
 * Who calls: boot.c and the portable kernel, once on each CPU, irqs off. Calls apic.c, time.c. Locks: none, each CPU has its
 * own.
 * The invariant: TSS.RSP0 is the end of cpu->user_frame whenever the CPU is in user mode (trap_entry.S keeps it).
 * Simplified: no I/O permission map; floating point is off (CR0.EM), so there is no state of it to keep.
 * Intel SDM 3A: 3.4.5 (descriptors), 6.14 (IDT, IST), 7.7 (64-bit TSS), 5.8.8 (SYSCALL).
 */
#include "abi/information.h"
#include "x86.h"

#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SFMASK 0xc0000084
#define MSR_KERNEL_GS_BASE 0xc0000102
#define SYSCALL_CLEARS 0x44700 /* AC NT DF IF TF */
#define CPUID_7_ECX_UMIP (1u << 2)

#define LAST_STACK_BYTES 4096
#define GATE_PRESENT_INTERRUPT 0x8e
#define GATE_FROM_USER 0x60
#define VECTOR_BREAKPOINT 3

/*
 *     127      96 95              64 63     48 47  40 39 35 34 32 31     16 15      0
 *    +-----------+------------------+---------+------+-----+-----+---------+---------+
 *    |  ignored  |  offset 63-32    |off 31-16| type |  0  | IST | selector|off 15-0 |
 *    +-----------+------------------+---------+------+-----+-----+---------+---------+
 */
struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, zero;
};

struct tss {
	uint32_t zero_0;
	uint64_t rsp0, rsp1, rsp2;
	uint64_t zero_1;
	uint64_t ist[7];
	uint64_t zero_2;
	uint16_t zero_3, io_map;
} __attribute__((packed));
static_assert(sizeof(struct tss) == 104, "Intel SDM 3A figure 7-11");
static_assert(offsetof(struct tss, rsp0) == TSS_RSP0, "entry code");

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

enum last_stack { LAST_NMI, LAST_DOUBLE_FAULT, LAST_MACHINE_CHECK, LAST_STACKS };

struct cpu_tables {
	uint64_t gdt[8]; /* SELECTOR_* in frame_offsets.h */
	struct tss tss;
	uint8_t last_stack[LAST_STACKS][LAST_STACK_BYTES] __attribute__((aligned(16)));
};

static struct cpu_tables tables[MAX_CPUS];
static struct gate idt[256];
extern const uint64_t trap_stubs[VECTOR_STUBS], trap_stub_spurious;
void syscall_entry(void);

static void gate_set(unsigned vector, uint64_t entry, uint8_t ist)
{
	uint8_t from_user = vector == VECTOR_BREAKPOINT ? GATE_FROM_USER : 0;
	idt[vector] = (struct gate){
		.offset_low = (uint16_t)entry,
		.offset_middle = (uint16_t)(entry >> 16),
		.offset_high = (uint32_t)(entry >> 32),
		.selector = SELECTOR_KERNEL_CODE,
		.ist = ist,
		.type = GATE_PRESENT_INTERRUPT | from_user,
	};
}

/* All CPUs share the IDT; the boot CPU fills it in before another one runs. */
static void idt_fill(void)
{
	for (unsigned vector = 0; vector < VECTOR_STUBS; vector++)
		gate_set(vector, trap_stubs[vector], 0);
	gate_set(VECTOR_SPURIOUS, trap_stub_spurious, 0);
	gate_set(VECTOR_NMI, trap_stubs[VECTOR_NMI], LAST_NMI + 1);
	gate_set(VECTOR_DOUBLE_FAULT, trap_stubs[VECTOR_DOUBLE_FAULT], LAST_DOUBLE_FAULT + 1);
	gate_set(VECTOR_MACHINE_CHECK, trap_stubs[VECTOR_MACHINE_CHECK], LAST_MACHINE_CHECK + 1);
}

static void gdt_fill(struct cpu_tables *own)
{
	uint64_t tss = (uint64_t)(uintptr_t)&own->tss;
	own->gdt[SELECTOR_KERNEL_CODE / 8] = 0x00af9b000000ffff;
	own->gdt[SELECTOR_KERNEL_DATA / 8] = 0x00cf93000000ffff;
	own->gdt[SELECTOR_USER_DATA / 8] = 0x00cff3000000ffff;
	own->gdt[SELECTOR_USER_CODE / 8] = 0x00affb000000ffff;
	/* A TSS descriptor is two words: base in four pieces, limit, type 9 (64-bit TSS, available), present. */
	own->gdt[SELECTOR_TSS / 8] =
		(tss >> 24 & 0xff) << 56 | UINT64_C(0x89) << 40 | (tss & 0xffffff) << 16 | (sizeof(own->tss) - 1);
	own->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
}

/*
 * Loads GDT and IDT, and the segment registers from the new GDT. CS stays: the same selector means the same in both GDTs. After
 * reset there is an LDT at address 0, in the users' half: LLDT 0 takes it away, or users could write descriptors of their own.
 */
static void tables_load(struct cpu_tables *own)
{
	struct table_pointer gdt = {.limit = sizeof(own->gdt) - 1, .base = (uint64_t)(uintptr_t)own->gdt};
	struct table_pointer idt_pointer = {.limit = sizeof(idt) - 1, .base = (uint64_t)(uintptr_t)idt};
	__asm__ volatile("lgdt %0; lidt %1; ltr %w2; lldt %w3" ::"m"(gdt), "m"(idt_pointer), "r"(SELECTOR_TSS), "r"(0)
			 : "memory");
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss" ::"r"(SELECTOR_KERNEL_DATA));
}

const char *cpu_missing_feature(void)
{
	if (cpuid(0).eax < 7)
		return "CPUID leaf 7";
	struct cpuid leaf_7 = cpuid(7);
	if (!(leaf_7.ebx >> 7 & 1))
		return "SMEP";
	if (!(leaf_7.ebx >> 20 & 1))
		return "SMAP";
	return NULL;
}

#define LEAF_EXTENDED 0x80000000
#define REGISTER_BIT(value, bit, feature) ((value) >> (bit)&1 ? (uint64_t)(feature) : 0)

/* Intel SDM 2A, CPUID; AMD APM 3, appendix E. */
uint64_t arch_cpu_features(uint32_t *processor)
{
	struct cpuid leaf_1 = cpuid(1), leaf_7 = cpuid(7), extended = cpuid(LEAF_EXTENDED + 1);
	struct cpuid power = {0};
	if (cpuid(LEAF_EXTENDED).eax >= LEAF_EXTENDED + 7)
		power = cpuid(LEAF_EXTENDED + 7);
	*processor = leaf_1.eax;
	return REGISTER_BIT(extended.edx, 20, FEATURE_NO_EXECUTE) | REGISTER_BIT(leaf_7.ebx, 7, FEATURE_SMEP) |
	       REGISTER_BIT(leaf_7.ebx, 20, FEATURE_SMAP) | REGISTER_BIT(leaf_7.ecx, 2, FEATURE_UMIP) |
	       REGISTER_BIT(leaf_7.ebx, 0, FEATURE_FSGSBASE) | REGISTER_BIT(leaf_7.ecx, 16, FEATURE_LA57) |
	       REGISTER_BIT(extended.edx, 26, FEATURE_GIB_PAGES) | REGISTER_BIT(extended.ecx, 2, FEATURE_SVM) |
	       REGISTER_BIT(leaf_1.ecx, 21, FEATURE_X2APIC) | REGISTER_BIT(leaf_1.ecx, 24, FEATURE_TSC_DEADLINE) |
	       REGISTER_BIT(power.edx, 8, FEATURE_INVARIANT_TSC);
}

void cpu_load_tables(struct cpu *cpu)
{
	struct cpu_tables *own = &tables[cpu->index];
	if (cpu->index == 0)
		idt_fill();
	gdt_fill(own);
	for (unsigned i = 0; i < LAST_STACKS; i++)
		own->tss.ist[i] = (uint64_t)(uintptr_t)(own->last_stack[i] + LAST_STACK_BYTES);
	own->tss.io_map = sizeof(own->tss);
	cpu->scratch[SCRATCH_TSS] = (uint64_t)(uintptr_t)&own->tss;
	tables_load(own);
	msr_write(MSR_GS_BASE, (uint64_t)(uintptr_t)cpu);
	msr_write(MSR_KERNEL_GS_BASE, 0);
	/* UMIP, where there is one, keeps users from reading where GDT and IDT lie. */
	uint64_t umip = cpuid(7).ecx & CPUID_7_ECX_UMIP ? CR4_UMIP : 0;
	cr4_write(cr4_read() | CR4_SMEP | CR4_SMAP | umip);
	/* From here on this CPU is off the tables that map the image at its physical address. */
	mmu->activate(NULL, MMU_NO_HINT);
}

void arch_cpu_init(struct cpu *cpu)
{
	msr_write(MSR_STAR, (uint64_t)(SELECTOR_SYSRET_BASE | 3) << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
	msr_write(MSR_LSTAR, (uint64_t)(uintptr_t)syscall_entry);
	msr_write(MSR_SFMASK, SYSCALL_CLEARS);
	apic_init();
	if (cpu->index == 0) {
		io_apic_init();
		time_calibrate();
	}
}

/*
 * STI takes effect after the instruction behind it, so an interrupt that is pending already ends the HLT (Intel SDM 2B, STI).
 */
void arch_cpu_idle(void)
{
	__asm__ volatile("sti; hlt; cli" ::: "memory");
}

void arch_cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}
