-- ask: The program `alone` closes {made} endpoints, one after the other, on one CPU of x86-64. How many grace periods will begin meanwhile?
-- kind: prediction
-- points: 1
-- run: alone
-- machine: x86_64
-- hint: What does a CPU do on its way out of each system call, and how many CPUs does it wait for?
SELECT count(*) FROM rcu_period_begin p JOIN mark b ON b.name = 'close' WHERE p.ts BETWEEN b.ts AND b.ts + b.dur
