/*
 * Poison: see poison.h.
 */
#include "core/poison.h"

#include "core/cpu.h"

#ifdef VITRINE_CHECKS
void poison_fill(void *memory, size_t bytes)
{
	uint64_t *words = memory;
	uint64_t poison = POISON_MARK << 32 | (uint32_t)(arch_cpu()->rcu.freeing << 1);
	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		words[i] = poison;
}

void poison_check(const void *memory, size_t bytes)
{
	const uint64_t *words = memory;
	for (size_t i = 1; i < bytes / sizeof(*words); i++)
		if (words[i] != words[1] || !poison_is(words[i]))
			panic("memory at 0x%lx was written after it was freed: word %lu is 0x%lx, grace period %lu",
			      (unsigned long)(uintptr_t)memory, (unsigned long)i, (unsigned long)words[i],
			      (unsigned long)((uint32_t)words[1] >> 1));
}
#else
void poison_fill(void *memory, size_t bytes)
{
	(void)memory, (void)bytes;
}

void poison_check(const void *memory, size_t bytes)
{
	(void)memory, (void)bytes;
}
#endif

void poison_report(const void *place)
{
	uint64_t word = *(const uint64_t *)place;
	unsigned long period = (uint32_t)word >> 1;
	if (!poison_is(word))
		return;
	if (period)
		panic("use after free: 0x%lx was freed after grace period %lu, which should have waited for this CPU",
		      (unsigned long)(uintptr_t)place, period);
	panic("use after free: 0x%lx was freed at once, without a grace period", (unsigned long)(uintptr_t)place);
}
