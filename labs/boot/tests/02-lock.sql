-- title: A CPU gets ready while it has boot_lock, and gives it back
-- points: 2
-- level: warm-up
-- run: start
-- hint: Whoever has boot_lock makes itself ready with it, and nobody else comes until it is given back.

-- `ago` is how long a phase was over when the CPU could first say so. All of these are said by files that the lab leaves alone: when the lock was
-- taken by the machine's, the rest by boot_lock.c and starting.c.
WITH had AS (SELECT l.id, l.cpu, l.ts - l.ago_ns AS took, (SELECT min(u.ts) FROM boot_phase u WHERE u.cpu = l.cpu AND u.phase = 'boot_lock released') AS gave
	FROM boot_phase l WHERE l.phase = 'boot_lock taken'),
	step(phase) AS (VALUES ('per-CPU data there'), ('CPU ready for traps, says what it has'))
SELECT id, gave IS NOT NULL AS ok, printf('CPU %d takes boot_lock and never gives it back', cpu) AS what FROM had
UNION ALL SELECT ifnull((SELECT min(p.id) FROM boot_phase p WHERE p.cpu = h.cpu AND p.phase = s.phase), h.id),
	(SELECT count(*) FROM boot_phase p WHERE p.cpu = h.cpu AND p.phase = s.phase AND p.ts BETWEEN h.took AND h.gave) = 1,
	printf('CPU %d: "%s" does not come once while it has boot_lock', h.cpu, s.phase) FROM had h, step s
UNION ALL SELECT max(id), count(DISTINCT cpu) = (SELECT cpus FROM run), printf('of %d CPUs, %d took boot_lock', (SELECT cpus FROM run), count(DISTINCT cpu))
	FROM boot_phase WHERE phase = 'boot_lock taken' ORDER BY 1
