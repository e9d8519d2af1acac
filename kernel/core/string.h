/*
 * The four memory functions a C compiler may call, and the string functions the kernel uses. The host's unit tests take them
 * from the C library; the kernel image from string.c.
 */
#pragma once

#include "types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t chars);
