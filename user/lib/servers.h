/*
 * What the servers are asked, and what they answer: the protocols.
 *
 * A name travels in two words, as everywhere (abi/syscall.h). Answers have a status code as their type.
 */
#pragma once

#include "vitrine.h"

/* Every process but init finds the name service, which is init's endpoint, here. */
#define HANDLE_NAMES 1

/* A server tells init where it answers. DENIED: it is not the server of that name. */
struct result service_register(const char *name, uint64_t endpoint);

enum names_request {
	NAMES_FIND = 1,     /* (name) -> handle of a server's endpoint; NOT_FOUND */
	NAMES_REGISTER = 2, /* (name, key), and the endpoint as the handle: a server says that it is ready; DENIED, NOT_FOUND */
	NAMES_OPTION = 3,   /* (name) -> the number after `program.name=` on the command line of the run; NOT_FOUND */
};

#define NAMES_REGISTER_KEY 2 /* the word with the server's argument, which init chose and nobody else knows */

/*
 * Whatever handle comes with a request is the server's from then on. Closes it, once nothing is wanted of it: a client that attaches one to
 * anything must not fill the server's table.
 */
static inline void request_close_handle(struct message *request)
{
	if (request->handle && !(request->handle & MESSAGE_HANDLE_LOST))
		DISCARD(sys_handle_close(request->handle).status, "whoever sent it may have taken it back");
	request->handle = 0;
}

/*
 * What a server ends a request with: answers it and waits for the next. If there is no memory for the handle that goes with the answer, the
 * answer is NO_MEMORY without one; the server itself goes on.
 */
struct result service_answer(uint64_t endpoint, struct message *message);

/* The status of an answer, and as the value the handle that comes with it: LIMIT if that found no room in this process's table. */
static inline struct result answer_handle(const struct message *answer)
{
	if (answer->type == STATUS_OK && (answer->handle & MESSAGE_HANDLE_LOST))
		return (struct result){answer->handle & ~(uint64_t)MESSAGE_HANDLE_LOST, 0};
	return (struct result){answer->type, answer->handle};
}

/* What init gives a server: after the name service, the right to the machine's devices, and what the kernel knows of it. */
enum { HANDLE_DEVICES = 2, HANDLE_INFORMATION = 3 };

enum intr_request {
	INTR_REGISTER = 1, /* (name of the device), and an endpoint of the driver's as the handle; NOT_FOUND, EXISTS */
};

enum serial_request {
	SERIAL_READ = 1, /* () -> how many bytes, and the bytes, once there are any; EXISTS: another waits, and gets 0 bytes */
	SERIAL_STATISTICS =
		2,        /* () -> interrupts since the driver was started; how often a reader had ended when its bytes came */
	SERIAL_CRASH = 3, /* (): the driver does something illegal, so that one can see what becomes of it */
};
#define SERIAL_BYTES 24 /* in words 1 to 3, the first in the lowest byte */

enum pnor_request {
	PNOR_OPEN = 1,       /* (name) -> handle of the partition's object, and the words below */
	PNOR_STATISTICS = 2, /* () -> pages read, pages written, bits corrected, pages that could not be */
	PNOR_NAME = 3,       /* (number of a partition) -> its name, and how many bytes it holds; NOT_FOUND */
};
enum pnor_open_word { PNOR_OPEN_BYTES, PNOR_OPEN_ROOM, PNOR_OPEN_READ_ONLY };

enum modules_request {
	MODULES_OPEN = 1, /* (name) -> handle of the module's object, readable and executable; NOT_FOUND */
	MODULES_NAME =
		2, /* (number of a module) -> its name, how many bytes its pages have, how often it was opened; NOT_FOUND */
};

enum attr_request {
	ATTR_OPEN = 1, /* () -> handle of the object in which the attributes lie, a page a kind */
};
