-- ask: How many nanoseconds did the longest-waiting message of the run pairs lie in its queue, on x86-64, from sent to received?
-- points: 1
-- run: pairs
-- machine: x86_64
-- hint: flow is a view of what follows what; docs/sql.md.
SELECT max(dur) FROM flow WHERE from_name = 'ipc_send' AND to_name = 'ipc_receive'
