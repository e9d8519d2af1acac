-- ask: How many threads were moved from one CPU to another in the run `uneven` on POWER (moves, not threads)?
-- points: 1
-- run: uneven
-- machine: ppc64
-- hint: There is an event for it.
SELECT count(*) FROM thread_move
