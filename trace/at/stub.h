/*
 * The few words of gdb's remote protocol that it takes to let a stopped QEMU run until a word of the guest's memory is written.
 *
 * All return false after QEMU has gone or has refused; who calls says what that means.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "run/run.h"

/* Connects to QEMU's gdb stub at the socket `path`; -1 after having said that nobody is there. The machine stops, and stays so when it is closed. */
int stub_connect(struct run_qemu *qemu, const char *path);

/* Sets, or takes away, a watchpoint on the eight bytes at an address of the kernel's: the machine stops after the instruction that wrote there. */
bool stub_watch(struct run_qemu *qemu, int connection, uint64_t address, bool on);

/* Lets the machine run. It can then only be waited for, or interrupted. */
bool stub_continue(int connection);

/* Whether it still runs when so much time is over. */
bool stub_is_running(struct run_qemu *qemu, int connection, unsigned microseconds);

/* Waits until it has stopped. */
bool stub_wait(struct run_qemu *qemu, int connection);

/* Stops it now. */
bool stub_interrupt(struct run_qemu *qemu, int connection);
