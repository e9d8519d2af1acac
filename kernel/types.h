/*
 * The few types everything else is written in.
 *
 * A virtual and a physical address are one-member structs, so the compiler refuses to mix them up.
 * Nothing here belongs to a machine: this header compiles for x86-64, POWER and the host's unit tests.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef static_assert
#define static_assert _Static_assert
#endif

struct vaddr {
	uint64_t v;
};

struct paddr {
	uint64_t p;
};

#define PAGE_SHIFT 12
#define PAGE_BYTES (UINT64_C(1) << PAGE_SHIFT)
#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

/* The most CPUs one kernel image can hold; how many there are is known at boot. */
#define MAX_CPUS 16

static inline struct vaddr vaddr(uint64_t v)
{
	return (struct vaddr){v};
}

static inline struct paddr paddr(uint64_t p)
{
	return (struct paddr){p};
}

/* Rounds to a multiple of `unit`, a power of two. */
static inline uint64_t round_down(uint64_t value, uint64_t unit)
{
	return value & ~(unit - 1);
}

static inline uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) & ~(unit - 1);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
