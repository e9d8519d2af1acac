-- ask: How many slices ended in the run `slices` on x86-64, that is, how often does a thread_switch give the end of the slice as its reason?
-- points: 1
-- run: slices
-- machine: x86_64
-- hint: SELECT reason, count(*) FROM thread_switch GROUP BY reason
SELECT count(*) FROM thread_switch WHERE reason = 'timeslice over'
