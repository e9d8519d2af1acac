/*
 * Interrupts of devices, as messages to their drivers.
 *
 * Teaches: a kernel need not know a device to let it interrupt. It takes the interrupt from the controller, holds the line back, and tells
 * the driver, an ordinary thread that receives messages. When the driver has answered, the line is let through again. So a driver
 * that is slow, or ends, costs nobody but the users of its device.
 * Who calls: the trap path, the answers of drivers (message.c), system calls. Locks: one for the table of lines.
 */
#pragma once

#include "abi/status.h"
#include "arch.h"

struct endpoint;
struct ipc_message;

/* Once, before the first thread. */
void interrupt_prepare(void);

/*
 * Lets interrupts of a device line come to the endpoint, each as the message INTERRUPT with `key`, and lets the line through. EXISTS
 * if it has a driver that serves; INVALID for a line the machine does not have; NO_MEMORY.
 */
enum status interrupt_register(uint64_t line, struct endpoint *endpoint, uint64_t key);

/* An interrupt of a device was claimed, or one that came while its message was on its way is to be told now. No lock held. */
void interrupt_raise(enum irq irq);

/* The driver has answered. The line is let through again. */
void interrupt_answered(struct ipc_message *message);

/* Nobody will answer: the line stays held back until somebody registers for it. Frees the message. */
void interrupt_lost(struct ipc_message *message);

/* Nobody can receive at the endpoint any more: no line is registered for it from now on. No lock held. */
void interrupt_forget(const struct endpoint *endpoint);

/* Whether any line may interrupt: then a machine in which everything waits may still go on. */
bool interrupt_expected(void);
