/*
 * Ticks and nanoseconds.
 */
#pragma once

#include "arch.h"
#include "core/end.h"

#define NS_PER_SECOND UINT64_C(1000000000)

/* Exact for any clock below 18 GHz: whole seconds and the rest are converted apart, so nothing overflows. */
static inline uint64_t ticks_to_ns(uint64_t ticks)
{
	uint64_t hz = arch_time_hz();
	return ticks / hz * NS_PER_SECOND + ticks % hz * NS_PER_SECOND / hz;
}

/* Rounds up, so that nobody is woken early. Saturates: a time that no clock reaches is for ever. */
static inline uint64_t ns_to_ticks(uint64_t ns)
{
	uint64_t hz = arch_time_hz();
	uint64_t seconds = ns / NS_PER_SECOND;
	if (seconds > UINT64_MAX / 4 / hz)
		return UINT64_MAX / 4;
	return seconds * hz + (ns % NS_PER_SECOND * hz + NS_PER_SECOND - 1) / NS_PER_SECOND;
}

/* A deadline as programs say it, in ns since boot, in ticks of the clock; UINT64_MAX is for ever. */
static inline uint64_t deadline_ticks(uint64_t ns)
{
	return ns == UINT64_MAX ? UINT64_MAX : descriptor.boot_ticks + ns_to_ticks(ns);
}
