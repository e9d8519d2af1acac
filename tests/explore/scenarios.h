/*
 * What the scenarios' files give to the list in scenarios.c.
 */
#pragma once

#include "explore.h"

void rcu_moved(unsigned cpu);
void rcu_ended(void);
user_code rcu_pair_code, rcu_twice_code, rcu_sleeper_code, rcu_readers_code, rcu_writers_code;

void sync_ended(void);
user_code sync_pair_code, sync_crowd_code, sync_move_code;

void ipc_ended(void);
void ipc_twice_ended(void);
void ipc_closed_ended(void);
user_code ipc_pair_code, ipc_anywhere_code, ipc_two_code, ipc_twice_code, ipc_closed_code;

void handle_ended(void);
void handle_last_ended(void);
user_code handle_given_code, handle_revoke_code, handle_last_code;

void request_ended(void);
void request_join_ended(void);
user_code request_one_code, request_join_code, request_two_code;
