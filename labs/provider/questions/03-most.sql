-- ask: How many threads waited for one and the same page at most, in the run `shelf` on POWER (its first seed)?
-- points: 1
-- run: shelf
-- machine: ppc64
-- hint: An event says so.
SELECT max(waiters) FROM fault_wait
