/*
 * QEMU's two doors, for tests that look into a machine: its monitor (QMP) and its debugger's stub (gdb's remote protocol).
 *
 * Teaches: a test needs a witness that shares no code with what it tests. Both speak over a socket; QEMU opens them with
 *     -qmp unix:PATH,server=on,wait=off
 *     -S -chardev socket,path=PATH,server=on,wait=off,id=gdb -gdb chardev:gdb
 * Who calls: gva2gpa.c, boot_phases.c. What goes wrong ends the tool with a failed test, named by monitor_test.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PATIENCE_MS 60000
#define LOOK_EVERY_MS 20

/* What a failure of the tool itself is called. */
extern const char *monitor_test;

void pause_ms(unsigned ms);
_Noreturn void give_up(const char *why);

/* Waits for the monitor's socket. */
void monitor_open(const char *path);

/* Sends one command in JSON and returns the answer: the line with "return", which is good until the next call. */
const char *monitor_ask(const char *command);

/* What the monitor's own command line says to people, on one CPU; lines end with '\n'. Good until the next call. */
char *monitor_say(const char *command, unsigned cpu);

/* Waits for the stub's socket; the machine has been started with -S. */
void stub_open(const char *path);

/* Sends one packet and returns the answer's text. "c" comes back when the machine stops: "T05...", or "W" when it is gone. */
const char *stub_ask(const char *packet);

/* Lets the machine run until a CPU is about to execute at this address; false if it ended before. */
bool stub_run_to(uint64_t address);

/* A 64-bit register of the CPU that stopped, by its number in gdb's list. */
#define STUB_RAX 0
#define STUB_RSP 7
#define STUB_RIP 16
uint64_t stub_register(unsigned number);
void stub_set_register(unsigned number, uint64_t value);

/* The word at a virtual address. */
uint64_t stub_word(uint64_t address);
