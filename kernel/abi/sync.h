/*
 * Synchronisation words: what a program says to the kernel about a word it waits on.
 */
#pragma once

#include <stdint.h>

/* The most words one call can wait on. */
#define SYNC_WORDS_MAX 64

/* A word and the value it has as far as the caller knows: a wait is over at once if it has another. */
struct sync_word {
	uint64_t address; /* a multiple of `bytes` */
	uint64_t value;
	uint64_t bytes; /* 4 or 8 */
};
