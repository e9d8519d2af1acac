-- title: Seven CPUs are at the barrier within 200 microseconds
-- points: 0
-- level: challenge
-- run: eight
-- least: 8
-- hint: Who spins with arch_cpu_relax() lets the others go on; who sleeps for 10 ms is late.

-- From the moment that boot_lock is free.
SELECT b.id, b.ts - u.ts <= 200000 AS ok, printf('CPU %d comes to the barrier %d microseconds after boot_lock was free', b.cpu, (b.ts - u.ts) / 1000) AS what
FROM boot_phase b, boot_phase u WHERE b.phase = 'at the barrier' AND u.phase = 'boot_lock released' AND u.cpu = 0 ORDER BY b.id
