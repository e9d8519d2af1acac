-- title: Nobody passes the barrier before all are there and CPU 0 opens it
-- points: 3
-- level: core
-- run: rollcall
-- least: 4
-- hint: Between "at the barrier" and "first schedule" a CPU sleeps and wakes as often as it is interrupted; only is_open lets it go on.

WITH there AS (SELECT max(id) AS id FROM boot_phase WHERE phase IN ('at the barrier', 'clock compared with CPU 0''s', 'information page finished')),
	cpu AS (SELECT DISTINCT cpu FROM cpu_online),
	went AS (SELECT c.cpu, (SELECT min(p.id) FROM boot_phase p WHERE p.cpu = c.cpu AND p.phase = 'first schedule') AS id FROM cpu c)
SELECT w.id, ifnull(w.id > t.id, 0) AND (SELECT count(*) FROM clock_check) = (SELECT count(*) - 1 FROM cpu) AS ok,
	CASE WHEN w.id IS NULL THEN printf('CPU %d never passes the barrier', w.cpu)
	ELSE printf('CPU %d passes the barrier, and event %d, which has to come first, comes later or a clock was not compared', w.cpu, t.id) END AS what
FROM went w, there t ORDER BY 1
