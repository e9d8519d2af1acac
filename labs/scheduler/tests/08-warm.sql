-- title: stress: who wakes goes back to the CPU it ran on, if that has nothing to do
-- points: 3
-- level: stress
-- run: naps
-- least: 6
-- hint: Among CPUs that have equally little to do, thread->cpu comes first.

-- CPU 0 would be right by chance too often.
WITH home AS (SELECT w.id, w.ts, w.thread, w.field_cpu AS chosen, (SELECT s.cpu FROM thread_switch s WHERE s.previous = w.thread AND s.id < w.id ORDER BY s.id DESC LIMIT 1) AS cpu
	FROM thread_wake w JOIN thread t USING (thread) WHERE t.process_name = 'load')
SELECT h.id, h.chosen = h.cpu AS ok, printf('thread %d ran on CPU %d, which is idle, and is put into the queue of CPU %d', h.thread, h.cpu, h.chosen) AS what
FROM home h JOIN idle i ON i.cpu = h.cpu AND i.ts < h.ts AND i.ts + i.dur > h.ts WHERE h.cpu != 0 ORDER BY h.id
