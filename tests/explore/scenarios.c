/*
 * The scenarios: small programs for two or three CPUs, each about one promise of the kernel.
 */
#include "scenarios.h"

/* clang-format off */
const struct scenario scenarios[] = {
	{"rcu-pair", "one CPU gives something up, one looks at it", 2, 2, BOUND_NONE, 0, rcu_pair_code, rcu_moved, rcu_ended},
	{"rcu-twice", "one CPU gives up one thing after the other, one looks at the first", 2, 2, BOUND_NONE, 0, rcu_twice_code, rcu_moved, rcu_ended},
	{"rcu-sleeper", "one CPU wakes another and gives up what that one looks at", 2, 2, BOUND_NONE, 0, rcu_sleeper_code, rcu_moved, rcu_ended},
	{"rcu-readers", "one CPU gives something up, one looks at it, one looks and sleeps", 3, 3, BOUND_NONE, 0, rcu_readers_code, rcu_moved, rcu_ended},
	{"rcu-writers", "two CPUs give something up, one looks and sleeps", 3, 3, 2, 100, rcu_writers_code, rcu_moved, rcu_ended},
	{"sync-pair", "one thread waits for a word, one changes it", 2, 2, BOUND_NONE, 0, sync_pair_code, NULL, sync_ended},
	{"sync-crowd", "two threads wait for a word, one changes it", 3, 3, 2, 100, sync_crowd_code, NULL, sync_ended},
	{"sync-move", "who waits for a word is moved to another while it changes", 2, 2, 3, 100, sync_move_code, NULL, sync_ended},
	{"ipc-pair", "a call and its answer", 2, 2, 3, 100, ipc_pair_code, NULL, ipc_ended},
	{"ipc-anywhere", "the same, with threads that may be anywhere", 2, 2, 3, 100, ipc_anywhere_code, NULL, ipc_ended},
	{"ipc-two", "two call at once", 3, 3, 1, 100, ipc_two_code, NULL, ipc_ended},
	{"ipc-twice", "two threads answer one call", 3, 3, 2, 100, ipc_twice_code, NULL, ipc_twice_ended},
	{"ipc-closed", "the endpoint's handle is closed while a call is on its way", 3, 3, 1, 100, ipc_closed_code, NULL, ipc_closed_ended},
	{"handle-given", "a handle is closed while it is sent", 2, 2, 2, 0, handle_given_code, NULL, handle_ended},
	{"handle-last", "the last handle to receive by is closed while another arrives", 2, 2, 3, 0, handle_last_code, NULL, handle_last_ended},
	{"handle-revoke", "a handle is revoked while one sends it and one copies it", 3, 3, 2, 0, handle_revoke_code, NULL, handle_ended},
	{"request-one", "a thread touches a page that its provider has to bring", 2, 2, 2, 100, request_one_code, NULL, request_ended},
	{"request-join", "a thread touches a page while its provider answers who asked first", 2, 2, 3, 100, request_join_code, NULL, request_join_ended},
	{"request-two", "two threads touch the same page", 3, 3, 1, 100, request_two_code, NULL, request_ended},
};
/* clang-format on */
const unsigned scenarios_count = sizeof(scenarios) / sizeof(scenarios[0]);
