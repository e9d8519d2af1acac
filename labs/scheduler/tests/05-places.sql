-- title: A thread is where it may be
-- points: 4
-- level: core
-- run: places
-- least: 40
-- hint: Who may not run here must neither be taken here nor be left here.

SELECT m.id, m.value / 16 = m.value % 16 AS ok, printf('%s wants CPU %d and is on CPU %d', t.name, m.value / 16, m.value % 16) AS what
FROM mark_instant m JOIN thread t USING (thread) WHERE m.name IN ('stays', 'travels')
UNION ALL
SELECT s.id, c.affinity >> s.cpu & 1, printf('%s may run on CPUs 0x%x and runs on CPU %d', t.name, c.affinity, s.cpu)
FROM thread_switch s JOIN thread t ON t.thread = s.next JOIN thread_create c USING (thread) WHERE t.process_name = 'load' AND t.name != 'traveller' ORDER BY 1
