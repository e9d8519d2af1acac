-- title: A CPU gives boot_lock back, and no two have it at once
-- points: 2
-- level: warm-up
-- run: start
-- hint: Whoever has boot_lock makes itself ready with it, and nobody else comes until it is given back and UNLOCK is said.

-- `ago` is how long a phase was over when the CPU could first say so.
WITH had AS (SELECT l.id, l.cpu, l.ts - l.ago_ns AS took, (SELECT min(u.ts) FROM boot_phase u WHERE u.cpu = l.cpu AND u.phase = 'boot_lock released') AS gave
	FROM boot_phase l WHERE l.phase = 'boot_lock taken'),
	other AS (SELECT h.*, (SELECT max(b.cpu) FROM had b WHERE b.cpu <> h.cpu AND b.took < h.gave AND ifnull(b.gave, 1 << 60) > h.took) AS second
	FROM had h)
SELECT id, gave IS NOT NULL AND second IS NULL AS ok, CASE WHEN gave IS NULL THEN printf('CPU %d takes boot_lock and never gives it back', cpu)
	ELSE printf('CPU %d has boot_lock while CPU %d has it', cpu, second) END AS what FROM other
UNION ALL SELECT max(id), count(DISTINCT cpu) = (SELECT cpus FROM run), printf('of %d CPUs, %d took boot_lock', (SELECT cpus FROM run), count(DISTINCT cpu))
	FROM boot_phase WHERE phase = 'boot_lock taken' ORDER BY 1
