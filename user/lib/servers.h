/*
 * What the servers are asked, and what they answer: the protocols of init, pnor and attr.
 *
 * A name travels in two words, as everywhere (abi/syscall.h). Answers have a status code as their type.
 */
#pragma once

#include "vitrine.h"

/* Every process but init finds the name service, which is init's endpoint, here. */
#define HANDLE_NAMES 1

/* A server tells init where it answers. */
struct result service_register(const char *name, uint64_t endpoint);

enum names_request {
	NAMES_FIND = 1,     /* (name) -> handle of a server's endpoint; NOT_FOUND */
	NAMES_REGISTER = 2, /* (name), and the endpoint as the handle: a server says that it is ready */
	NAMES_OPTION = 3,   /* (name) -> the number after `program.name=` on the command line of the run; NOT_FOUND */
};

enum pnor_request {
	PNOR_OPEN = 1,       /* (name) -> handle of the partition's object, and the words below */
	PNOR_STATISTICS = 2, /* () -> pages read, pages written, bits corrected, pages that could not be */
};
enum pnor_open_word { PNOR_OPEN_BYTES, PNOR_OPEN_ROOM, PNOR_OPEN_READ_ONLY };

enum attr_request {
	ATTR_OPEN = 1, /* () -> handle of the object in which the attributes lie, a page a kind */
};
