-- title: The other CPU is told to start, and enters the kernel
-- points: 2
-- level: warm-up
-- run: start
-- hint: cpus_start() in kernel/boot/cpus.c tells CPUs; where a CPU goes from there depends on cpu_prepare() in kernel/core/cpu.c.

WITH RECURSIVE other(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM other, run WHERE n + 1 < run.cpus),
	entered AS (SELECT o.n, (SELECT count(*) FROM boot_phase p WHERE p.cpu = o.n AND p.phase = 'kernel entered') AS times FROM other o)
SELECT (SELECT min(id) FROM boot_phase WHERE phase = 'all other CPUs told to start') AS id, times = 1 AS ok,
	printf('CPU %d enters the kernel %d times', n, times) AS what FROM entered ORDER BY n
