/*
 * The tests of the test image that have a file of their own.
 */
#pragma once

/* What kernel/boot/main.c calls, on every CPU, if the command line says selftest=NAME. Returns the failures on CPU 0. */
int kernel_selftest(const char *name);

/* Emission of events: sequence, wrap, and interrupts in the middle. Returns the failures. */
int selftest_trace(void);

/*
 * Prints what `walk` says about 1,000 random addresses of the space that is active, and waits for a tool that stops the
 * machine and compares with what the machine's monitor says (tests/e2e/selftest.sh). Returns the failures it found by itself:
 * none, or it waits.
 */
int selftest_walk(void);

/*
 * The information page: damage in every byte, before and after each stage; a store to the kernel's own, finished one; and whether that
 * one lists the CPUs that run, which is all there is to a quick test of the boot. Each returns the failures.
 */
int selftest_information(void);
int selftest_seal(void);
int selftest_boot(void);
