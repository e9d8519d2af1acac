-- ask: How many nanoseconds did the longest fault that the kernel took in a copy last, in the run absent on x86-64?
-- points: 1
-- run: absent
-- machine: x86_64
-- hint: the view fault has durations.
SELECT max(f.dur) FROM uaccess_fault u JOIN fault f ON f.id = (SELECT min(b.id) FROM fault_begin b WHERE b.id > u.id AND b.thread = u.thread)
