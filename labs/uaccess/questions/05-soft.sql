-- ask: How many faults did the kernel take in copies of the run forgotten (its first seed), on x86-64?
-- points: 1
-- run: forgotten
-- machine: x86_64
-- hint: every copy needs its pages translated; another CPU takes translations away.
SELECT count(*) FROM uaccess_fault
