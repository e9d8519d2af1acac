-- ask: The first coin that was lost on POWER: which event is the read whose value was already old when the cashier wrote? As CPU:NUMBER, such as 1:755.
-- points: 4
-- run: till
-- machine: ppc64
-- hint: Between this read and the write that follows it, the other cashier wrote.
WITH step AS (SELECT m.id, m.cpu, m.seq, m.thread, m.name, m.value, (SELECT min(w.id) FROM mark_instant w WHERE w.name = 'wrote' AND w.thread = m.thread AND w.id > m.id) AS writes
	FROM mark_instant m WHERE m.name = 'read')
SELECT s.cpu || ':' || s.seq FROM step s WHERE EXISTS (SELECT 1 FROM mark_instant w WHERE w.name = 'wrote' AND w.thread != s.thread AND w.id BETWEEN s.id AND s.writes)
ORDER BY s.writes LIMIT 1
